//! Whether Kafka is held to be there, from acks, failures and probes.
//!
//! Promise: while Kafka is known to be away no post waits for it; it heals by itself, without
//! traffic. Acks are the best proof; a failure counts only when nothing was acked since its record
//! was handed over, so that one partition without a leader does not stop the others; a probe alone
//! does not undo a fresh failure, because brokers that answer may still refuse to write. It never
//! looks at librdkafka's error callback, which is silent when a broker freezes.

use crate::metrics::Metrics;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a first failure holds, whatever probes say.
const HOLD: Duration = Duration::from_secs(1);
/// How long the last of many failures in a row holds: a try costs its posts the ack time-out.
const HOLD_MOST: Duration = Duration::from_secs(15);
/// Between probes while Kafka is away: readiness comes back within this of the broker.
const PROBE_AWAY: Duration = Duration::from_millis(250);
/// Between probes while nothing is acked.
const PROBE_IDLE: Duration = Duration::from_secs(3);

/// Shared by all event loops, the probe and the admin port.
pub struct Availability {
    /// The one thing that a post looks at.
    admits: AtomicBool,
    state: Mutex<State>,
    metrics: Arc<Metrics>,
}

/// What is known of Kafka; a plain value, told the time.
#[derive(Debug)]
struct State {
    standing: Standing,
    last_ack: Option<Instant>,
    last_probe: Option<Instant>,
    /// What the next failure will hold for.
    hold: Duration,
    topic: Topic,
}

/// What the last probe saw of the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// Nothing was asked or answered yet.
    Unknown,
    /// It exists; some of its partitions may have no leader.
    Present {
        /// How many partitions it has.
        partitions: usize,
        /// How many of them have a leader.
        led: usize,
    },
    /// The brokers do not know it, or do not show it to us.
    Missing {
        /// The broker's code.
        error: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// Nothing is known yet: posts are tried.
    Untried,
    Up,
    /// Posts are refused until a probe succeeds after `until`.
    Away {
        why: String,
        until: Instant,
    },
}

/// What readiness needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// A post would be published now.
    Up,
    /// There is no proof yet.
    Untried,
    /// It would be refused.
    Away {
        /// In words.
        why: String,
    },
}

impl Availability {
    /// Nothing is known: posts are tried, readiness waits for proof.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        let state = Mutex::new(State::new());
        Self { admits: AtomicBool::new(true), state, metrics }
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

    /// The brokers answered a probe, or did not.
    pub fn probed(&self, answer: Result<Topic, String>) {
        self.change(|state, now| state.probed(answer, now));
    }

    /// How long the next probe can wait; zero: it is due.
    pub fn next_probe(&self) -> Duration {
        self.lock().next_probe(Instant::now())
    }

    /// For readiness.
    pub fn report(&self) -> (Report, Topic) {
        let state = self.lock();
        (state.report(), state.topic.clone())
    }

    fn change(&self, change: impl FnOnce(&mut State, Instant)) {
        let mut state = self.lock();
        let before = state.report();
        change(&mut state, Instant::now());
        let after = state.report();
        self.admits.store(state.admits(), Ordering::Relaxed);
        self.metrics.kafka_up.set(i64::from(after == Report::Up));
        drop(state);
        match (before, after) {
            (Report::Up, Report::Up)
            | (Report::Away { .. }, Report::Away { .. })
            | (_, Report::Untried) => {}
            (_, Report::Up) => tracing::info!("kafka is there"),
            (Report::Up | Report::Untried, Report::Away { why }) => {
                tracing::warn!(error = why, "kafka is away, posts are refused until it is back");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new() -> Self {
        let topic = Topic::Unknown;
        Self { standing: Standing::Untried, last_ack: None, last_probe: None, hold: HOLD, topic }
    }

    fn admits(&self) -> bool {
        match self.standing {
            Standing::Untried | Standing::Up => true,
            Standing::Away { .. } => false,
        }
    }

    fn acked(&mut self, now: Instant) {
        self.last_ack = Some(now);
        self.hold = HOLD;
        self.standing = Standing::Up;
    }

    fn unacked(&mut self, since: Instant, why: &str, now: Instant) {
        if self.last_ack.is_some_and(|ack| ack > since) || !self.admits() {
            return;
        }
        self.standing = Standing::Away { why: why.to_owned(), until: now + self.hold };
        self.hold = (self.hold * 2).min(HOLD_MOST);
    }

    fn probed(&mut self, answer: Result<Topic, String>, now: Instant) {
        self.last_probe = Some(now);
        let why = match answer {
            Ok(topic) => {
                self.topic = topic;
                match &self.topic {
                    Topic::Present { led: 0, .. } => Some("no partition has a leader".to_owned()),
                    Topic::Missing { error } => Some(format!("the topic is missing: {error}")),
                    Topic::Present { .. } | Topic::Unknown => None,
                }
            }
            Err(error) => Some(error),
        };
        match (why, &self.standing) {
            (None, Standing::Away { until, .. }) if now < *until => {}
            (None, _) => self.standing = Standing::Up,
            // Posts under way may still be acked; only their own failure turns them away.
            (Some(why), Standing::Up | Standing::Away { .. }) => {
                let until = match self.standing {
                    Standing::Away { until, .. } => until,
                    Standing::Up | Standing::Untried => now,
                };
                self.standing = Standing::Away { why, until };
            }
            // From the start without Kafka, the first posts wait for it as long as they may.
            (Some(_), Standing::Untried) => {}
        }
    }

    fn next_probe(&self, now: Instant) -> Duration {
        let (proof, pause) = match self.standing {
            Standing::Untried | Standing::Away { .. } => (self.last_probe, PROBE_AWAY),
            Standing::Up => (self.last_probe.max(self.last_ack), PROBE_IDLE),
        };
        proof.map_or(Duration::ZERO, |at| (at + pause).saturating_duration_since(now))
    }

    fn report(&self) -> Report {
        match &self.standing {
            Standing::Untried => Report::Untried,
            Standing::Up => Report::Up,
            Standing::Away { why, .. } => Report::Away { why: why.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(2500);
    const THERE: Topic = Topic::Present { partitions: 6, led: 6 };

    #[test]
    fn posts_are_tried_from_the_start_and_refused_after_the_first_failure() {
        let start = Instant::now();
        let mut state = State::new();
        state.probed(Err("no broker".to_owned()), start);
        assert!(state.admits());
        state.unacked(start, "MessageTimedOut", start + TIMEOUT);
        assert!(!state.admits());
    }

    #[test]
    fn a_failure_counts_only_when_nothing_was_acked_since_its_hand_over() {
        let start = Instant::now();
        let mut state = State::new();
        state.acked(start + Duration::from_millis(1));
        state.unacked(start, "MessageTimedOut", start + TIMEOUT);
        assert!(state.admits());
        state.unacked(start + Duration::from_millis(1), "MessageTimedOut", start + TIMEOUT);
        assert!(!state.admits());
    }

    #[test]
    fn a_probe_brings_it_back_once_the_failure_is_no_longer_fresh() {
        let start = Instant::now();
        let mut state = State::new();
        state.unacked(start, "MessageTimedOut", start);
        state.probed(Ok(THERE), start + HOLD / 2);
        assert!(!state.admits());
        state.probed(Ok(THERE), start + HOLD);
        assert_eq!(state.report(), Report::Up);
    }

    #[test]
    fn brokers_that_answer_and_never_ack_are_tried_less_and_less() {
        let (mut state, mut now) = (State::new(), Instant::now());
        let mut holds = Vec::new();
        for _ in 0..6 {
            state.unacked(now, "MessageTimedOut", now);
            let failed = now;
            while !state.admits() {
                now += PROBE_AWAY;
                state.probed(Ok(THERE), now);
            }
            holds.push((now - failed).as_secs());
        }
        assert_eq!(holds, [1, 2, 4, 8, 15, 15]);
        state.acked(now);
        assert_eq!(state.hold, HOLD);
    }

    #[test]
    fn a_missing_topic_is_away_and_names_the_code() {
        let mut state = State::new();
        let now = Instant::now();
        state.probed(Ok(THERE), now);
        state.probed(Ok(Topic::Missing { error: "UnknownTopicOrPartition".to_owned() }), now);
        let why = "the topic is missing: UnknownTopicOrPartition".to_owned();
        assert_eq!(state.report(), Report::Away { why });
    }

    #[test]
    fn acks_make_probes_needless() {
        let now = Instant::now();
        let mut state = State::new();
        assert_eq!(state.next_probe(now), Duration::ZERO);
        state.acked(now);
        assert_eq!(state.next_probe(now + PROBE_IDLE / 3), PROBE_IDLE / 3 * 2);
        state.unacked(now, "MessageTimedOut", now + TIMEOUT);
        assert_eq!(state.next_probe(now + TIMEOUT), Duration::ZERO);
    }
}
