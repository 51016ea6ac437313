//! What is known of Kafka; a plain value that gets the time.
//!
//! - Acks are the best proof. A failure counts only when nothing was acked since its record was handed
//!   over.
//! - While some partitions are known to take no records, and where a broker refuses a record, posts go
//!   on being tried. So one such partition or record does not stop the others.
//! - A probe without an answer is believed after as long as a post would wait, one that finds nobody at
//!   once.
//! - A probe that succeeds lets posts be tried again. It does not outvote what was not acked, because
//!   brokers that answer may refuse to write: after a failure that no probe explains, and while records
//!   wait on disk, only an ack makes Kafka well.

mod failures;
mod probe_pause;

use crate::delivery::availability::availability_state::failures::Failures;
use crate::delivery::availability::health_report::{
    HealthKind, HealthReport, HealthSnapshot, Hope, KafkaHealth, Knowledge, ProbeError,
};
use crate::delivery::availability::topic_state::TopicState;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a first failure holds, whatever probes say.
const HOLD: Duration = Duration::from_secs(1);
/// How long one of many failures in a row holds: a try costs its posts the ack time-out, and
/// the return of Kafka may be missed for as long.
const HOLD_MOST: Duration = Duration::from_secs(4);
/// How old the last ack may be while records wait on disk: a drain has many in that time.
const STALE: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub(super) struct AvailabilityState {
    health: KafkaHealth,
    /// Since when it is up, or not.
    since: Instant,
    last_ack: Option<Instant>,
    last_probe: Option<Instant>,
    /// What the next failure will hold for.
    hold: Duration,
    topic: Arc<TopicState>,
    topic_seen: Option<Instant>,
    timeout: Duration,
    /// When the first probe was sent that had no answer, while nothing is known.
    first_silence: Option<Instant>,
    failures: Failures,
    /// A failure was outvoted by an ack: another partition may take no records.
    doubtful: bool,
    /// Records that wait on disk for an ack, while posts do not go to Kafka directly.
    waiting: u64,
    /// The disk does not give them, or does not let go of them.
    held_up: bool,
}

impl AvailabilityState {
    pub(super) fn new(timeout: Duration, now: Instant) -> Self {
        Self {
            health: KafkaHealth::Untried,
            since: now,
            last_ack: None,
            last_probe: None,
            hold: HOLD,
            topic: Arc::new(TopicState::Unknown),
            topic_seen: None,
            timeout,
            first_silence: None,
            failures: Failures::default(),
            doubtful: false,
            waiting: 0,
            held_up: false,
        }
    }

    pub(super) fn admits(&self) -> bool {
        match self.health {
            KafkaHealth::Untried
            | KafkaHealth::Up
            | KafkaHealth::Doubted { .. }
            | KafkaHealth::Unproven { .. } => true,
            KafkaHealth::Away { .. } => false,
        }
    }

    /// Whether what waits on disk should stay there.
    pub(super) fn holds_back(&self) -> bool {
        self.topic.is_unfit()
    }

    pub(super) fn acked(&mut self, now: Instant) {
        self.last_ack = Some(now);
        self.hold = HOLD;
        self.failures.acked();
        // No ack makes a topic fit that throws it away.
        if !self.topic.is_unfit() {
            self.enter(KafkaHealth::Up, now);
        }
    }

    /// `records` records wait on disk until they are acked; none while posts go to Kafka directly.
    pub(super) fn waiting(&mut self, records: u64) {
        (self.waiting, self.held_up) = (records, false);
    }

    /// The same while the disk holds them up.
    pub(super) fn held_up(&mut self, records: u64) {
        (self.waiting, self.held_up) = (records, true);
    }

    pub(super) fn unacked(&mut self, since: Instant, why: &str, now: Instant) {
        if !self.counts(since) {
            return;
        }
        if self.topic.is_partial() {
            return self.mistrust(since, why, now);
        }
        self.failures.add(why, now);
        self.enter(KafkaHealth::Away { why: why.to_owned(), until: now + self.hold }, now);
        self.hold = (self.hold * 2).min(HOLD_MOST);
    }

    /// Brokers answered, and did not take a record that may be innocent.
    pub(super) fn refused(&mut self, since: Instant, why: &str, now: Instant) {
        if self.counts(since) {
            self.mistrust(since, why, now);
        }
    }

    /// Whether a failure says something: nothing was acked since its record was handed over, and it
    /// is not known yet.
    fn counts(&mut self, since: Instant) -> bool {
        let outvoted = self.last_ack.is_some_and(|ack| ack > since);
        self.doubtful |= outvoted;
        !outvoted && self.admits()
    }

    /// Other posts may get through and are tried, unless too many did not.
    fn mistrust(&mut self, since: Instant, why: &str, now: Instant) {
        if self.failures.last().is_some_and(|last| since < last) {
            // It was under way beside the last one, and says no more.
            return;
        }
        self.failures.add(why, now);
        if !self.failures.are_unexplained() {
            return;
        }
        match self.health {
            KafkaHealth::Up | KafkaHealth::Untried | KafkaHealth::Unproven { .. } => {
                self.enter(KafkaHealth::Unproven { why: why.to_owned() }, now);
            }
            // The next probe says which.
            KafkaHealth::Doubted { .. } | KafkaHealth::Away { .. } => {}
        }
    }

    pub(super) fn probed(
        &mut self,
        asked: Instant,
        answer: Result<TopicState, ProbeError>,
        now: Instant,
    ) {
        self.last_probe = Some(now);
        self.doubtful = false;
        match answer.and_then(|topic| self.keep(topic, now)) {
            Ok(()) => self.answered(now),
            Err(_) if !self.topic.is_unfit() && self.last_ack.is_some_and(|ack| ack > asked) => {}
            Err(silence) => self.unanswered(silence, asked, now),
        }
    }

    /// Keeps what was seen of the topic; fails where no post could be published to it.
    fn keep(&mut self, topic: TopicState, now: Instant) -> Result<(), ProbeError> {
        self.topic_seen = Some(now);
        if topic.is_partial() && !self.topic.is_partial() {
            self.failures.explained();
        }
        if *self.topic != topic {
            self.topic = Arc::new(topic);
        }
        self.topic.verdict()
    }

    fn answered(&mut self, now: Instant) {
        let why = match &self.health {
            KafkaHealth::Away { until, .. } if now < *until && !self.topic.is_partial() => return,
            KafkaHealth::Up if self.owes_acks() && self.is_stale(now) => {
                format!("no ack for {STALE:?} of what waits on disk")
            }
            KafkaHealth::Up => return,
            KafkaHealth::Away { why, .. } | KafkaHealth::Unproven { why } => why.clone(),
            KafkaHealth::Untried | KafkaHealth::Doubted { .. } => {
                self.failures.why().unwrap_or("no ack yet of what waits on disk").to_owned()
            }
        };
        if self.failures.any() || self.owes_acks() {
            self.enter(KafkaHealth::Unproven { why }, now);
        } else {
            self.enter(KafkaHealth::Up, now);
        }
    }

    /// Whether records wait on disk for nothing but acks.
    fn owes_acks(&self) -> bool {
        self.waiting > 0 && !self.held_up
    }

    fn is_stale(&self, now: Instant) -> bool {
        self.last_ack.is_none_or(|at| at + STALE <= now)
    }

    fn unanswered(&mut self, silence: ProbeError, asked: Instant, now: Instant) {
        let health = match (&self.health, silence) {
            // From the start without Kafka: believed after as long as a first post would wait.
            (KafkaHealth::Untried, ProbeError::Slow(why) | ProbeError::Dead(why)) => {
                let first = *self.first_silence.get_or_insert(asked);
                if now < first + self.timeout {
                    return;
                }
                KafkaHealth::Away { why, until: now }
            }
            (KafkaHealth::Away { until, .. }, ProbeError::Slow(why) | ProbeError::Dead(why)) => {
                KafkaHealth::Away { why, until: *until }
            }
            (KafkaHealth::Up | KafkaHealth::Unproven { .. }, ProbeError::Slow(why)) => {
                KafkaHealth::Doubted { why, since: asked }
            }
            (KafkaHealth::Doubted { since, .. }, ProbeError::Slow(why))
                if now < *since + self.timeout =>
            {
                KafkaHealth::Doubted { why, since: *since }
            }
            (KafkaHealth::Doubted { .. }, ProbeError::Slow(why))
            | (
                KafkaHealth::Up | KafkaHealth::Doubted { .. } | KafkaHealth::Unproven { .. },
                ProbeError::Dead(why),
            ) => KafkaHealth::Away { why, until: now },
        };
        self.enter(health, now);
        if !self.admits() {
            // The first try behind it does not repeat theirs.
            self.hold = HOLD;
            self.failures.explained();
        }
    }

    fn enter(&mut self, health: KafkaHealth, now: Instant) {
        if (self.health == KafkaHealth::Up) != (health == KafkaHealth::Up) {
            self.since = now;
        }
        self.health = health;
    }

    pub(super) fn report(&self, now: Instant) -> HealthReport {
        match &self.health {
            KafkaHealth::Untried => HealthReport::Untried,
            KafkaHealth::Up => HealthReport::Up,
            KafkaHealth::Doubted { why, .. } => HealthReport::Doubted { why: why.clone() },
            KafkaHealth::Away { why, .. } => HealthReport::Away { why: why.clone() },
            KafkaHealth::Unproven { why } => {
                HealthReport::Unproven { why: why.clone(), hope: self.hope(now) }
            }
        }
    }

    pub(super) fn knowledge(&self, now: Instant) -> Knowledge {
        let ago = |at: Instant| now.saturating_duration_since(at);
        Knowledge {
            report: self.report(now),
            unchanged_for: ago(self.since),
            last_ack: self.last_ack.map(ago),
            last_probe: self.last_probe.map(ago),
            topic: self.topic.clone(),
            topic_seen: self.topic_seen.map(ago),
        }
    }

    fn hope(&self, now: Instant) -> Hope {
        if self.owes_acks() { Hope::Lost } else { self.failures.hope(now) }
    }

    /// The same for the log, which gets no line most of the time.
    pub(super) fn seen(&self, now: Instant) -> HealthSnapshot<'_> {
        let (kind, why) = match &self.health {
            KafkaHealth::Untried => (HealthKind::Untried, "no broker has answered yet"),
            KafkaHealth::Up => (HealthKind::Up, ""),
            KafkaHealth::Doubted { why, .. } => (HealthKind::Doubted, &**why),
            KafkaHealth::Away { why, .. } => (HealthKind::Away, &**why),
            KafkaHealth::Unproven { why } if self.hope(now) == Hope::Full => {
                (HealthKind::Up, &**why)
            }
            KafkaHealth::Unproven { why } => (HealthKind::Unproven, &**why),
        };
        let settled = self.failures.last() <= self.last_probe;
        HealthSnapshot { kind, why, settled, topic: &self.topic, waiting: self.waiting }
    }
}

#[cfg(test)]
mod tests;
