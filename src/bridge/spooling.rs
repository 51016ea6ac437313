//! The spool's part of the bridge: opened before the ports are served, closed after the last post.
//!
//! Promise: a drain that ends unasked is reported; at the end the drain stops first, so that what
//! it saw acked is released, and then the spool, so that what was queued is committed.

use crate::bridge::bridge_error::BridgeError;
use crate::bridge::dead_letter_topic::DeadLetterTopic;
use crate::bridge::shared::Shared;
use crate::bridge::spool_place::SpoolPlace;
use crate::delivery::drain::{Drain, DrainError};
use crate::delivery::shared_gate::SharedGate;
use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::shown_topics::ShownTopics;
use crate::delivery::spool::{Spool, SpoolOptions, SpoolThread};
use crate::delivery::topic::FirstSight;
use crate::error_chain::error_chain;
use crate::lock::Lock;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// The least time for the spool to close, also where the grace period is over.
const LEAST: Duration = Duration::from_millis(200);

/// A spool that is open.
pub(super) struct Opened {
    spool: Spool,
    thread: SpoolThread,
    place: SpoolPlace,
    shown: Arc<Lock<ShownTopics>>,
}

impl Opened {
    /// Records of an earlier run.
    pub(super) fn waiting(&self) -> u64 {
        self.spool.status().rows
    }

    /// What it remembers of a topic.
    pub(super) fn first_sight(&self, topic: Arc<str>) -> Arc<FirstSight> {
        Arc::new(FirstSight::remembered(&self.shown, topic))
    }
}

/// A spool that is open and being drained.
pub(super) struct Spooling {
    place: SpoolPlace,
    gate: Arc<SharedGate>,
    thread: SpoolThread,
    /// Taken when it has ended.
    drain: Option<JoinHandle<Result<(), DrainError>>>,
    over: CancellationToken,
    /// When the stop began.
    stopped: Option<Instant>,
}

impl Spooling {
    /// Begins to drain an open spool.
    pub(super) fn start(opened: Opened, shared: &Shared) -> Result<Self, BridgeError> {
        let Opened { spool, thread, place, shown: _ } = opened;
        let Shared { config, availability, topic, dead_letters, .. } = shared;
        let gate = Arc::new(SharedGate::new(spool));
        let drain = Drain::new(
            gate.clone(),
            availability.clone(),
            config.kafka.clone(),
            topic.clone(),
            config.missing_topic_timeout,
        )
        .map_err(|error| BridgeError::Drain(error.into()))?;
        let drain = match dead_letters {
            Some(DeadLetterTopic { topic, availability, drained }) => {
                drain.with_dead_letters(topic.clone(), availability.clone(), drained.clone())
            }
            None => drain,
        };
        let over = CancellationToken::new();
        let drain = Some(tokio::spawn(drain.run(over.clone())));
        Ok(Self { place, gate, thread, drain, over, stopped: None })
    }

    /// Says at the start where posts are kept, and what waits there.
    pub(super) fn log_start(&self) {
        let SpoolPlace { folder, file_system } = &self.place;
        let folder = folder.display();
        tracing::info!(%folder, %file_system, "posts are kept on disk while Kafka is away");
        if file_system.is_remote() {
            tracing::warn!(
                %folder,
                %file_system,
                "the spool is on a network file system: that a lock holds and a sync has reached a \
                 disk is its server's word"
            );
        }
        let waiting = self.gate.spool().status().rows;
        if waiting > 0 {
            tracing::info!(waiting, "records of an earlier run wait on disk");
        }
    }

    /// Where a post is told which way it goes.
    pub(super) fn gate(&self) -> &Arc<SharedGate> {
        &self.gate
    }

    /// Waits until the drain ends, which it should not; lets parked posts go once `stop` comes.
    pub(super) async fn ended(&mut self, stop: &CancellationToken) -> BridgeError {
        let Some(drain) = &mut self.drain else { return std::future::pending().await };
        let ended = tokio::select! {
            ended = &mut *drain => ended,
            () = stop.cancelled() => {
                self.stopped = Some(Instant::now());
                self.gate.stop();
                drain.await
            }
        };
        // Nobody is left to end catching up in time.
        self.gate.stop();
        self.drain = None;
        match ended {
            Ok(Err(error)) => BridgeError::Drain(error),
            Ok(Ok(())) | Err(_) => BridgeError::Unasked("drain of the spool"),
        }
    }

    /// Ends the drain, then the spool, within what is left of `grace`.
    pub(super) async fn close(self, grace: Duration) -> Result<(), BridgeError> {
        let end = self.stopped.unwrap_or_else(Instant::now) + grace;
        self.over.cancel();
        if let Some(mut drain) = self.drain {
            let half = end.saturating_duration_since(Instant::now()) / 2;
            match timeout(half.max(LEAST), &mut drain).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => {
                    tracing::warn!(error = %error_chain(&error), "the drain did not end well");
                }
                Ok(Err(error)) => tracing::error!(%error, "the drain did not end well"),
                Err(_) => {
                    tracing::warn!("the drain did not end in time, what it sent may be sent again");
                    drain.abort();
                }
            }
        }
        let left = end.saturating_duration_since(Instant::now()).max(LEAST);
        let thread = self.thread;
        let closed = spawn_blocking(move || thread.close(left)).await;
        closed.expect("closing does not panic").map_err(BridgeError::SpoolEnd)?;
        let waiting = self.gate.spool().status().rows;
        if waiting > 0 {
            tracing::info!(waiting, "records wait on disk for the next start");
        }
        Ok(())
    }
}

/// Whether the spool could be opened, as far as can be seen while another bridge has it.
pub(super) async fn look(options: Option<&SpoolOptions>) -> Result<(), BridgeError> {
    let Some(options) = options.cloned() else { return Ok(()) };
    let looked = spawn_blocking(move || Spool::look(&options)).await;
    looked.expect("looking does not panic").map_err(BridgeError::Spool)
}

/// Opens the spool, which takes milliseconds unless the disk hangs.
pub(super) async fn open(options: &SpoolOptions) -> Result<Opened, BridgeError> {
    let options = options.clone();
    let opened = spawn_blocking(move || {
        let opened = Spool::open(&options)?;
        let shown = ShownTopics::read(&options.dir);
        let shown =
            shown.map_err(|source| SpoolError::Folder { dir: options.dir.clone(), source })?;
        Ok((opened, SpoolPlace::of(&options.dir), shown))
    });
    let opened = opened.await.expect("opening does not panic");
    let ((spool, thread), place, shown) = opened.map_err(BridgeError::Spool)?;
    Ok(Opened { spool, thread, place, shown: Arc::new(Lock::new(shown)) })
}
