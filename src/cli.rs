//! The commands, one file each. They read the environment, print, and choose exit codes.

pub mod dev;
pub mod serve;
pub mod spool;

mod bar;
pub mod environment;
mod http_client;
pub mod logging;
pub mod panic_hook;
mod printable;
mod screen;
mod signals;
pub mod stderr;
pub mod version;

use crate::error_chain::error_chain;
use std::error::Error;
use std::process::ExitCode;

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
