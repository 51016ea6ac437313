//! What the log says of Kafka: that it is away, for how long, and that it is there; and the same of
//! partitions that take no records while others do.
//!
//! Promise: one line for each change that an operator should know of, however often Kafka is tried
//! and found away within one outage; [`FlapFilter`] says when. It decides nothing; a line is written by
//! whoever asked for it, outside the lock around this.

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
    topic_text: String,
}

/// One line of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HealthLine {
    There { after: Duration },
    Doubted { why: String, after: Option<Duration> },
    Outage { notice: Notice, why: String, waiting: u64 },
    Partial { notice: Notice, topic: String },
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
            topic_text: String::new(),
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
            // The drain logs what is not taken from it.
            HealthKind::Unproven if seen.waiting > 0 => return None,
            HealthKind::Away if seen.settled => true,
            HealthKind::Away | HealthKind::Doubted | HealthKind::Unproven => turned + DOUBT <= now,
            HealthKind::Untried => since + EVERY <= now,
        };
        if !is_believed && !self.outage.is_there() {
            return None;
        }
        let notice = self.outage.there(seen.why, since, now)?;
        let (why, waiting) = (seen.why.to_owned(), seen.waiting);
        Some(match (notice, seen.kind) {
            (Notice::First { after }, HealthKind::Doubted) => HealthLine::Doubted { why, after },
            (notice, _) => HealthLine::Outage { notice, why, waiting },
        })
    }

    fn there(&mut self, now: Instant) -> Option<HealthLine> {
        let start = self.start.take();
        let over = self.outage.gone(now);
        over.map(|notice| HealthLine::Outage { notice, why: String::new(), waiting: 0 }).or_else(
            || start.map(|start| HealthLine::There { after: now.saturating_duration_since(start) }),
        )
    }

    /// While Kafka is away, why it is is the line's reason, and not the topic.
    fn of_topic(&mut self, topic: &Arc<TopicState>, now: Instant) -> Option<HealthLine> {
        // Looked at with every ack.
        if !Arc::ptr_eq(topic, &self.topic) {
            self.topic = topic.clone();
            self.topic_text = match &**topic {
                TopicState::Present(description) => description.to_string(),
                TopicState::Unknown | TopicState::Hidden { .. } | TopicState::Missing { .. } => {
                    String::new()
                }
            };
        }
        let notice = if topic.is_partial() {
            self.partial.there(&self.topic_text, now, now)
        } else {
            self.partial.gone(now)
        };
        Some(HealthLine::Partial { notice: notice?, topic: self.topic_text.clone() })
    }
}

impl HealthLine {
    /// Writes it.
    pub(super) fn write(self) {
        match self {
            Self::There { after } => log_there(after),
            Self::Doubted { why, after } => tracing::warn!(
                error = why,
                after_seconds = seconds(after),
                "kafka does not answer a probe, posts are still tried"
            ),
            Self::Outage { notice, why, waiting } => log_outage(notice, &why, waiting),
            Self::Partial { notice, topic } => match notice {
                Notice::First { after } => log_partial(&topic, after),
                Notice::Again => log_partial(&topic, None),
                Notice::Still { lasted } | Notice::StillAgain { lasted, .. } => {
                    let for_seconds = lasted.as_secs();
                    tracing::warn!(topic, for_seconds, "some partitions still take no records");
                }
                Notice::Over { lasted } | Notice::OverForGood { lasted, .. } => {
                    let after_seconds = lasted.as_secs();
                    tracing::info!(topic, after_seconds, "all partitions take records");
                }
            },
        }
    }
}

/// As the log shows how long the state before held: left out where there was none.
pub(super) fn seconds(after: Option<Duration>) -> Option<u64> {
    after.map(|after| after.as_secs())
}

fn log_partial(topic: &str, after: Option<Duration>) {
    tracing::warn!(topic, after_seconds = seconds(after), "some partitions take no records");
}

fn log_there(after: Duration) {
    tracing::info!(after_seconds = after.as_secs(), "kafka is there");
}

fn log_outage(notice: Notice, error: &str, waiting: u64) {
    match notice {
        Notice::First { after } => {
            let waiting = (waiting > 0).then_some(waiting);
            tracing::warn!(error, waiting, after_seconds = seconds(after), "kafka is away");
        }
        Notice::Still { lasted } => {
            tracing::warn!(error, for_seconds = lasted.as_secs(), waiting, "kafka is still away");
        }
        Notice::Again => tracing::warn!(error, waiting, "kafka comes and goes"),
        Notice::StillAgain { lasted, times } => {
            let for_seconds = lasted.as_secs();
            tracing::warn!(error, for_seconds, times, waiting, "kafka still comes and goes");
        }
        Notice::Over { lasted } => log_there(lasted),
        Notice::OverForGood { lasted, times } => {
            let after_seconds = lasted.as_secs();
            tracing::info!(times, after_seconds, "kafka comes and goes no more");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn waiting(
        log: &mut HealthLog,
        kind: HealthKind,
        waiting: u64,
        now: Instant,
    ) -> Option<HealthLine> {
        let topic = Arc::new(TopicState::Unknown);
        let seen = HealthSnapshot { kind, why: "refused", settled: true, topic: &topic, waiting };
        log.line(&seen, now)
    }

    fn line(log: &mut HealthLog, kind: HealthKind, now: Instant) -> Option<HealthLine> {
        waiting(log, kind, 0, now)
    }

    fn outage(notice: Notice, waiting: u64) -> HealthLine {
        HealthLine::Outage { notice, why: "refused".to_owned(), waiting }
    }

    fn over(lasted: Duration) -> HealthLine {
        HealthLine::Outage { notice: Notice::Over { lasted }, why: String::new(), waiting: 0 }
    }

    fn away(after: Option<Duration>, waiting: u64) -> HealthLine {
        outage(Notice::First { after }, waiting)
    }

    #[test]
    fn an_outage_is_one_line_and_then_one_a_minute() {
        let start = Instant::now();
        let mut log = HealthLog::new(start);
        let there = HealthLine::There { after: SECOND };
        assert_eq!(line(&mut log, HealthKind::Up, start + SECOND), Some(there));
        let begun = start + 2 * SECOND;
        assert_eq!(line(&mut log, HealthKind::Away, begun), Some(away(Some(SECOND), 0)));
        for tick in 1..60 {
            for kind in [HealthKind::Unproven, HealthKind::Away, HealthKind::Doubted] {
                assert_eq!(line(&mut log, kind, begun + tick * SECOND), None);
            }
        }
        let still = outage(Notice::Still { lasted: EVERY }, 0);
        assert_eq!(line(&mut log, HealthKind::Unproven, begun + EVERY), Some(still));
        assert_eq!(line(&mut log, HealthKind::Away, begun + EVERY + SECOND), None);
        let there = over(EVERY + 2 * SECOND);
        assert_eq!(line(&mut log, HealthKind::Up, begun + EVERY + 2 * SECOND), Some(there));
    }

    #[test]
    fn a_start_without_an_answer_is_no_outage_before_it_is_certain() {
        let start = Instant::now();
        let mut log = HealthLog::new(start);
        assert_eq!(line(&mut log, HealthKind::Untried, start), None);
        assert_eq!(waiting(&mut log, HealthKind::Away, 7, start + 3 * SECOND), Some(away(None, 7)));
    }

    #[test]
    fn posts_that_nobody_acks_are_an_outage() {
        let start = Instant::now();
        let mut log = HealthLog::new(start);
        line(&mut log, HealthKind::Up, start);
        assert_eq!(line(&mut log, HealthKind::Unproven, start + SECOND), None);
        assert_eq!(
            line(&mut log, HealthKind::Unproven, start + SECOND + DOUBT),
            Some(away(Some(SECOND), 0))
        );
        let minutes = start + SECOND + 3 * EVERY;
        assert_eq!(waiting(&mut log, HealthKind::Unproven, 7, minutes), None);
        let there = over(3 * EVERY);
        assert_eq!(line(&mut log, HealthKind::Up, minutes), Some(there));
    }
}
