//! Whether Kafka is held to be there, from acks, failures and probes.
//!
//! Promise: while Kafka is known to be away no post waits for it; it heals by itself, without
//! traffic. It never looks at librdkafka's error callback, which is silent when a broker freezes
//! (`findings/librdkafka-frozen-broker-is-no-error.sh`).
//! What counts as proof is in [`availability_state`].

mod health_log;
pub mod health_report;
mod flap_filter;
mod availability_state;
mod subject;
pub mod topic_state;

use crate::delivery::availability::availability_state::AvailabilityState;
use crate::delivery::availability::health_log::HealthLog;
use crate::delivery::availability::health_report::{
    HealthKind, HealthReport, Knowledge, ProbeError,
};
use crate::delivery::availability::subject::Subject;
use crate::delivery::availability::topic_state::TopicState;
use crate::lock::Lock;
use crate::metrics::Metrics;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::sleep;

/// Shared by all event loops, the probe and the admin port.
pub struct Availability {
    /// The one thing that a post looks at.
    admits: AtomicBool,
    known: Lock<StateAndLog>,
    /// Kafka is no longer held to be there, or a failure asks for a look: probes come sooner.
    asks: Notify,
    /// What is held to be there.
    subject: Subject,
    /// Whether it is.
    up: Gauge,
}

struct StateAndLog {
    state: AvailabilityState,
    log: HealthLog,
}

impl Availability {
    /// Nothing is known: posts are tried, readiness waits for proof. A failing probe is believed
    /// after `timeout`, the time that a post would wait.
    pub fn new(metrics: &Metrics, timeout: Duration) -> Self {
        Self::of(Subject::Kafka, metrics.kafka_up.clone(), timeout)
    }

    /// The same of the dead-letter topic alone, beside what is known of Kafka.
    pub fn of_dead_letters(
        topic: Arc<str>,
        kafka: &Arc<Self>,
        metrics: &Metrics,
        timeout: Duration,
    ) -> Self {
        let subject = Subject::DeadLetters { topic, kafka: kafka.clone() };
        Self::of(subject, metrics.dead_letter_topic_up.clone(), timeout)
    }

    fn of(subject: Subject, up: Gauge, timeout: Duration) -> Self {
        let now = Instant::now();
        let known =
            StateAndLog { state: AvailabilityState::new(timeout, now), log: HealthLog::new(now) };
        Self {
            admits: AtomicBool::new(true),
            known: Lock::new(known),
            asks: Notify::new(),
            subject,
            up,
        }
    }

    /// Whether a post should be tried.
    pub fn admits(&self) -> bool {
        self.admits.load(Ordering::Relaxed)
    }

    /// Records were acked.
    pub fn acked(&self) {
        self.change(AvailabilityState::acked);
    }

    /// A record that was handed over at `since` was not acked, for the reason `why`.
    pub fn unacked(&self, since: Instant, why: &str) {
        self.change(|state, now| state.unacked(since, why, now));
    }

    /// Brokers answered and refused a record that was handed over at `since` and may be innocent.
    pub fn refused(&self, since: Instant, why: &str) {
        self.change(|state, now| state.refused(since, why, now));
    }

    /// `records` records wait on disk and are to be acked before posts go to Kafka directly.
    pub fn waiting(&self, records: u64) {
        self.change(|state, _| state.waiting(records));
    }

    /// The same while the disk holds them up: that none is acked says nothing of Kafka.
    pub fn held_up(&self, records: u64) {
        self.change(|state, _| state.held_up(records));
    }

    /// The brokers answered the probe that was sent at `asked`, or did not.
    pub fn probed(&self, asked: Instant, answer: Result<TopicState, ProbeError>) {
        self.change(|state, now| state.probed(asked, answer, now));
    }

    /// Waits until the next probe is due, also when that changes meanwhile.
    pub async fn probe_due(&self) {
        loop {
            let wait = self.known.lock().state.next_probe(Instant::now());
            if wait.is_zero() {
                return;
            }
            tokio::select! {
                () = sleep(wait) => {}
                () = self.asks.notified() => {}
            }
        }
    }

    /// The report.
    pub fn report(&self) -> HealthReport {
        self.known.lock().state.report(Instant::now())
    }

    /// Whether what waits on disk should stay there: the topic would throw it away.
    pub fn holds_back(&self) -> bool {
        self.known.lock().state.holds_back()
    }

    /// The same with its age, and the topic.
    pub fn knowledge(&self) -> Knowledge {
        self.known.lock().state.knowledge(Instant::now())
    }

    fn change(&self, change: impl FnOnce(&mut AvailabilityState, Instant)) {
        let mut known = self.known.lock();
        let now = Instant::now();
        let StateAndLog { state, log } = &mut *known;
        let before = state.next_probe(now);
        change(state, now);
        let seen = state.seen(now);
        self.admits.store(state.admits(), Ordering::Relaxed);
        self.up.set(i64::from(seen.kind == HealthKind::Up));
        let line = log.line(&seen, now);
        let sooner = state.next_probe(now) < before;
        drop(known);
        if sooner {
            self.asks.notify_one();
        }
        if let Some(line) = line {
            self.subject.log(line);
        }
    }
}
