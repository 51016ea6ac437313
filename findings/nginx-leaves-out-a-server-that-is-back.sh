#!/usr/bin/env bash
# nginx 1.22.1 (Debian 12). Needs nginx, python3, curl.
#
# A good guess: of two servers, the second a backup, one is there at any time of a rolling restart, so each request finds one: where the second
# refuses, nginx asks the first, which is back.
# What happens: for the 10 seconds after a failure (max_fails=1, fail_timeout=10s), the first is left out although nobody else is left, and the
# request gets a 502 ("no live upstreams") without a connection to it. With max_fails=0 it is asked. A server that stands alone is always asked,
# so two that fail one after the other are worse than one.
#
# Seen:
#   as before: the first away, then back and the second away: 200 502
#   as before: the same with max_fails=0: 200 200
#   as before: why: no live upstreams while connecting to upstream
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
nginx -v
serve() {
    python3 -u - "$1" <<'END' &
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Ok(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1])), Ok).serve_forever()
END
    server=$!
    disown "$server" # its end is no news
    pids+=("$server")
    for _ in {1..100}; do curl -s -o /dev/null "127.0.0.1:$1" && return; sleep 0.05; done
    exit 2
}
gone() {
    kill -KILL "$1"
    while kill -0 "$1" 2>/dev/null; do sleep 0.05; done
}
# asked PARAMETER: what two requests get, the first while the first server is away, the other while the second is.
asked() {
    local first second port
    first=$(free_port) second=$(free_port) port=$(free_port)
    mkdir -p temp
    cat >nginx.conf <<END
daemon off;
master_process off;
pid $work/pid;
error_log $work/log;
events {}
http {
    access_log off;
    client_body_temp_path temp/1; proxy_temp_path temp/2; fastcgi_temp_path temp/3; uwsgi_temp_path temp/4; scgi_temp_path temp/5;
    upstream pair {
        server 127.0.0.1:$first $1;
        server 127.0.0.1:$second $1 backup;
    }
    server {
        listen 127.0.0.1:$port;
        location / { proxy_pass http://pair; }
    }
}
END
    serve "$second"
    local of_second=$server
    nginx -p "$work" -c "$work/nginx.conf" 2>/dev/null &
    pids+=("$!")
    disown "$!"
    seen=$(curl -s -o /dev/null -w '%{http_code}' --retry-connrefused --retry 20 "127.0.0.1:$port")
    serve "$first"
    gone "$of_second"
    seen+=" $(curl -s -o /dev/null -w '%{http_code}' "127.0.0.1:$port")"
}
asked ""
expect "the first away, then back and the second away" "$seen" "200 502"
why=$(grep -o 'no live upstreams while connecting to upstream' log)
asked "max_fails=0"
expect "the same with max_fails=0" "$seen" "200 200"
expect "why" "$why" "no live upstreams while connecting to upstream"
