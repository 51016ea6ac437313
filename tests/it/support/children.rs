//! Processes, started at moments that suit the mock.
//!
//! Between its fork and its exec a child holds all sockets of the tests, close-on-exec or not. A
//! mock that goes down closes its listener and binds the port anew, which fails while a child has
//! it, and librdkafka then aborts the tests. So no process is started meanwhile.

use std::io;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{PoisonError, RwLock};

static STARTS: RwLock<()> = RwLock::new(());

/// Starts a process; returns when it is another program's.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    // Of no matter to the lock: it guards nothing that a panic could leave half-done.
    let _starting = STARTS.read().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Starts a process, and waits for its end and all it has to say.
pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(command)?.wait_with_output()
}

/// Does something while no process is started.
pub(crate) fn without_starts<R>(something: impl FnOnce() -> R) -> R {
    let _nobody = STARTS.write().unwrap_or_else(PoisonError::into_inner);
    something()
}
