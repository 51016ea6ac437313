//! The spool's part of the bridge: opened before the ports are served, closed after the last post.
//!
//! Promise: a drain that ends unasked is reported; at the end the drain stops first, so that what
//! it saw acked is released, and then the spool, so that what was queued is committed.

use crate::bridge::BridgeError;
use crate::delivery::availability::Availability;
use crate::delivery::crossing::Crossing;
use crate::delivery::drain::{Drain, DrainError};
use crate::delivery::kafka::settings::Settings;
use crate::delivery::spool::{Spool, SpoolOptions, SpoolThread};
use crate::delivery::topic_limit::TopicLimit;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// The part of the grace period that is kept for the end: a commit and a round trip, many times
/// over.
const END: Duration = Duration::from_secs(2);
/// Its share of a short grace period.
const END_SHARE: u32 = 4;

/// A spool that is open and being drained.
pub(super) struct Spooling {
    crossing: Arc<Crossing>,
    thread: SpoolThread,
    /// Taken when it has ended.
    drain: Option<JoinHandle<Result<(), DrainError>>>,
    over: CancellationToken,
}

impl Spooling {
    /// Opens the spool and begins to drain it. Blocks while a damaged spool is repaired.
    pub(super) fn start(
        options: &SpoolOptions,
        availability: &Arc<Availability>,
        kafka: &Settings,
        limit: &TopicLimit,
    ) -> Result<Self, BridgeError> {
        let (spool, thread) = Spool::open(options).map_err(BridgeError::Spool)?;
        let crossing = Arc::new(Crossing::new(spool));
        let (availability, limit) = (availability.clone(), limit.clone());
        let drain = Drain::new(crossing.clone(), availability, kafka.clone(), limit)
            .map_err(|error| BridgeError::Drain(error.into()))?;
        let over = CancellationToken::new();
        let drain = Some(tokio::spawn(drain.run(over.clone())));
        Ok(Self { crossing, thread, drain, over })
    }

    /// Where posts cross.
    pub(super) fn crossing(&self) -> &Arc<Crossing> {
        &self.crossing
    }

    /// Waits until the drain ends, which it should not; lets parked posts go once `stop` comes.
    pub(super) async fn ended(&mut self, stop: &CancellationToken) -> BridgeError {
        let Some(drain) = &mut self.drain else { return std::future::pending().await };
        let ended = tokio::select! {
            ended = &mut *drain => ended,
            () = stop.cancelled() => {
                self.crossing.stop();
                drain.await
            }
        };
        self.drain = None;
        match ended {
            Ok(Err(error)) => BridgeError::Drain(error),
            Ok(Ok(())) | Err(_) => BridgeError::Unasked("drain of the spool"),
        }
    }

    /// Ends the drain, then the spool, within `patience`.
    pub(super) async fn close(self, patience: Duration) -> Result<(), BridgeError> {
        let deadline = Instant::now() + patience;
        self.over.cancel();
        if let Some(mut drain) = self.drain {
            match timeout_at(deadline, &mut drain).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => tracing::warn!(%error, "the drain did not end well"),
                Ok(Err(error)) => tracing::error!(%error, "the drain did not end well"),
                Err(_) => drain.abort(),
            }
        }
        let waiting = self.crossing.spool().status().rows;
        let left = deadline.saturating_duration_since(Instant::now());
        let thread = self.thread;
        let closed = spawn_blocking(move || thread.close(left)).await;
        closed.expect("closing does not panic").map_err(BridgeError::SpoolEnd)?;
        if waiting > 0 {
            tracing::info!(waiting, "records wait on disk for the next start");
        }
        Ok(())
    }
}

/// How long `grace` lets posts take, and how long the end of the spool.
pub(super) fn divide(grace: Duration) -> (Duration, Duration) {
    let end = END.min(grace / END_SHARE);
    (grace.saturating_sub(end), end)
}
