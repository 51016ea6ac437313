//! What the log is told of Kafka: that it is away, for how long, and that it is there; and the same of
//! partitions that take no records while others do.
//!
//! Promise: one line for each change that an operator should know of, however often Kafka is tried
//! and found away within one outage; [`rhythm`](crate::delivery::availability::flap_filter) says when. It
//! decides nothing; a line is written by whoever asked for it, outside the lock that this stands behind.

use crate::delivery::availability::flap_filter::{Beat, EVERY, Rhythm};
use crate::delivery::availability::health_report::{Glimpse, Seen};
use crate::delivery::availability::topic_state::Topic;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a doubt lasts before it is told: most end sooner, or as an outage.
const DOUBT: Duration = Duration::from_secs(5);

/// What was told.
#[derive(Debug)]
pub(super) struct Chronicle {
    /// From the start on, until the first proof.
    start: Option<Instant>,
    /// Since when it stands as it does.
    turned: Option<(Glimpse, Instant)>,
    /// Since when it is not there.
    since: Option<Instant>,
    outage: Rhythm,
    partial: Rhythm,
    /// The topic as it was seen last while Kafka was there, and in words.
    topic: Arc<Topic>,
    sight: String,
}

/// One line of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    There { away: Duration },
    Doubted { why: String },
    Away { why: String, waiting: u64 },
    StillAway { why: String, away: Duration, waiting: u64 },
    ComesAndGoes { why: String, waiting: u64 },
    StillComesAndGoes { why: String, lasted: Duration, times: u32, waiting: u64 },
    Stays { times: u32 },
    Partial { topic: String },
    StillPartial { topic: String, lasted: Duration },
    Whole { topic: String },
}

impl Chronicle {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            start: Some(now),
            turned: None,
            since: Some(now),
            outage: Rhythm::default(),
            partial: Rhythm::default(),
            topic: Arc::new(Topic::Unknown),
            sight: String::new(),
        }
    }

    /// What is to be told, if anything.
    pub(super) fn line(&mut self, seen: &Seen<'_>, now: Instant) -> Option<Line> {
        let since = *self.since.get_or_insert(now);
        let turned = match self.turned {
            Some((glimpse, turned)) if glimpse == seen.glimpse => turned,
            Some(_) | None => now,
        };
        self.turned = Some((seen.glimpse, turned));
        let is_believed = match seen.glimpse {
            Glimpse::Up => {
                self.since = None;
                return self.there(now).or_else(|| self.of_topic(seen.topic, now));
            }
            // The drain tells what is not taken from it.
            Glimpse::Unproven if seen.waiting > 0 => return None,
            Glimpse::Away if seen.settled => true,
            Glimpse::Away | Glimpse::Doubted | Glimpse::Unproven => turned + DOUBT <= now,
            Glimpse::Untried => since + EVERY <= now,
        };
        if !is_believed && !self.outage.is_there() {
            return None;
        }
        let beat = self.outage.troubled(seen.why, since, now)?;
        let (why, waiting) = (seen.why.to_owned(), seen.waiting);
        match beat {
            Beat::First if seen.glimpse == Glimpse::Doubted => Some(Line::Doubted { why }),
            Beat::First => Some(Line::Away { why, waiting }),
            Beat::Still { lasted: away } => Some(Line::StillAway { why, away, waiting }),
            Beat::Again => Some(Line::ComesAndGoes { why, waiting }),
            Beat::StillAgain { lasted, times } => {
                Some(Line::StillComesAndGoes { why, lasted, times, waiting })
            }
            Beat::Over { .. } | Beat::OverForGood { .. } => None,
        }
    }

    fn there(&mut self, now: Instant) -> Option<Line> {
        let start = self.start.take();
        let there = |since| Line::There { away: now.saturating_duration_since(since) };
        match self.outage.well(now) {
            Some(Beat::Over { lasted }) => Some(Line::There { away: lasted }),
            Some(Beat::OverForGood { times }) => Some(Line::Stays { times }),
            Some(Beat::First | Beat::Still { .. } | Beat::Again | Beat::StillAgain { .. })
            | None => start.map(there),
        }
    }

    /// Where Kafka is away, its trouble is the line's reason.
    fn of_topic(&mut self, topic: &Arc<Topic>, now: Instant) -> Option<Line> {
        // Looked at with every ack.
        if !Arc::ptr_eq(topic, &self.topic) {
            self.topic = topic.clone();
            self.sight = match &**topic {
                Topic::Present(sight) => sight.to_string(),
                Topic::Unknown | Topic::Hidden { .. } | Topic::Missing { .. } => String::new(),
            };
        }
        let beat = if topic.is_partial() {
            self.partial.troubled(&self.sight, now, now)
        } else {
            self.partial.well(now)
        };
        let (beat, topic) = (beat?, self.sight.clone());
        Some(match beat {
            Beat::First | Beat::Again => Line::Partial { topic },
            Beat::Still { lasted } | Beat::StillAgain { lasted, .. } => {
                Line::StillPartial { topic, lasted }
            }
            Beat::Over { .. } | Beat::OverForGood { .. } => Line::Whole { topic },
        })
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
            Self::Away { why, waiting } => {
                let waiting = (waiting > 0).then_some(waiting);
                tracing::warn!(error = why, waiting, "kafka is away");
            }
            Self::StillAway { why, away, waiting } => {
                let for_seconds = away.as_secs();
                tracing::warn!(error = why, for_seconds, waiting, "kafka is still away");
            }
            Self::ComesAndGoes { why, waiting } => {
                tracing::warn!(error = why, waiting, "kafka comes and goes");
            }
            Self::StillComesAndGoes { why, lasted, times, waiting } => {
                let for_seconds = lasted.as_secs();
                tracing::warn!(
                    error = why,
                    for_seconds,
                    times,
                    waiting,
                    "kafka still comes and goes"
                );
            }
            Self::Stays { times } => tracing::info!(times, "kafka comes and goes no more"),
            Self::Partial { topic } => {
                tracing::warn!(topic, "some partitions take no records");
            }
            Self::StillPartial { topic, lasted } => {
                let for_seconds = lasted.as_secs();
                tracing::warn!(topic, for_seconds, "some partitions still take no records");
            }
            Self::Whole { topic } => tracing::info!(topic, "all partitions take records"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn waiting(told: &mut Chronicle, glimpse: Glimpse, waiting: u64, now: Instant) -> Option<Line> {
        let topic = Arc::new(Topic::Unknown);
        let seen = Seen { glimpse, why: "refused", settled: true, topic: &topic, waiting };
        told.line(&seen, now)
    }

    fn line(told: &mut Chronicle, glimpse: Glimpse, now: Instant) -> Option<Line> {
        waiting(told, glimpse, 0, now)
    }

    fn away(waiting: u64) -> Line {
        Line::Away { why: "refused".to_owned(), waiting }
    }

    #[test]
    fn an_outage_is_one_line_however_often_kafka_is_tried_and_then_one_a_minute() {
        let start = Instant::now();
        let mut told = Chronicle::new(start);
        let there = Line::There { away: SECOND };
        assert_eq!(line(&mut told, Glimpse::Up, start + SECOND), Some(there));
        let begun = start + 2 * SECOND;
        assert_eq!(line(&mut told, Glimpse::Away, begun), Some(away(0)));
        for tick in 1..60 {
            for glimpse in [Glimpse::Unproven, Glimpse::Away, Glimpse::Doubted] {
                assert_eq!(line(&mut told, glimpse, begun + tick * SECOND), None);
            }
        }
        let still = Line::StillAway { why: "refused".to_owned(), away: EVERY, waiting: 0 };
        assert_eq!(line(&mut told, Glimpse::Unproven, begun + EVERY), Some(still));
        assert_eq!(line(&mut told, Glimpse::Away, begun + EVERY + SECOND), None);
        let there = Line::There { away: EVERY + 2 * SECOND };
        assert_eq!(line(&mut told, Glimpse::Up, begun + EVERY + 2 * SECOND), Some(there));
    }

    #[test]
    fn a_start_without_an_answer_is_no_outage_before_it_is_believed() {
        let start = Instant::now();
        let mut told = Chronicle::new(start);
        assert_eq!(line(&mut told, Glimpse::Untried, start), None);
        assert_eq!(waiting(&mut told, Glimpse::Away, 7, start + 3 * SECOND), Some(away(7)));
    }

    #[test]
    fn posts_that_nobody_acks_are_an_outage_and_what_the_drain_owes_is_for_it_to_tell() {
        let start = Instant::now();
        let mut told = Chronicle::new(start);
        line(&mut told, Glimpse::Up, start);
        assert_eq!(line(&mut told, Glimpse::Unproven, start + SECOND), None);
        assert_eq!(line(&mut told, Glimpse::Unproven, start + SECOND + DOUBT), Some(away(0)));
        let minutes = start + SECOND + 3 * EVERY;
        assert_eq!(waiting(&mut told, Glimpse::Unproven, 7, minutes), None);
        let there = Line::There { away: 3 * EVERY };
        assert_eq!(line(&mut told, Glimpse::Up, minutes), Some(there));
    }
}
