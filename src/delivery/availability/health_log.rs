//! What the log says of Kafka: that it is away, for how long, and that it is there; and the same of
//! partitions that take no records while others do.
//!
//! Promise: one line for each change that an operator should know of, however often Kafka is tried
//! and found away within one outage; [`rhythm`](crate::delivery::availability::flap_filter) says when. It
//! decides nothing; a line is written by whoever asked for it, outside the lock around this.

use crate::delivery::availability::flap_filter::{EVERY, FlapFilter, Notice};
use crate::delivery::availability::health_report::{HealthKind, HealthSnapshot};
use crate::delivery::availability::topic_state::TopicState;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a doubt lasts before it is logged: most end sooner, or as an outage.
const DOUBT: Duration = Duration::from_secs(5);

/// What was logged.
#[derive(Debug)]
pub(super) struct HealthLog {
    /// From the start on, until the first proof.
    start: Option<Instant>,
    /// Since when it is as it is.
    turned: Option<(HealthKind, Instant)>,
    /// Since when it is not there.
    since: Option<Instant>,
    outage: FlapFilter,
    partial: FlapFilter,
    /// The topic as it was seen last while Kafka was there, and in words.
    topic: Arc<TopicState>,
    sight: String,
}

/// One line of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HealthLine {
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

impl HealthLog {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            start: Some(now),
            turned: None,
            since: Some(now),
            outage: FlapFilter::default(),
            partial: FlapFilter::default(),
            topic: Arc::new(TopicState::Unknown),
            sight: String::new(),
        }
    }

    /// The line to be logged, if any.
    pub(super) fn line(&mut self, seen: &HealthSnapshot<'_>, now: Instant) -> Option<HealthLine> {
        let since = *self.since.get_or_insert(now);
        let turned = match self.turned {
            Some((kind, turned)) if kind == seen.kind => turned,
            Some(_) | None => now,
        };
        self.turned = Some((seen.kind, turned));
        let is_believed = match seen.kind {
            HealthKind::Up => {
                self.since = None;
                return self.there(now).or_else(|| self.of_topic(seen.topic, now));
            }
            // The drain tells what is not taken from it.
            HealthKind::Unproven if seen.waiting > 0 => return None,
            HealthKind::Away if seen.settled => true,
            HealthKind::Away | HealthKind::Doubted | HealthKind::Unproven => turned + DOUBT <= now,
            HealthKind::Untried => since + EVERY <= now,
        };
        if !is_believed && !self.outage.is_there() {
            return None;
        }
        let beat = self.outage.troubled(seen.why, since, now)?;
        let (why, waiting) = (seen.why.to_owned(), seen.waiting);
        match beat {
            Notice::First if seen.kind == HealthKind::Doubted => Some(HealthLine::Doubted { why }),
            Notice::First => Some(HealthLine::Away { why, waiting }),
            Notice::Still { lasted: away } => Some(HealthLine::StillAway { why, away, waiting }),
            Notice::Again => Some(HealthLine::ComesAndGoes { why, waiting }),
            Notice::StillAgain { lasted, times } => {
                Some(HealthLine::StillComesAndGoes { why, lasted, times, waiting })
            }
            Notice::Over { .. } | Notice::OverForGood { .. } => None,
        }
    }

    fn there(&mut self, now: Instant) -> Option<HealthLine> {
        let start = self.start.take();
        let there = |since| HealthLine::There { away: now.saturating_duration_since(since) };
        match self.outage.well(now) {
            Some(Notice::Over { lasted }) => Some(HealthLine::There { away: lasted }),
            Some(Notice::OverForGood { times }) => Some(HealthLine::Stays { times }),
            Some(
                Notice::First | Notice::Still { .. } | Notice::Again | Notice::StillAgain { .. },
            )
            | None => start.map(there),
        }
    }

    /// Where Kafka is away, its trouble is the line's reason.
    fn of_topic(&mut self, topic: &Arc<TopicState>, now: Instant) -> Option<HealthLine> {
        // Looked at with every ack.
        if !Arc::ptr_eq(topic, &self.topic) {
            self.topic = topic.clone();
            self.sight = match &**topic {
                TopicState::Present(sight) => sight.to_string(),
                TopicState::Unknown | TopicState::Hidden { .. } | TopicState::Missing { .. } => {
                    String::new()
                }
            };
        }
        let beat = if topic.is_partial() {
            self.partial.troubled(&self.sight, now, now)
        } else {
            self.partial.well(now)
        };
        let (beat, topic) = (beat?, self.sight.clone());
        Some(match beat {
            Notice::First | Notice::Again => HealthLine::Partial { topic },
            Notice::Still { lasted } | Notice::StillAgain { lasted, .. } => {
                HealthLine::StillPartial { topic, lasted }
            }
            Notice::Over { .. } | Notice::OverForGood { .. } => HealthLine::Whole { topic },
        })
    }
}

impl HealthLine {
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

    fn waiting(
        told: &mut HealthLog,
        kind: HealthKind,
        waiting: u64,
        now: Instant,
    ) -> Option<HealthLine> {
        let topic = Arc::new(TopicState::Unknown);
        let seen = HealthSnapshot { kind, why: "refused", settled: true, topic: &topic, waiting };
        told.line(&seen, now)
    }

    fn line(told: &mut HealthLog, kind: HealthKind, now: Instant) -> Option<HealthLine> {
        waiting(told, kind, 0, now)
    }

    fn away(waiting: u64) -> HealthLine {
        HealthLine::Away { why: "refused".to_owned(), waiting }
    }

    #[test]
    fn an_outage_is_one_line_however_often_kafka_is_tried_and_then_one_a_minute() {
        let start = Instant::now();
        let mut told = HealthLog::new(start);
        let there = HealthLine::There { away: SECOND };
        assert_eq!(line(&mut told, HealthKind::Up, start + SECOND), Some(there));
        let begun = start + 2 * SECOND;
        assert_eq!(line(&mut told, HealthKind::Away, begun), Some(away(0)));
        for tick in 1..60 {
            for kind in [HealthKind::Unproven, HealthKind::Away, HealthKind::Doubted] {
                assert_eq!(line(&mut told, kind, begun + tick * SECOND), None);
            }
        }
        let still = HealthLine::StillAway { why: "refused".to_owned(), away: EVERY, waiting: 0 };
        assert_eq!(line(&mut told, HealthKind::Unproven, begun + EVERY), Some(still));
        assert_eq!(line(&mut told, HealthKind::Away, begun + EVERY + SECOND), None);
        let there = HealthLine::There { away: EVERY + 2 * SECOND };
        assert_eq!(line(&mut told, HealthKind::Up, begun + EVERY + 2 * SECOND), Some(there));
    }

    #[test]
    fn a_start_without_an_answer_is_no_outage_before_it_is_believed() {
        let start = Instant::now();
        let mut told = HealthLog::new(start);
        assert_eq!(line(&mut told, HealthKind::Untried, start), None);
        assert_eq!(waiting(&mut told, HealthKind::Away, 7, start + 3 * SECOND), Some(away(7)));
    }

    #[test]
    fn posts_that_nobody_acks_are_an_outage_and_what_the_drain_owes_is_for_it_to_tell() {
        let start = Instant::now();
        let mut told = HealthLog::new(start);
        line(&mut told, HealthKind::Up, start);
        assert_eq!(line(&mut told, HealthKind::Unproven, start + SECOND), None);
        assert_eq!(line(&mut told, HealthKind::Unproven, start + SECOND + DOUBT), Some(away(0)));
        let minutes = start + SECOND + 3 * EVERY;
        assert_eq!(waiting(&mut told, HealthKind::Unproven, 7, minutes), None);
        let there = HealthLine::There { away: 3 * EVERY };
        assert_eq!(line(&mut told, HealthKind::Up, minutes), Some(there));
    }
}
