//! Ctrl-C ends a command wherever it waits: where it has nothing to tidy up, at once and without a word.
//!
//! Of `serve`, `dev`, `send`, `tail`, `spool drain` and `credential` their own tests say so; the commands
//! that are not here wait for nothing.

use crate::support::HOOKBRIDGE;
use crate::support::tool::Tool;
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;
use testkit::children;
use testkit::deadline::wait_exit;
use testkit::port::NOBODY;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn check_and_probe_end_at_once_while_they_wait_for_an_answer() {
    for flags in [
        &["check", "--no-auth", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--brokers"]
            [..],
        &["probe", "livez", "--deadline=1h", "--admin-listen"],
    ] {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = Command::new(HOOKBRIDGE.path());
        command.args(flags).arg(silent.local_addr().unwrap().to_string());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = children::spawn(&mut command).unwrap();
        let _asked = silent.accept().unwrap();

        kill_process(Pid::from_child(&child), Signal::INT).unwrap();

        let ended = wait_exit(&mut child, SOON, "Ctrl-C ends it");
        assert_eq!(ended.signal(), Some(Signal::INT.as_raw()), "{flags:?}");
        let said = child.wait_with_output().unwrap();
        assert_eq!([said.stdout, said.stderr].concat(), b"", "{flags:?}");
    }
}

#[test]
fn redrive_ends_also_while_no_broker_answers() {
    for flags in [&["--dry-run"][..], &[]] {
        let flags = [&["redrive", "--brokers", NOBODY, "--log=off"], flags].concat();
        let waiting = Tool::new(&flags).on_terminal();
        waiting.interrupt_once_started();
        let (code, shown) = waiting.end();
        assert_eq!(code, 1, "{shown}");
        assert!(shown.contains("ended by a signal before the brokers had answered"), "{shown}");
    }
}
