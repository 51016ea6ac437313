//! What probes say of Kafka, what is known of it, and what is said of that.

use crate::delivery::availability::topic_state::TopicState;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why a probe gives no hope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeError {
    /// No broker answered in time; a post may wait for longer.
    Slow(String),
    /// No broker is there, or they say that no post can be published.
    Dead(String),
}

/// What readiness needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthReport {
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
    /// Leaders answer and have not acked what they were sent: it would be tried.
    Unproven {
        /// What was not acked, in words.
        why: String,
        /// How much hope there is.
        hope: Hope,
    },
}

/// The same with its age, for people.
#[derive(Debug, Clone)]
pub struct Knowledge {
    /// The report.
    pub report: HealthReport,
    /// For how long Kafka has been up, or not.
    pub unchanged_for: Duration,
    /// How long ago a record was acked.
    pub last_ack: Option<Duration>,
    /// How long ago a probe ended.
    pub last_probe: Option<Duration>,
    /// The topic, as it was seen last.
    pub topic: Arc<TopicState>,
    /// How long ago that was.
    pub topic_seen: Option<Duration>,
}

/// What is known of Kafka. What leads from one state to the other is in
/// [`availability_state`](crate::delivery::availability::availability_state).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KafkaHealth {
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
    /// Probes succeed, and an ack is owed: posts are tried.
    Unproven {
        why: String,
    },
}

/// What a line of the log is made of.
pub(super) struct HealthSnapshot<'a> {
    pub(super) kind: HealthKind,
    pub(super) why: &'a str,
    /// Whether a probe has ended since the last failure, which may say why.
    pub(super) settled: bool,
    pub(super) topic: &'a Arc<TopicState>,
    pub(super) waiting: u64,
}

/// The state of Kafka, without the reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HealthKind {
    Untried,
    Up,
    Doubted,
    Away,
    /// Of which there is hope is [`HealthKind::Up`].
    Unproven,
}

/// How much hope there is for what only an ack can prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hope {
    /// As much as before the failure, which was one.
    Full,
    /// None, but posts must come if there is to be an ack.
    Chance,
    /// None.
    Lost,
}
