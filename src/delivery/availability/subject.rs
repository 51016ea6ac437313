//! What is held to be there or away: Kafka, or one topic of it beside that of the notifications.
//!
//! Promise: an operator sees by the words of a line which of the two it is about, and an outage of
//! both is said of Kafka alone. It decides nothing.

use crate::delivery::availability::Availability;
use crate::delivery::availability::flap_filter::Notice;
use crate::delivery::availability::health_log::{HealthLine, seconds};
use crate::delivery::availability::health_report::HealthReport;
use std::sync::Arc;
use std::time::Duration;

/// See the module.
pub(super) enum Subject {
    /// As the notifications see it.
    Kafka,
    /// The topic of dead letters, as far as Kafka is there.
    DeadLetters { topic: Arc<str>, kafka: Arc<Availability> },
}

impl Subject {
    /// Writes a line on it.
    pub(super) fn log(&self, line: HealthLine) {
        match self {
            Self::Kafka => line.write(),
            Self::DeadLetters { topic, kafka } => {
                if kafka.report() == HealthReport::Up {
                    log_dead_letters(topic, &line);
                }
            }
        }
    }
}

fn log_dead_letters(topic: &str, line: &HealthLine) {
    match line {
        HealthLine::There { after } => log_there(topic, *after),
        // It is said of Kafka.
        HealthLine::Doubted { why, after: _ } => {
            tracing::debug!(topic, error = why, "the dead-letter topic does not answer a probe");
        }
        HealthLine::Outage { notice, why, .. } => match change(notice) {
            Change::Bad { after, lasted } => tracing::warn!(
                topic,
                error = why,
                after_seconds = seconds(after),
                for_seconds = seconds(lasted),
                "the dead-letter topic takes no records"
            ),
            Change::Good { after } => log_there(topic, after),
        },
        HealthLine::Partial { notice, topic: partitions } => match change(notice) {
            Change::Bad { after, lasted } => tracing::warn!(
                topic,
                partitions,
                after_seconds = seconds(after),
                for_seconds = seconds(lasted),
                "some partitions of the dead-letter topic take no records"
            ),
            Change::Good { after } => tracing::info!(
                topic,
                after_seconds = after.as_secs(),
                "all partitions of the dead-letter topic take records"
            ),
        },
    }
}

fn log_there(topic: &str, after: Duration) {
    let after_seconds = after.as_secs();
    tracing::info!(topic, after_seconds, "the dead-letter topic takes records");
}

/// What a notice says, whether it is one of many or not.
enum Change {
    /// It has gone bad after this time, or has been so for that long; where that is to be said.
    Bad { after: Option<Duration>, lasted: Option<Duration> },
    /// It is good again.
    Good { after: Duration },
}

fn change(notice: &Notice) -> Change {
    match *notice {
        Notice::First { after } => Change::Bad { after, lasted: None },
        Notice::Again => Change::Bad { after: None, lasted: None },
        Notice::Still { lasted } | Notice::StillAgain { lasted, .. } => {
            Change::Bad { after: None, lasted: Some(lasted) }
        }
        Notice::Over { lasted } | Notice::OverForGood { lasted, .. } => {
            Change::Good { after: lasted }
        }
    }
}
