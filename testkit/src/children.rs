//! Processes, started at moments that suit the mock.
//!
//! Between its fork and its exec a child holds all sockets of the tests, close-on-exec or not. A
//! mock that goes down closes its listener and binds the port anew, which fails while a child has
//! it, and librdkafka then aborts the tests. So no process is started meanwhile.

use close_fds::set_fds_cloexec_threadsafe;
use rustix::io::fcntl_dupfd_cloexec;
use std::io::{self, Read as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{PoisonError, RwLock};

static STARTS: RwLock<()> = RwLock::new(());

/// Behind standard input, output and error.
const FIRST: i32 = 3;
/// Behind all other descriptors, and under the usual limit of 1024.
const LAST: i32 = 1000;

/// Starts a process; returns when it has nothing of ours any more.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    // Of no matter to the lock: it guards nothing that a panic could leave half-done.
    let _starting = STARTS.read().unwrap_or_else(PoisonError::into_inner);
    // Connections that a mock has accepted would stay open in the child when it closes them.
    set_fds_cloexec_threadsafe(FIRST, &[]);
    // The exec wakes us before it closes descriptors, in their order: the last of them shows it.
    let (mut closed, open) = io::pipe()?;
    let last = fcntl_dupfd_cloexec(&open, LAST)?;
    drop(open);
    let child = command.spawn()?;
    drop(last);
    closed.read_to_end(&mut Vec::new())?;
    Ok(child)
}

/// Starts a process, and waits for its end and all it has to say.
pub fn output(command: &mut Command) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(command)?.wait_with_output()
}

/// Starts a process, waits until it has done its work, and gives what it printed.
#[track_caller]
pub fn done(command: &mut Command) -> String {
    let output = output(command).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let also = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}{also}");
    said
}

/// Does something while no process is started.
pub fn without_starts<R>(something: impl FnOnce() -> R) -> R {
    let _nobody = STARTS.write().unwrap_or_else(PoisonError::into_inner);
    something()
}
