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
mod otlp;
mod pace;
mod printable;
mod printable_json;
mod record_json;
mod record_text;
mod sample;
mod screen;
mod signals;
pub mod stderr;
mod table;
mod trust;
pub mod version;

#[cfg(test)]
mod tests;

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
