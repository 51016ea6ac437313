#!/usr/bin/env bash
# GNU coreutils 9.1, `timeout` (Debian 12). Needs strace, to see what is sent: two signals of one kind that are pending at once are received as one.
#
# A good guess: when its time is up, `timeout 1 command` sends the command one SIGTERM.
# What happens: it makes a process group of its own, and then sends SIGTERM to the command and, a few microseconds later, to the whole group, which
# the command is in. A program that takes a second SIGTERM for impatience ends at once, or does not, as its first handler is quick.
# With --foreground there is one.
#
# Seen:
#   as before: timeout: kill(PID, SIGTERM) kill(0, SIGTERM)
#   as before: timeout --foreground: kill(PID, SIGTERM)
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
timeout --version | head -n 1
sent() {
    strace -o calls -e trace=kill -e signal=none timeout "$@" 0.2 sleep 5 || true
    # What makes a stopped command go on is another matter.
    grep -o 'kill([0-9]*, SIGTERM)' calls | sed 's/kill([1-9][0-9]*/kill(PID/' | xargs -d '\n'
}
expect "timeout" "$(sent)" "kill(PID, SIGTERM) kill(0, SIGTERM)"
expect "timeout --foreground" "$(sent --foreground)" "kill(PID, SIGTERM)"
