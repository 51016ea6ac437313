//! The signals that end a command.
//!
//! Promise: the first SIGTERM or SIGINT asks for a graceful end, the second ends the process at
//! once. It leaves SIGHUP alone: what that means is the command's own.

use std::convert::Infallible;
use std::{io, process};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// SIGTERM and SIGINT, caught from the moment that this value is made.
pub(super) struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    /// Takes the signals over from the default, which is sudden death. Must be called inside a
    /// runtime.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Cancels `stop` at the first signal; ends the process at the next.
    pub(super) async fn watch(mut self, stop: CancellationToken) -> Infallible {
        loop {
            tokio::select! {
                Some(()) = self.terminate.recv() => end("SIGTERM", &stop),
                Some(()) = self.interrupt.recv() => end("SIGINT", &stop),
            }
        }
    }
}

#[expect(clippy::exit, reason = "a second signal asks for it")]
fn end(signal: &'static str, stop: &CancellationToken) {
    if stop.is_cancelled() {
        tracing::warn!(signal, "a second signal, ending at once");
        process::exit(1);
    }
    tracing::info!(signal, "ending: nothing new is taken, what is under way is finished");
    stop.cancel();
}
