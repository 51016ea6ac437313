//! What is held to be there or away: Kafka, or one topic of it beside that of the notifications.
//!
//! Promise: an operator sees by the words of a line which of the two it is about. It decides
//! nothing.

use crate::delivery::availability::flap_filter::Notice;
use crate::delivery::availability::health_log::HealthLine;
use std::sync::Arc;
use std::time::Duration;

/// See the module.
#[derive(Debug)]
pub(super) enum Subject {
    /// As the notifications see it.
    Kafka,
    /// The topic of dead letters.
    DeadLetters { topic: Arc<str> },
}

impl Subject {
    /// Writes a line on it.
    pub(super) fn log(&self, line: HealthLine) {
        match self {
            Self::Kafka => line.write(),
            Self::DeadLetters { topic } => log_dead_letters(topic, &line),
        }
    }
}

fn log_dead_letters(topic: &str, line: &HealthLine) {
    match line {
        HealthLine::There { .. } => log_there(topic),
        // It is said of Kafka.
        HealthLine::Doubted { why } => {
            tracing::debug!(topic, error = why, "the dead-letter topic does not answer a probe");
        }
        HealthLine::Outage { notice, why, .. } => match lasted(notice) {
            Ok(for_seconds) => tracing::warn!(
                topic,
                error = why,
                for_seconds,
                "the dead-letter topic takes no records"
            ),
            Err(Over) => log_there(topic),
        },
        HealthLine::Partial { notice, topic: partitions } => match lasted(notice) {
            Ok(for_seconds) => tracing::warn!(
                topic,
                partitions,
                for_seconds,
                "some partitions of the dead-letter topic take no records"
            ),
            Err(Over) => {
                tracing::info!(topic, "all partitions of the dead-letter topic take records");
            }
        },
    }
}

fn log_there(topic: &str) {
    tracing::info!(topic, "the dead-letter topic takes records");
}

/// It is as it should be.
struct Over;

/// For how long it has not been, in seconds, as far as that is to be said.
fn lasted(notice: &Notice) -> Result<Option<u64>, Over> {
    let seconds = |lasted: &Duration| Some(lasted.as_secs());
    match notice {
        Notice::First | Notice::Again => Ok(None),
        Notice::Still { lasted } | Notice::StillAgain { lasted, .. } => Ok(seconds(lasted)),
        Notice::Over { .. } | Notice::OverForGood { .. } => Err(Over),
    }
}
