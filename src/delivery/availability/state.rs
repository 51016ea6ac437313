//! What is known of Kafka; a plain value that is told the time.
//!
//! Acks are the best proof. A failure counts only when nothing was acked since its record was
//! handed over. While some partitions are known to take no records, and where a broker refuses a record,
//! posts go on being tried, so that one such partition or record does not stop the others. A probe
//! without an answer is believed after as long as a post would wait, one that finds nobody at once. One that succeeds lets posts be tried again,
//! but does not outvote what was not acked, because brokers that answer may refuse to write: after
//! a failure that no probe explains, and while records wait on disk, only an ack makes Kafka well.

mod failures;
mod health;

use crate::delivery::availability::health_report::{
    Glimpse, Hope, Knowledge, Report, Seen, Silence,
};
use crate::delivery::availability::state::failures::Failures;
use crate::delivery::availability::state::health::Standing;
use crate::delivery::availability::topic_state::Topic;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a first failure holds, whatever probes say.
const HOLD: Duration = Duration::from_secs(1);
/// How long one of many failures in a row holds: a try costs its posts the ack time-out, and the
/// end of the trouble may be missed for as long.
const HOLD_MOST: Duration = Duration::from_secs(4);
/// Between probes while Kafka is away or in doubt: readiness comes back within this of the broker.
const PROBE_AWAY: Duration = Duration::from_millis(250);
/// Between probes while leaders answer and an ack is owed, which no probe will prove, or a partition is
/// in trouble: each look asks every leader.
const PROBE_UNPROVEN: Duration = Duration::from_secs(1);
/// Between probes while nothing is acked.
const PROBE_IDLE: Duration = Duration::from_secs(3);
/// Between probes while acks flow: they say nothing of other partitions, nor of new ones.
const PROBE_BUSY: Duration = Duration::from_secs(10);
/// How old the last ack may be while records wait on disk: a drain has many in that time.
const STALE: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub(super) struct State {
    standing: Standing,
    /// Since when it is up, or not.
    since: Instant,
    last_ack: Option<Instant>,
    last_probe: Option<Instant>,
    /// What the next failure will hold for.
    hold: Duration,
    topic: Arc<Topic>,
    topic_seen: Option<Instant>,
    patience: Duration,
    /// When the first probe was sent that had no answer, while nothing is known.
    first_silence: Option<Instant>,
    failures: Failures,
    /// A failure was outvoted by an ack: another partition may be in trouble.
    doubtful: bool,
    /// Records that wait on disk for an ack, while posts do not go to Kafka directly.
    waiting: u64,
}

impl State {
    pub(super) fn new(patience: Duration, now: Instant) -> Self {
        Self {
            standing: Standing::Untried,
            since: now,
            last_ack: None,
            last_probe: None,
            hold: HOLD,
            topic: Arc::new(Topic::Unknown),
            topic_seen: None,
            patience,
            first_silence: None,
            failures: Failures::default(),
            doubtful: false,
            waiting: 0,
        }
    }

    pub(super) fn admits(&self) -> bool {
        match self.standing {
            Standing::Untried
            | Standing::Up
            | Standing::Doubted { .. }
            | Standing::Unproven { .. } => true,
            Standing::Away { .. } => false,
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
            self.enter(Standing::Up, now);
        }
    }

    /// So many records wait on disk until they are acked; none while posts go to Kafka directly.
    pub(super) fn waiting(&mut self, records: u64) {
        self.waiting = records;
    }

    pub(super) fn unacked(&mut self, since: Instant, why: &str, now: Instant) {
        if !self.counts(since) {
            return;
        }
        if self.topic.is_partial() {
            return self.mistrust(since, why, now);
        }
        self.failures.add(why, now);
        self.enter(Standing::Away { why: why.to_owned(), until: now + self.hold }, now);
        self.hold = (self.hold * 2).min(HOLD_MOST);
    }

    /// Brokers answered, and did not take a record that may be innocent.
    pub(super) fn refused(&mut self, since: Instant, why: &str, now: Instant) {
        if self.counts(since) {
            self.mistrust(since, why, now);
        }
    }

    /// Whether a failure says something: nothing was acked since its record was handed over, and it is
    /// not known yet.
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
        if !self.failures.stand() {
            return;
        }
        match self.standing {
            Standing::Up | Standing::Untried | Standing::Unproven { .. } => {
                self.enter(Standing::Unproven { why: why.to_owned() }, now);
            }
            // The next probe says which.
            Standing::Doubted { .. } | Standing::Away { .. } => {}
        }
    }

    pub(super) fn probed(&mut self, asked: Instant, answer: Result<Topic, Silence>, now: Instant) {
        self.last_probe = Some(now);
        self.doubtful = false;
        match answer.and_then(|topic| self.keep(topic, now)) {
            Ok(()) => self.answered(now),
            Err(_) if !self.topic.is_unfit() && self.last_ack.is_some_and(|ack| ack > asked) => {}
            Err(silence) => self.unanswered(silence, asked, now),
        }
    }

    /// Keeps what was seen of the topic; fails where no post could be published to it.
    fn keep(&mut self, topic: Topic, now: Instant) -> Result<(), Silence> {
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
        let why = match &self.standing {
            Standing::Away { until, .. } if now < *until && !self.topic.is_partial() => return,
            Standing::Up
                if self.waiting > 0 && self.last_ack.is_none_or(|at| at + STALE <= now) =>
            {
                format!("no ack for {STALE:?} of what waits on disk")
            }
            Standing::Up => return,
            Standing::Away { why, .. } | Standing::Unproven { why } => why.clone(),
            Standing::Untried | Standing::Doubted { .. } => {
                self.failures.why().unwrap_or("no ack yet of what waits on disk").to_owned()
            }
        };
        if self.failures.any() || self.waiting > 0 {
            self.enter(Standing::Unproven { why }, now);
        } else {
            self.enter(Standing::Up, now);
        }
    }

    fn unanswered(&mut self, silence: Silence, asked: Instant, now: Instant) {
        let standing = match (&self.standing, silence) {
            // From the start without Kafka: believed after as long as a first post would wait.
            (Standing::Untried, Silence::Slow(why) | Silence::Dead(why)) => {
                let first = *self.first_silence.get_or_insert(asked);
                if now < first + self.patience {
                    return;
                }
                Standing::Away { why, until: now }
            }
            (Standing::Away { until, .. }, Silence::Slow(why) | Silence::Dead(why)) => {
                Standing::Away { why, until: *until }
            }
            (Standing::Up | Standing::Unproven { .. }, Silence::Slow(why)) => {
                Standing::Doubted { why, since: asked }
            }
            (Standing::Doubted { since, .. }, Silence::Slow(why))
                if now < *since + self.patience =>
            {
                Standing::Doubted { why, since: *since }
            }
            (Standing::Doubted { .. }, Silence::Slow(why))
            | (
                Standing::Up | Standing::Doubted { .. } | Standing::Unproven { .. },
                Silence::Dead(why),
            ) => Standing::Away { why, until: now },
        };
        self.enter(standing, now);
        if !self.admits() {
            // The first try behind it does not repeat theirs.
            self.hold = HOLD;
            self.failures.explained();
        }
    }

    fn enter(&mut self, standing: Standing, now: Instant) {
        if (self.standing == Standing::Up) != (standing == Standing::Up) {
            self.since = now;
        }
        self.standing = standing;
    }

    pub(super) fn next_probe(&self, now: Instant) -> Duration {
        let since = |proof: Option<Instant>, pause: Duration| {
            proof.map_or(Duration::ZERO, |at| (at + pause).saturating_duration_since(now))
        };
        let idle = |proof: Option<Instant>| since(proof, PROBE_IDLE);
        match self.standing {
            Standing::Up if self.doubtful => idle(self.last_probe),
            Standing::Up if self.topic.is_well() => {
                idle(self.last_probe.max(self.last_ack)).min(since(self.last_probe, PROBE_BUSY))
            }
            Standing::Up | Standing::Unproven { .. } => since(self.last_probe, PROBE_UNPROVEN),
            Standing::Untried | Standing::Doubted { .. } | Standing::Away { .. } => {
                since(self.last_probe, PROBE_AWAY)
            }
        }
    }

    pub(super) fn report(&self, now: Instant) -> Report {
        match &self.standing {
            Standing::Untried => Report::Untried,
            Standing::Up => Report::Up,
            Standing::Doubted { why, .. } => Report::Doubted { why: why.clone() },
            Standing::Away { why, .. } => Report::Away { why: why.clone() },
            Standing::Unproven { why } => {
                Report::Unproven { why: why.clone(), hope: self.hope(now) }
            }
        }
    }

    pub(super) fn knowledge(&self, now: Instant) -> Knowledge {
        let ago = |at: Instant| now.saturating_duration_since(at);
        Knowledge {
            report: self.report(now),
            stands_for: ago(self.since),
            last_ack: self.last_ack.map(ago),
            last_probe: self.last_probe.map(ago),
            topic: self.topic.clone(),
            topic_seen: self.topic_seen.map(ago),
        }
    }

    fn hope(&self, now: Instant) -> Hope {
        if self.waiting > 0 { Hope::Lost } else { self.failures.hope(now) }
    }

    /// The same for the log, which is not told anything most of the time.
    pub(super) fn seen(&self, now: Instant) -> Seen<'_> {
        let (glimpse, why) = match &self.standing {
            Standing::Untried => (Glimpse::Untried, "no broker has answered yet"),
            Standing::Up => (Glimpse::Up, ""),
            Standing::Doubted { why, .. } => (Glimpse::Doubted, &**why),
            Standing::Away { why, .. } => (Glimpse::Away, &**why),
            Standing::Unproven { why } if self.hope(now) == Hope::Full => (Glimpse::Up, &**why),
            Standing::Unproven { why } => (Glimpse::Unproven, &**why),
        };
        let settled = self.failures.last() <= self.last_probe;
        Seen { glimpse, why, settled, topic: &self.topic, waiting: self.waiting }
    }
}

#[cfg(test)]
mod tests;
