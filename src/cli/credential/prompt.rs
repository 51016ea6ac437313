//! A password from a person, or from a pipe.
//!
//! Promise: on a terminal it is not echoed, and the terminal is as before when this ends, also by
//! Ctrl-C. A person may take all the time there is.

use crate::cli::signals::EndSignals;
use crate::cli::stderr::Stderr;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::os::fd::AsFd as _;
use tokio::runtime;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// The terminal of whoever has started this.
const TERMINAL: &str = "/dev/tty";
/// More than any password; what a terminal takes in one line.
const MOST_BYTES: usize = 4096;

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub(super) enum PromptError {
    #[error("the two are not the same, and no line was made")]
    Different,
    #[error("ended before a password was there")]
    Interrupted,
    #[error("cannot read the password")]
    Read(#[from] io::Error),
}

/// The line that was typed, without its end.
type Line = Zeroizing<Vec<u8>>;

/// Asks for it: twice on a terminal, once in a pipe.
pub(super) fn ask(user: &str, stderr: &Stderr) -> Result<Line, PromptError> {
    if !io::stdin().is_terminal() {
        // Without the buffer of Rust's own, in which the password would stay.
        return Ok(read_line(File::from(io::stdin().as_fd().try_clone_to_owned()?))?);
    }
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let typed = runtime.block_on(async {
        // Before the echo ends: a Ctrl-C between the two would leave the terminal without it.
        let (stop, signals) = (CancellationToken::new(), EndSignals::new(stderr)?);
        let terminal = OpenOptions::new().read(true).write(true).open(TERMINAL)?;
        let terminal = Silenced::new(terminal)?;
        let typing = async {
            let first = terminal.ask(&format!("Password for {user}: ")).await?;
            let second = terminal.ask("The same again: ").await?;
            if first == second { Ok(first) } else { Err(PromptError::Different) }
        };
        tokio::select! {
            typed = typing => typed,
            () = stop.cancelled() => {
                (&terminal.terminal).write_all(b"\n")?;
                Err(PromptError::Interrupted)
            }
            never = signals.watch(stop.clone()) => match never {},
        }
    });
    // Whoever reads a terminal cannot be made to end.
    runtime.shutdown_background();
    typed
}

/// A terminal without echo, until it is dropped.
struct Silenced {
    terminal: File,
    before: Termios,
}

impl Silenced {
    fn new(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }

    async fn ask(&self, prompt: &str) -> io::Result<Line> {
        (&self.terminal).write_all(prompt.as_bytes())?;
        let terminal = self.terminal.try_clone()?;
        let typed = spawn_blocking(|| read_line(terminal)).await;
        (&self.terminal).write_all(b"\n")?;
        typed.expect("reading does not panic")
    }
}

impl Drop for Silenced {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// The first line, byte by byte so that nothing of it stays in a buffer, as far as [`MOST_BYTES`].
fn read_line(mut from: impl Read) -> io::Result<Line> {
    // Of its full size at once: it leaves no copy behind by growing.
    let mut line = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
    let mut byte = [0];
    while line.len() < MOST_BYTES && from.read(&mut byte)? > 0 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}
