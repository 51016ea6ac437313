//! `hookbridge serve`: the bridge, until a signal ends it.
//!
//! Promise: SIGTERM and SIGINT end it gracefully, a second one at once; SIGHUP never ends it.

use crate::args::ServeArgs;
use crate::bridge::Bridge;
use crate::cli::{Failure, logging, version};
use crate::config::Config;
use std::io;
use std::process;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Runs the bridge to its end.
pub fn run(args: ServeArgs) -> Result<(), Failure> {
    logging::start(&args.log)?;
    let config = Config::new(args).map_err(Failure::of_configuration)?;
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::at_work)?;
    let ended = runtime.block_on(async {
        let stop = CancellationToken::new();
        let signals = Signals::new().map_err(Failure::at_work)?;
        let bridge = Bridge::bind(config).map_err(Failure::at_work)?;
        let build = version::build();
        tokio::select! {
            ended = bridge.run(&build, stop.clone()) => ended.map_err(|error| {
                if error.is_configuration() {
                    Failure::of_configuration(error)
                } else {
                    Failure::at_work(error)
                }
            }),
            never = signals.watch(stop) => match never {},
        }
    });
    if ended.is_ok() {
        tracing::info!("ended, nothing was left");
    }
    // A question to a broker that does not answer is not waited for.
    runtime.shutdown_background();
    ended
}

/// The signals that the bridge knows.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Cancels `stop` at the first signal to end; ends the process at the second.
    async fn watch(mut self, stop: CancellationToken) -> std::convert::Infallible {
        loop {
            tokio::select! {
                Some(()) = self.terminate.recv() => end("SIGTERM", &stop),
                Some(()) = self.interrupt.recv() => end("SIGINT", &stop),
                Some(()) = self.hangup.recv() => tracing::info!("SIGHUP: there is nothing to read again"),
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
    tracing::info!(signal, "ending: no new posts, what is under way is finished");
    stop.cancel();
}
