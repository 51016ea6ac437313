#!/usr/bin/env bash
# TCP_DEFER_ACCEPT of Linux 6.18. Needs python3.
#
# A good guess: a server that accepts all that is there and then closes its listener refuses nobody who was connected before, and the option only
# saves it a wait for bytes; a connection that stays silent is accepted when the seconds of the option are over.
# What happens: a client that is connected and has not sent yet is in no queue that the server can empty, and its first bytes behind the close are
# answered with a reset. The seconds are rounded up to those at which the kernel repeats its SYN-ACK: 1, 3, 7, 15.
#
# Seen:
#   as before: without the option, behind the close: read
#   as before: with the option, behind the close: ConnectionResetError
#   as before: 2 seconds are kept as: 3
#   as before: a silent connection of 2 seconds is accepted after, in whole seconds: 3
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
uname -r
timeout 60 python3 - <<'END' >seen
import socket
import time

OPTION = (socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT)


def listener(seconds):
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    if seconds:
        server.setsockopt(*OPTION, seconds)
    server.listen(16)
    server.setblocking(False)
    return server


def accepted(server):
    found = []
    while True:
        try:
            found.append(server.accept()[0])
        except BlockingIOError:
            return found


def behind_the_close(seconds):
    server = listener(seconds)
    client = socket.create_connection(server.getsockname(), timeout=10)
    time.sleep(0.2)
    found = accepted(server)
    server.close()
    try:
        client.sendall(b"a post")
        time.sleep(0.2)
        for connection in found:
            connection.sendall(connection.recv(16) and b"read")
        return client.recv(16).decode()
    except OSError as error:
        return type(error).__name__


print(behind_the_close(0))
print(behind_the_close(5))
server = listener(2)
print(server.getsockopt(*OPTION))
started = time.monotonic()
client = socket.create_connection(server.getsockname(), timeout=10)
while not accepted(server):
    time.sleep(0.01)
print(int(time.monotonic() - started))
END
expect "without the option, behind the close" "$(sed -n 1p seen)" read
expect "with the option, behind the close" "$(sed -n 2p seen)" ConnectionResetError
expect "2 seconds are kept as" "$(sed -n 3p seen)" 3
expect "a silent connection of 2 seconds is accepted after, in whole seconds" "$(sed -n 4p seen)" 3
