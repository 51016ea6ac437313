//! The signals that end a command.
//!
//! Promise: the first SIGTERM or SIGINT asks for a graceful end, a second one ends the process at
//! once. Signals that come together are one: `timeout` and supervisors signal a process and then
//! its group. It leaves SIGHUP alone: what that means is the command's own.

use crate::cli::stderr::Stderr;
use rustix::process as posix;
use std::convert::Infallible;
use std::time::{Duration, Instant};
use std::{io, process};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What comes sooner after the first is the first: programs send theirs within a moment
/// (`findings/gnu-timeout-signals-twice.sh`), and nobody presses a key again before having seen
/// that nothing happens.
const ONE_SIGNAL: Duration = Duration::from_secs(1);

/// SIGTERM and SIGINT, caught from the moment that this value is made.
pub(super) struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
    /// SIGXFSZ: a write over the limit of file sizes fails, and does not end the process.
    _file_size: Signal,
    /// When the first came.
    asked: Option<Instant>,
    stderr: Stderr,
}

impl EndSignals {
    /// Takes the signals over from the default, which is sudden death. Must be called inside a
    /// runtime.
    pub(super) fn new(stderr: &Stderr) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _file_size: signal(SignalKind::from_raw(posix::Signal::XFSZ.as_raw()))?,
            asked: None,
            stderr: stderr.clone(),
        })
    }

    /// Cancels `stop` at the first signal; ends the process at the next.
    pub(super) async fn watch(mut self, stop: CancellationToken) -> Infallible {
        loop {
            let signal = tokio::select! {
                Some(()) = self.terminate.recv() => "SIGTERM",
                Some(()) = self.interrupt.recv() => "SIGINT",
            };
            match self.asked {
                None => {
                    tracing::info!(
                        signal,
                        "ending: nothing new is taken, what is under way is finished"
                    );
                    self.asked = Some(Instant::now());
                    stop.cancel();
                }
                Some(asked) if asked.elapsed() < ONE_SIGNAL => {
                    tracing::debug!(signal, "came with the first signal, and is taken for it");
                }
                Some(_) => self.end(signal),
            }
        }
    }

    fn end(&self, signal: &'static str) -> ! {
        tracing::warn!(signal, "a second signal, ending at once");
        self.stderr.end();
        process::exit(1)
    }
}
