//! The parts of a bridge beside its event loops: admin port, probes of Kafka, periodic log, heap trim,
//! reloader, notifier, drain.
//!
//! Promise: one that ends although nobody has asked it to ends the bridge, with an error that names
//! it. Those that go on are ended when no post needs them any more.

use crate::bridge::bridge_error::BridgeError;
use crate::bridge::event_loop::EventLoops;
use crate::bridge::spooling::Spooling;
use crate::error_chain::error_chain;
use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Those that run. Dropped, they are aborted.
#[derive(Default)]
pub(super) struct Parts(JoinSet<BridgeError>);

impl Parts {
    /// Starts one; its end is an error.
    pub(super) fn start(&mut self, part: impl Future<Output = BridgeError> + Send + 'static) {
        self.0.spawn(part);
    }

    /// Starts one that has no end of its own, under the name that its end is reported with.
    pub(super) fn start_endless(
        &mut self,
        name: &'static str,
        part: impl Future<Output: Send> + Send + 'static,
    ) {
        self.0.spawn(part.map(move |_| BridgeError::Unasked(name)));
    }

    /// Ends them.
    pub(super) async fn shutdown(&mut self) {
        self.0.shutdown().await;
    }

    /// Waits until all posts are answered behind a stop, or a part has ended unasked.
    pub(super) async fn wait_for_the_end(
        &mut self,
        loops: &mut EventLoops,
        spooling: Option<&mut Spooling>,
        stop: &CancellationToken,
    ) -> Result<(), BridgeError> {
        tokio::select! {
            ended = loops.wait() => ended,
            error = self.unasked(spooling, stop) => {
                stop.cancel();
                if let Err(also) = loops.wait().await {
                    tracing::warn!(error = %error_chain(&also), "the event loops did not end well either");
                }
                Err(error)
            }
        }
    }

    /// Waits until a part of the bridge ends, which none should.
    async fn unasked(
        &mut self,
        spooling: Option<&mut Spooling>,
        stop: &CancellationToken,
    ) -> BridgeError {
        let drain = async {
            match spooling {
                Some(spooling) => spooling.ended(stop).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(part) = self.0.join_next() => {
                part.unwrap_or(BridgeError::Unasked("admin port, probes of Kafka, periodic log, heap trim, reloader or notifier"))
            }
            error = drain => error,
        }
    }
}
