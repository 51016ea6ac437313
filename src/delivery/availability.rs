//! Whether Kafka is held to be there, from acks, failures and probes.
//!
//! Promise: while Kafka is known to be away no post waits for it; it heals by itself, without
//! traffic. It never looks at librdkafka's error callback, which is silent when a broker freezes.
//! What counts as proof is told in [`state`].

pub mod state;

use crate::delivery::availability::state::{Report, Silence, State, Topic};
use crate::metrics::Metrics;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::sleep;

/// Shared by all event loops, the probe and the admin port.
pub struct Availability {
    /// The one thing that a post looks at.
    admits: AtomicBool,
    state: Mutex<State>,
    /// Kafka is no longer held to be there: probes come sooner.
    left_up: Notify,
    metrics: Arc<Metrics>,
}

impl Availability {
    /// Nothing is known: posts are tried, readiness waits for proof. A failing probe is believed
    /// after `patience`, the time that a post would wait.
    pub fn new(metrics: Arc<Metrics>, patience: Duration) -> Self {
        let state = Mutex::new(State::new(patience));
        Self { admits: AtomicBool::new(true), state, left_up: Notify::new(), metrics }
    }

    /// Whether a post should be tried.
    pub fn admits(&self) -> bool {
        self.admits.load(Ordering::Relaxed)
    }

    /// Records were acked.
    pub fn acked(&self) {
        self.change(State::acked);
    }

    /// A record that was handed over at `since` was not acked, for the reason `why`.
    pub fn unacked(&self, since: Instant, why: &str) {
        self.change(|state, now| state.unacked(since, why, now));
    }

    /// The brokers answered the probe that was sent at `asked`, or did not.
    pub fn probed(&self, asked: Instant, answer: Result<Topic, Silence>) {
        self.change(|state, now| state.probed(asked, answer, now));
    }

    /// Waits until the next probe is due, also when that changes meanwhile.
    pub async fn probe_due(&self) {
        loop {
            let wait = self.lock().next_probe(Instant::now());
            if wait.is_zero() {
                return;
            }
            tokio::select! {
                () = sleep(wait) => {}
                () = self.left_up.notified() => {}
            }
        }
    }

    /// For readiness.
    pub fn report(&self) -> (Report, Topic) {
        let state = self.lock();
        (state.report(), state.topic().clone())
    }

    fn change(&self, change: impl FnOnce(&mut State, Instant)) {
        let mut state = self.lock();
        let before = (state.report(), state.topic().clone());
        change(&mut state, Instant::now());
        let after = (state.report(), state.topic().clone());
        self.admits.store(state.admits(), Ordering::Relaxed);
        self.metrics.kafka_up.set(i64::from(after.0 == Report::Up));
        drop(state);
        if before.0 == Report::Up && after.0 != Report::Up {
            self.left_up.notify_one();
        }
        if before != after {
            log(&before, &after);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line for each change that an operator should know of.
fn log(before: &(Report, Topic), after: &(Report, Topic)) {
    if before.1 != after.1
        && let Topic::Missing { error } = &after.1
    {
        tracing::warn!(error, "the brokers do not show the topic");
    }
    match (&before.0, &after.0) {
        (Report::Up, Report::Up)
        | (Report::Away { .. }, Report::Away { .. } | Report::Doubted { .. })
        | (Report::Doubted { .. }, Report::Doubted { .. })
        | (_, Report::Untried) => {}
        (_, Report::Up) => tracing::info!("kafka is there"),
        (Report::Up | Report::Untried, Report::Doubted { why }) => {
            tracing::warn!(error = why, "kafka does not answer a probe, posts are still tried");
        }
        (Report::Up | Report::Untried | Report::Doubted { .. }, Report::Away { why }) => {
            tracing::warn!(error = why, "kafka is away");
        }
    }
}
