//! What the log is told of Kafka: that it is away, once a minute for how long, and that it is there.
//!
//! Promise: one line for each change that an operator should know of, however often Kafka is tried
//! and found away within one outage. It decides nothing; a line is written by whoever asked for it,
//! outside the lock that this stands behind.

use crate::delivery::availability::report::{Glimpse, Seen};
use crate::delivery::availability::topic::Topic;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two lines of one outage.
const EVERY: Duration = Duration::from_secs(60);

/// What was told.
#[derive(Debug)]
pub(super) struct Chronicle {
    outage: Option<Outage>,
    /// The topic as it was told while Kafka was there.
    topic: Arc<Topic>,
}

/// From the start on, until the first proof; then whenever Kafka is not there.
#[derive(Debug)]
struct Outage {
    since: Instant,
    /// Whether it was said that posts are not tried.
    said: bool,
    /// When the last line was due.
    told: Instant,
}

/// One line of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    There { away: Duration },
    Doubted { why: String },
    Away { why: String },
    StillAway { why: String, away: Duration, waiting: u64 },
    Partial { topic: String },
    Whole { topic: String },
}

impl Chronicle {
    pub(super) fn new(now: Instant) -> Self {
        let outage = Some(Outage { since: now, said: false, told: now });
        Self { outage, topic: Arc::new(Topic::Unknown) }
    }

    /// What is to be told, if anything.
    pub(super) fn line(&mut self, seen: &Seen<'_>, now: Instant) -> Option<Line> {
        let why = || seen.why.to_owned();
        let begun = self.outage.is_none();
        match (seen.glimpse, &mut self.outage) {
            (Glimpse::Up, None) => self.of_topic(seen.topic),
            (Glimpse::Up, Some(outage)) => {
                let away = now.saturating_duration_since(outage.since);
                (self.outage, self.topic) = (None, seen.topic.clone());
                Some(Line::There { away })
            }
            (glimpse, outage) => {
                let outage = outage.get_or_insert(Outage { since: now, said: false, told: now });
                if glimpse == Glimpse::Away && seen.settled && !outage.said {
                    (outage.said, outage.told) = (true, now);
                    return Some(Line::Away { why: why() });
                }
                if glimpse == Glimpse::Doubted && begun {
                    return Some(Line::Doubted { why: why() });
                }
                if now < outage.told + EVERY {
                    return None;
                }
                outage.told = now;
                let away = now.saturating_duration_since(outage.since);
                Some(Line::StillAway { why: why(), away, waiting: seen.waiting })
            }
        }
    }

    /// Where Kafka is away, its trouble is the line's reason.
    fn of_topic(&mut self, topic: &Arc<Topic>) -> Option<Line> {
        if Arc::ptr_eq(topic, &self.topic) {
            return None;
        }
        let (before, now) = (self.topic.is_partial(), topic.is_partial());
        self.topic = topic.clone();
        let Topic::Present(sight) = &*self.topic else { return None };
        match (before, now) {
            (_, true) => Some(Line::Partial { topic: sight.to_string() }),
            (true, false) => Some(Line::Whole { topic: sight.to_string() }),
            (false, false) => None,
        }
    }
}

impl Line {
    /// Writes it.
    pub(super) fn write(self) {
        match self {
            Self::There { away } => {
                tracing::info!(after_seconds = away.as_secs(), "kafka is there");
            }
            Self::Doubted { why } => {
                tracing::warn!(error = why, "kafka does not answer a probe, posts are still tried");
            }
            Self::Away { why } => tracing::warn!(error = why, "kafka is away"),
            Self::StillAway { why, away, waiting } => {
                let for_seconds = away.as_secs();
                tracing::warn!(error = why, for_seconds, waiting, "kafka is still away");
            }
            Self::Partial { topic } => {
                tracing::warn!(topic, "some partitions take no records");
            }
            Self::Whole { topic } => tracing::info!(topic, "all partitions take records"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(told: &mut Chronicle, glimpse: Glimpse, now: Instant) -> Option<Line> {
        let topic = Arc::new(Topic::Unknown);
        let seen = Seen { glimpse, why: "refused", settled: true, topic: &topic, waiting: 7 };
        told.line(&seen, now)
    }

    #[test]
    fn an_outage_is_one_line_however_often_kafka_is_tried_and_then_one_a_minute() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut told = Chronicle::new(start);
        let there = Line::There { away: second };
        assert_eq!(line(&mut told, Glimpse::Up, start + second), Some(there));
        let away = start + 2 * second;
        let why = "refused".to_owned();
        assert_eq!(line(&mut told, Glimpse::Away, away), Some(Line::Away { why: why.clone() }));
        for tick in 1..60 {
            for glimpse in [Glimpse::Unproven, Glimpse::Away, Glimpse::Doubted] {
                assert_eq!(line(&mut told, glimpse, away + tick * second), None);
            }
        }
        let still = Line::StillAway { why, away: EVERY, waiting: 7 };
        assert_eq!(line(&mut told, Glimpse::Unproven, away + EVERY), Some(still));
        assert_eq!(line(&mut told, Glimpse::Away, away + EVERY + second), None);
        let there = Line::There { away: EVERY + 2 * second };
        assert_eq!(line(&mut told, Glimpse::Up, away + EVERY + 2 * second), Some(there));
    }

    #[test]
    fn a_start_without_an_answer_is_no_outage_before_it_is_believed() {
        let start = Instant::now();
        let mut told = Chronicle::new(start);
        assert_eq!(line(&mut told, Glimpse::Untried, start), None);
        let away = line(&mut told, Glimpse::Away, start + Duration::from_secs(3));
        assert_eq!(away, Some(Line::Away { why: "refused".to_owned() }));
    }
}
