//! What is known of Kafka; a plain value that is told the time.
//!
//! Acks are the best proof. A failure counts only when nothing was acked since its record was
//! handed over, and not while a partition without a leader explains it, so that one such partition
//! does not stop the others. A probe without an answer is
//! believed after as long as a post would wait, one that finds nobody at once; one
//! that succeeds does not undo a fresh failure, because brokers that answer may refuse to write.

use std::time::{Duration, Instant};

/// How long a first failure holds, whatever probes say.
const HOLD: Duration = Duration::from_secs(1);
/// How long one of many failures in a row holds: a try costs its posts the ack time-out, and the
/// end of the trouble may be missed for as long.
const HOLD_MOST: Duration = Duration::from_secs(4);
/// Between probes while Kafka is away or in doubt: readiness comes back within this of the broker.
const PROBE_AWAY: Duration = Duration::from_millis(250);
/// Between probes while nothing is acked.
const PROBE_IDLE: Duration = Duration::from_secs(3);
/// Between probes while acks flow: they say nothing of other partitions, nor of new ones.
const PROBE_BUSY: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub(super) struct State {
    standing: Standing,
    last_ack: Option<Instant>,
    last_probe: Option<Instant>,
    /// What the next failure will hold for.
    hold: Duration,
    topic: Topic,
    patience: Duration,
    /// When the first probe was sent that had no answer, while nothing is known.
    first_silence: Option<Instant>,
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

/// Why a probe gives no hope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// No broker answered in time; a post may wait for longer.
    Slow(String),
    /// No broker is there, or they say that no post can be published.
    Dead(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// Nothing is known yet: posts are tried.
    Untried,
    Up,
    /// Probes have failed since then: posts are tried, readiness is off.
    Doubted {
        why: String,
        since: Instant,
    },
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
    /// It would be tried.
    Doubted {
        /// In words.
        why: String,
    },
    /// It would be refused.
    Away {
        /// In words.
        why: String,
    },
}

impl State {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            standing: Standing::Untried,
            last_ack: None,
            last_probe: None,
            hold: HOLD,
            topic: Topic::Unknown,
            patience,
            first_silence: None,
        }
    }

    pub(super) fn topic(&self) -> &Topic {
        &self.topic
    }

    pub(super) fn admits(&self) -> bool {
        match self.standing {
            Standing::Untried | Standing::Up | Standing::Doubted { .. } => true,
            Standing::Away { .. } => false,
        }
    }

    pub(super) fn acked(&mut self, now: Instant) {
        self.last_ack = Some(now);
        self.hold = HOLD;
        self.standing = Standing::Up;
    }

    pub(super) fn unacked(&mut self, since: Instant, why: &str, now: Instant) {
        let outvoted = self.last_ack.is_some_and(|ack| ack > since);
        if outvoted || self.some_are_led() || !self.admits() {
            return;
        }
        self.standing = Standing::Away { why: why.to_owned(), until: now + self.hold };
        self.hold = (self.hold * 2).min(HOLD_MOST);
    }

    /// Whether some partitions have a leader and some have none.
    fn some_are_led(&self) -> bool {
        match self.topic {
            Topic::Present { partitions, led } => 0 < led && led < partitions,
            Topic::Unknown | Topic::Missing { .. } => false,
        }
    }

    pub(super) fn probed(&mut self, asked: Instant, answer: Result<Topic, Silence>, now: Instant) {
        self.last_probe = Some(now);
        match answer.and_then(|topic| self.seen(topic)) {
            Ok(()) => self.answered(now),
            Err(_) if self.last_ack.is_some_and(|ack| ack > asked) => {}
            Err(silence) => self.unanswered(silence, asked, now),
        }
    }

    /// Keeps what was seen of the topic; fails where no post could be published to it.
    fn seen(&mut self, topic: Topic) -> Result<(), Silence> {
        self.topic = topic;
        match &self.topic {
            Topic::Present { led: 0, .. } => {
                Err(Silence::Dead("no partition has a leader".to_owned()))
            }
            Topic::Missing { error } => {
                Err(Silence::Dead(format!("the topic is missing: {error}")))
            }
            Topic::Present { .. } | Topic::Unknown => Ok(()),
        }
    }

    fn answered(&mut self, now: Instant) {
        let fresh = match self.standing {
            Standing::Away { until, .. } => now < until,
            Standing::Untried | Standing::Up | Standing::Doubted { .. } => false,
        };
        if !fresh || self.some_are_led() {
            self.standing = Standing::Up;
        }
    }

    fn unanswered(&mut self, silence: Silence, asked: Instant, now: Instant) {
        self.standing = match (&self.standing, silence) {
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
            (Standing::Up, Silence::Slow(why)) => Standing::Doubted { why, since: asked },
            (Standing::Doubted { since, .. }, Silence::Slow(why))
                if now < *since + self.patience =>
            {
                Standing::Doubted { why, since: *since }
            }
            (Standing::Doubted { .. }, Silence::Slow(why))
            | (Standing::Up | Standing::Doubted { .. }, Silence::Dead(why)) => {
                Standing::Away { why, until: now }
            }
        };
        if !self.admits() {
            // It explains the failures: the first try behind it does not repeat theirs.
            self.hold = HOLD;
        }
    }

    pub(super) fn next_probe(&self, now: Instant) -> Duration {
        let well = matches!(self.topic, Topic::Present { partitions, led } if led == partitions);
        let since = |proof: Option<Instant>, pause: Duration| {
            proof.map_or(Duration::ZERO, |at| (at + pause).saturating_duration_since(now))
        };
        match self.standing {
            Standing::Up if well => {
                let idle = since(self.last_probe.max(self.last_ack), PROBE_IDLE);
                idle.min(since(self.last_probe, PROBE_BUSY))
            }
            Standing::Up | Standing::Untried | Standing::Doubted { .. } | Standing::Away { .. } => {
                since(self.last_probe, PROBE_AWAY)
            }
        }
    }

    pub(super) fn report(&self) -> Report {
        match &self.standing {
            Standing::Untried => Report::Untried,
            Standing::Up => Report::Up,
            Standing::Doubted { why, .. } => Report::Doubted { why: why.clone() },
            Standing::Away { why, .. } => Report::Away { why: why.clone() },
        }
    }
}

#[cfg(test)]
mod tests;
