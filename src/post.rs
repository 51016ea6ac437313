//! A post's account: opened when it arrives, closed by exactly one outcome.
//!
//! Promise: whatever happens to a post, one outcome is counted for it and one line logged, also
//! when its sender hangs up while Kafka's ack is under way. Whoever holds the [`Post`] is
//! responsible for it; a post dropped before it was closed lost its sender before its body was
//! whole, or was cut off by the end of the process. It decides nothing and knows neither HTTP nor Kafka.

use crate::metrics::{EventLabel, Metrics, Outcome};
use std::sync::Arc;
use std::time::Instant;

/// The log target of the one line per post: `--log info,post=debug` shows it.
pub const LOG_TARGET: &str = "post";

/// One post between its arrival and its outcome. Not `Clone`: an account is closed once.
#[must_use = "a post must be closed by its outcome"]
pub struct Post {
    metrics: Arc<Metrics>,
    arrived: Instant,
    event: Option<EventLabel>,
    /// Bytes of its body that count as in memory until it is closed.
    held: usize,
    /// Filled only while somebody reads the line.
    line: Option<Box<Line>>,
    /// Where its record stands.
    place: Stored,
    open: bool,
}

/// Where a record stands, for the line of its post: on the topic, in the spool, or nowhere.
#[derive(Debug, Default, Clone, Copy)]
pub struct Stored {
    /// The partition of its topic.
    pub partition: Option<i32>,
    /// The offset in the partition.
    pub offset: Option<i64>,
    /// Its row in the spool.
    pub row: Option<i64>,
}

/// What the line of a post says. Never a header, a body or a secret.
#[derive(Debug, Default)]
pub struct Line {
    /// The record's `ce_id`.
    pub ce_id: String,
    /// The project.
    pub app_id: String,
    /// The notification's own type.
    pub event: String,
    /// Whose credential posted it.
    pub user: String,
}

impl Post {
    /// Counts a request that has arrived now.
    pub fn open(metrics: &Arc<Metrics>) -> Self {
        metrics.received.inc();
        metrics.in_flight.inc();
        let line = tracing::enabled!(target: LOG_TARGET, tracing::Level::DEBUG)
            .then(|| Box::new(Line::default()));
        Self {
            metrics: metrics.clone(),
            arrived: Instant::now(),
            event: None,
            held: 0,
            line,
            place: Stored::default(),
            open: true,
        }
    }

    /// Says that `bytes` more of the body are in memory, if the total stays within `budget`.
    pub fn hold(&mut self, bytes: usize, budget: usize) -> Result<(), OverBudget> {
        let bytes_i64 = i64::try_from(bytes).map_err(|_| OverBudget)?;
        let before = self.metrics.in_flight_bytes.inc_by(bytes_i64);
        self.held += bytes;
        let within = usize::try_from(before).unwrap_or(0).saturating_add(bytes) <= budget;
        if within { Ok(()) } else { Err(OverBudget) }
    }

    /// Names the notification. `line` is called only while somebody reads the line.
    pub fn describe(&mut self, event: EventLabel, line: impl FnOnce() -> Line) {
        self.event = Some(event);
        if let Some(slot) = &mut self.line {
            **slot = line();
        }
    }

    /// Says where the record stands.
    pub fn locate(&mut self, place: Stored) {
        self.place = place;
    }

    /// Ends the account.
    pub fn close(mut self, outcome: Outcome) {
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: Outcome) {
        self.open = false;
        let took = self.arrived.elapsed();
        let held = i64::try_from(self.held).unwrap_or(i64::MAX);
        self.metrics.in_flight_bytes.dec_by(held);
        self.metrics.outcome(outcome).inc();
        self.metrics.answer_seconds.observe(took.as_secs_f64());
        if matches!(outcome, Outcome::Published | Outcome::Spooled)
            && let Some(event) = self.event
        {
            self.metrics.accepted(event);
        }
        // The last: whoever reads that nothing is in flight finds everything counted.
        self.metrics.in_flight.dec();
        if let Some(line) = &self.line {
            tracing::debug!(
                target: LOG_TARGET,
                ce_id = line.ce_id,
                app_id = line.app_id,
                r#type = line.event,
                user = line.user,
                outcome = outcome.as_str(),
                partition = self.place.partition,
                offset = self.place.offset,
                row = self.place.row,
                ms = took.as_secs_f64() * 1000.0,
                "post"
            );
        }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if self.open {
            // Only the end of the process drops a post whose body was whole.
            let whole = self.event.is_some();
            self.settle(if whole { Outcome::Unavailable } else { Outcome::IncompleteBody });
        }
    }
}

/// The bodies in memory would be over their budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bodies in memory are over their budget")]
pub struct OverBudget;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Build;
    use prometheus_client::metrics::counter::Counter;

    fn metrics() -> Arc<Metrics> {
        let build = Build { version: "0", commit: "0", librdkafka: "0".to_owned() };
        Arc::new(Metrics::new(&build, Counter::default()))
    }

    #[test]
    fn a_closed_post_counts_its_outcome_alone() {
        let metrics = metrics();
        let mut post = Post::open(&metrics);
        post.describe(EventLabel::Recording, Line::default);
        post.close(Outcome::Published);
        let counted: u64 = Outcome::ALL.iter().map(|o| metrics.outcome(*o).get()).sum();
        assert_eq!((metrics.outcome(Outcome::Published).get(), counted), (1, 1));
        assert_eq!(metrics.in_flight.get(), 0);
    }

    #[test]
    fn a_dropped_post_lost_its_sender() {
        let metrics = metrics();
        drop(Post::open(&metrics));
        assert_eq!(metrics.outcome(Outcome::IncompleteBody).get(), 1);
    }

    #[test]
    fn bytes_over_the_budget_are_refused_and_given_back_when_the_post_ends() {
        let metrics = metrics();
        let (mut first, mut second) = (Post::open(&metrics), Post::open(&metrics));
        assert_eq!(first.hold(60, 100), Ok(()));
        assert_eq!(second.hold(60, 100), Err(OverBudget));
        second.close(Outcome::Overloaded);
        assert_eq!(first.hold(40, 100), Ok(()));
        first.close(Outcome::Published);
        assert_eq!(metrics.in_flight_bytes.get(), 0);
    }
}
