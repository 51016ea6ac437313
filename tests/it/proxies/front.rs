//! A proxy as a process, with its file of `config/proxies`.
//!
//! What the test puts in the place of the file's ports, paths and names must be in the file.

use crate::support::rig::SOON;
use rustix::process::Signal;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::deadline::{eventually, let_pass};
use testkit::http::request;
use testkit::jars::is_on_path;
use testkit::leash::Leash;
use testkit::tls::{Client, Identity};

/// One of the proxies.
pub(super) struct Front {
    pub(super) program: &'static str,
    /// In `config/proxies`.
    file: &'static str,
    pub(super) bridges: Bridges,
    /// Of Debian: it is there where nothing may be skipped.
    pub(super) package: Option<&'static str>,
    /// What the program calls versions that do not know all that is in the file.
    too_old: &'static [&'static str],
    /// What is replaced, beside the bridges' ports and the certificate. `@port` is where it
    /// listens, `@name` the host that the test posts to, `@dir` a folder.
    replaced: &'static [(&'static str, &'static str)],
    /// What the system's own configuration has around the file, which stands at `@site`.
    around: &'static str,
    /// Behind the program; `@file` is the whole.
    args: &'static [&'static str],
}

/// What stands behind the proxy.
#[derive(Clone, Copy)]
pub(super) enum Bridges {
    /// As the file names two, the second for when the first is away.
    Pair,
    /// As the file names one.
    One,
    /// One that the file names twice, behind a socket that outlives it.
    OneBehindSocket,
}

pub(super) const NGINX: Front = Front {
    program: "nginx",
    file: "nginx.conf",
    package: Some("nginx-light"),
    too_old: &[],
    bridges: Bridges::Pair,
    replaced: &[("listen 443 ", "listen 127.0.0.1:@port ")],
    around: "daemon off; master_process off; pid @dir/pid; error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path @dir/1; proxy_temp_path @dir/2; fastcgi_temp_path @dir/3;
    uwsgi_temp_path @dir/4; scgi_temp_path @dir/5;
    @site
}
",
    args: &["-c", "@file"],
};

/// Without kept connections: of those several may have ended with the bridge, and nginx tries each
/// server once.
pub(super) const NGINX_TWICE: Front = Front {
    bridges: Bridges::OneBehindSocket,
    replaced: &[("listen 443 ", "listen 127.0.0.1:@port "), ("    keepalive", "    # keepalive")],
    ..NGINX
};

pub(super) const HAPROXY: Front = Front {
    program: "haproxy",
    file: "haproxy.cfg",
    package: Some("haproxy"),
    too_old: &[],
    bridges: Bridges::Pair,
    replaced: &[("bind :443 ", "bind 127.0.0.1:@port ")],
    around: "@site",
    args: &["-db", "-f", "@file"],
};

pub(super) const CADDY: Front = Front {
    program: "caddy",
    file: "Caddyfile",
    package: None,
    too_old: &["2.6.", "v2.6."], // Debian 12 and 13
    bridges: Bridges::One,
    replaced: &[
        ("\n{\n", "\n{\n\tadmin off\n\tstorage file_system @dir\n"),
        ("hooks.example.com {", "@name:@port, hooks.example:@port {"),
        (":443 {", ":@port {"),
    ],
    around: "@site",
    args: &["run", "--adapter", "caddyfile", "--config", "@file"],
};

pub(super) const ENVOY: Front = Front {
    program: "envoy",
    file: "envoy.yaml",
    package: None,
    too_old: &[],
    bridges: Bridges::One,
    replaced: &[
        ("address: 0.0.0.0, port_value: 443 ", "address: 127.0.0.1, port_value: @port "),
        ("domains: [hooks.example.com]", "domains: [@name]"),
    ],
    around: "@site",
    args: &[
        "--disable-hot-restart",
        "--concurrency",
        "1",
        "--log-level",
        "warn",
        "--config-path",
        "@file",
    ],
};

pub(super) const APACHE: Front = Front {
    program: "apache2",
    file: "apache.conf",
    package: Some("apache2-bin"),
    too_old: &[],
    bridges: Bridges::Pair,
    replaced: &[("Listen 443", "Listen 127.0.0.1:@port"), ("*:443", "*:@port")],
    around: "ServerRoot /usr/lib/apache2
DefaultRuntimeDir @dir
PidFile @dir/pid
ErrorLog /dev/stderr
User www-data
Group www-data
ServerName localhost
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule ssl_module modules/mod_ssl.so
LoadModule headers_module modules/mod_headers.so
LoadModule alias_module modules/mod_alias.so
LoadModule proxy_module modules/mod_proxy.so
LoadModule proxy_http_module modules/mod_proxy_http.so
LoadModule proxy_balancer_module modules/mod_proxy_balancer.so
LoadModule lbmethod_byrequests_module modules/mod_lbmethod_byrequests.so
LoadModule slotmem_shm_module modules/mod_slotmem_shm.so
@site",
    // One process: children would outlive it when it is killed.
    args: &["-X", "-f", "@file"],
};

/// What the senders put into `Host`.
const NAME: &str = "test";

/// Where the files have the certificate, with its key.
const CERTIFICATES: &str = "/etc/ssl/hooks.example.com";

/// A proxy that runs.
pub(super) struct Running {
    process: Leash,
    _folder: TempDir,
}

impl Front {
    /// What is missing: the program, or one that knows what is in the file.
    pub(super) fn missing(&self) -> Option<String> {
        if !is_on_path(self.program) {
            let package = self.package.map(|name| format!(", of Debian's package {name}"));
            return Some(format!("{} is needed{}", self.program, package.unwrap_or_default()));
        }
        if self.too_old.is_empty() {
            return None;
        }
        let version = Command::new(self.program).arg("version").output().unwrap().stdout;
        let version = String::from_utf8(version).unwrap();
        let is_old = self.too_old.iter().any(|old| version.starts_with(old));
        is_old.then(|| format!("{} {} is too old", self.program, version.trim()))
    }

    /// Starts it on a port of loopback, before bridges on those.
    pub(super) fn start(&self, bridges: [u16; 2], port: u16, identity: &Identity) -> Running {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().to_str().unwrap();
        let file = folder.path().join(self.file);
        fs::write(
            folder.path().join("fullchain.pem"),
            format!("{}{}", identity.cert, identity.key),
        )
        .unwrap();
        fs::write(folder.path().join("privkey.pem"), &identity.key).unwrap();

        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/proxies").join(self.file);
        let mut site = fs::read_to_string(shipped).unwrap();
        for (shown, meant) in self.replaced.iter().copied().chain([(CERTIFICATES, "@dir")]) {
            assert!(site.contains(shown), "{}: {shown} is not in\n{site}", self.file);
            site = site.replace(shown, meant);
        }
        let numbers = [("8080", bridges[0]), ("8081", bridges[1]), ("@port", port)];
        for (shown, meant) in numbers {
            site = site.replace(shown, &meant.to_string());
        }
        let whole = self.around.replace("@site", &site).replace("@dir", dir).replace("@name", NAME);
        fs::write(&file, whole).unwrap();
        let file = file.to_str().unwrap();
        let args = self.args.iter().map(|arg| if *arg == "@file" { file } else { arg });
        let process = Leash::start(folder.path(), [self.program].into_iter().chain(args));
        Running { process, _folder: folder }
    }
}

/// By the signal that lets it tidy up: killed, Apache leaves its children, and files in `/dev/shm`.
impl Drop for Running {
    fn drop(&mut self) {
        if self.process.is_running() {
            self.process.signal(Signal::TERM);
        }
        // No panic: a test that fails drops its proxy too, and then the leash kills it.
        let end = Instant::now() + SOON;
        while self.process.is_running() && Instant::now() < end {
            let_pass(Duration::from_millis(10));
        }
    }
}

impl Running {
    /// For anybody, with a 404.
    pub(super) fn wait_until_it_answers(&self, address: SocketAddr, client: &Client) {
        eventually(SOON, "the proxy answers", || {
            assert!(self.process.is_running(), "{}", self.process.log_tail());
            let Ok(mut connection) = client.connect(address) else { return false };
            connection.try_send(request("GET", "/", &[], "")).is_ok()
                && connection.try_read().is_ok_and(|answer| answer.status == 404)
        });
    }
}
