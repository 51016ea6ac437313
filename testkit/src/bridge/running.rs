//! The process: started with a folder of its own, its log read, killed when it is dropped.
//!
//! Shows the log when the test fails. Kills only the child that it started, by its handle.

use crate::bridge::log::Log;
use crate::children;
use crate::deadline;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;
use tempfile::TempDir;

pub(super) struct Running {
    pub(super) child: Child,
    pub(super) log: Log,
    folder: TempDir,
}

impl Running {
    /// `command` has a pipe for its stderr.
    pub(super) fn spawn(mut command: Command, folder: TempDir) -> Self {
        let mut child = children::spawn(&mut command).unwrap();
        let log = Log::of(child.stderr.take().expect("stderr is a pipe"));
        Self { child, log, folder }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The status if it has ended; the log is then complete.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().unwrap();
        if status.is_some() {
            self.log.wait_end();
        }
        status
    }

    /// Waits until it has ended of itself; the log is then complete.
    #[track_caller]
    pub(super) fn wait_exit(&mut self, deadline: Duration) -> ExitStatus {
        let status = deadline::wait_exit(&mut self.child, deadline, "the bridge");
        self.log.wait_end();
        status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Neither fails for a child that has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("the log of the bridge:\n{}", self.log.text());
        }
    }
}
