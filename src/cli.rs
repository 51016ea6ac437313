//! The commands, one file each. They read the environment, print, and choose exit codes.

pub mod check;
pub mod completions;
pub mod contract;
pub mod credential;
pub mod dev;
pub mod man;
pub mod probe;
pub mod redrive;
pub mod send;
pub mod serve;
pub mod spool;
pub mod tail;

mod bar;
pub mod environment;
mod http_client;
mod ledger;
mod journal;
pub mod logging;
mod printable;
mod printable_json;
mod record_text;
mod sample;
mod screen;
mod signals;
pub mod stderr;
mod table;
pub mod version;

use crate::cli::stderr::Stderr;
use crate::error_chain::error_chain;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error;
use std::process::ExitCode;
use std::{panic, thread};

/// Why a command ended badly, and what that means to a supervisor.
#[derive(Debug)]
pub struct Failure {
    error: Box<dyn Error>,
    code: u8,
}

impl Failure {
    /// Exit code 1: it failed at work.
    pub fn at_work(error: impl Into<Box<dyn Error>>) -> Self {
        Self { error: error.into(), code: 1 }
    }

    /// Exit code 2: flags or files are wrong; to start it again changes nothing.
    pub fn of_configuration(error: impl Into<Box<dyn Error>>) -> Self {
        Self { error: error.into(), code: 2 }
    }

    /// The code that the process exits with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// The error and its causes, in one line.
    pub fn chain(&self) -> String {
        error_chain(self.error.as_ref())
    }
}

/// Writes what is said of a panic before anything follows, in place of Rust's own hook, which would
/// write past the lines that wait. What follows may be sudden death: out of a callback of librdkafka no
/// panic can unwind, and the process aborts. Nobody waits for a reader longer than at an end.
pub fn log_panics(stderr: &Stderr) {
    let stderr = stderr.clone();
    panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let name = thread.name().unwrap_or("<unnamed>");
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            stderr.fail(&format_args!("thread '{name}' {panic}\n{backtrace}"));
        } else {
            stderr.fail(&format_args!("thread '{name}' {panic}"));
        }
        stderr.end();
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;
    use std::io::Write as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;

    /// Set where the test is started again, as the one that dies.
    const DIES: &str = "DIES_OF_A_PANIC";
    /// Lines that take longer to be written than it takes to abort.
    const BEFORE: usize = 30;
    /// More than a pipe holds.
    const LINE: usize = 100_000;

    #[test]
    fn a_panic_that_cannot_unwind_is_logged_before_the_abort() {
        if env::var_os(DIES).is_some() {
            return die();
        }
        let (_crate, module) = module_path!().split_once("::").unwrap();
        let test = "a_panic_that_cannot_unwind_is_logged_before_the_abort";
        for (backtrace, frames) in [("0", false), ("1", true)] {
            let mut again = Command::new(env::current_exe().unwrap());
            again.args(["--exact", &format!("{module}::{test}")]);
            again.env(DIES, "").env("RUST_BACKTRACE", backtrace);

            let ended = again.output().unwrap();

            let said = String::from_utf8(ended.stderr).unwrap();
            assert_eq!(ended.status.signal(), Some(6), "SIGABRT: {said}");
            let (before, said) = said.split_at((LINE + 1) * BEFORE);
            assert!(before.ends_with("x\n"));
            assert!(said.starts_with("thread 'rdk:main' panicked at src/cli.rs"), "{said}");
            assert!(said.contains(":\nof a callback\n"), "{said}");
            assert_eq!(said.contains("   0: "), frames, "{said}");
            assert!(!said.contains("disabled backtrace"), "{said}");
        }
    }

    fn die() {
        let stderr = Stderr::start().unwrap();
        log_panics(&stderr);
        let line = [vec![b'x'; LINE], vec![b'\n']].concat();
        (0..BEFORE).for_each(|_| (&stderr).write_all(&line).unwrap());
        let thread = thread::Builder::new().name("rdk:main".to_owned());
        drop(thread.spawn(|| callback()).unwrap().join());
    }

    extern "C" fn callback() {
        panic!("of a callback");
    }
}
