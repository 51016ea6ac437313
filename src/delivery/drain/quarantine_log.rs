//! What the log says of rows that are quarantined. A plain value that gets the time.
//!
//! Promise: the first of a reason is a line of its own, and those behind it a count a minute, however
//! many they are; none is left out uncounted.

use crate::delivery::kafka::delivery_error::DeliveryError;
use crate::delivery::spool::row::RowId;
use crate::rare_line::LineQuota;
use std::time::{Duration, Instant};

/// Between the lines of one reason.
const MINUTE: Duration = Duration::from_secs(60);
/// Reasons with a line of their own; they are codes and topics, so that more are not to be expected.
const REASONS: usize = 16;
/// What the spool keeps for a row that was not sent, because it is too large: what a broker would say.
const TOO_LARGE: &str = "MessageSizeTooLarge";

/// Why a row is quarantined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum QuarantineReason {
    /// Kafka, or its client, refused it while it was alone.
    Refused(DeliveryError),
    /// It takes at least `bytes` bytes, and the topic takes fewer.
    TooLarge { bytes: usize, most: u32 },
    /// Its topic stays missing; in words.
    Missing(String),
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct QuarantineLog {
    logged: Vec<LoggedReason>,
}

/// A reason that was logged.
#[derive(Debug)]
struct LoggedReason {
    why: String,
    topic: String,
    line: LineQuota,
}

impl QuarantineReason {
    /// As the spool keeps it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Refused(error) => error.to_string(),
            Self::TooLarge { .. } => TOO_LARGE.to_owned(),
            Self::Missing(why) => why.clone(),
        }
    }
}

impl QuarantineLog {
    /// This row is quarantined.
    pub(super) fn add(&mut self, topic: &str, row: RowId, reason: &QuarantineReason, now: Instant) {
        self.sum_up(now);
        if !self.admits(topic, reason, now) {
            return;
        }
        match reason {
            QuarantineReason::Refused(error) => {
                tracing::error!(topic, %row, error = %error, "a record was refused and is quarantined");
            }
            QuarantineReason::TooLarge { bytes, most } => tracing::error!(
                topic,
                %row,
                bytes,
                max_message_bytes = most,
                "a record is larger than its topic takes and is quarantined, it was not sent"
            ),
            QuarantineReason::Missing(why) => {
                tracing::error!(topic, %row, why, "records of a missing topic are quarantined");
            }
        }
    }

    /// Whether it has a line of its own.
    fn admits(&mut self, topic: &str, reason: &QuarantineReason, now: Instant) -> bool {
        let why = reason.text();
        let is_full = self.logged.len() == REASONS;
        if let Some(logged) = self.logged.iter_mut().find(|logged| is_full || logged.why == why) {
            return logged.line.note(now).is_some();
        }
        let mut line = LineQuota::every(MINUTE);
        let is_first = line.note(now).is_some();
        self.logged.push(LoggedReason { why, topic: topic.to_owned(), line });
        is_first
    }

    /// Sums up what was left out a minute ago.
    pub(super) fn sum_up(&mut self, now: Instant) {
        self.logged.retain_mut(|logged| {
            let left_out = logged.line.sum_up(now);
            logged.log_more(left_out);
            logged.line.is_spent(now)
        });
    }

    /// Sums up all that was left out.
    pub(super) fn end(&mut self) {
        for mut logged in self.logged.drain(..) {
            let left_out = logged.line.end();
            logged.log_more(left_out);
        }
    }
}

impl LoggedReason {
    fn log_more(&self, left_out: Option<u64>) {
        let Self { why, topic, line: _ } = self;
        if let Some(records) = left_out {
            tracing::error!(topic, why, records, "more records were quarantined");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_line_and_then_one_a_minute_while_it_lasts() {
        let (mut log, start) = (QuarantineLog::default(), Instant::now());
        let size = QuarantineReason::TooLarge { bytes: 5_000, most: 4_000 };
        let larger = QuarantineReason::TooLarge { bytes: 6_000, most: 4_000 };
        let missing = QuarantineReason::Missing("topic typo missing for 10m".to_owned());
        assert!(log.admits("events", &size, start));
        assert!(!log.admits("events", &larger, start));
        assert!(log.admits("typo", &missing, start));
        log.sum_up(start + MINUTE);
        assert_eq!(log.logged.len(), 1, "of the other there were no more");
        assert!(!log.admits("events", &size, start + MINUTE));
        log.sum_up(start + 2 * MINUTE);
        log.sum_up(start + 3 * MINUTE);
        assert!(log.admits("events", &size, start + 3 * MINUTE));
    }
}
