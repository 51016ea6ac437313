//! The outcome of a post: awaited from its arrival on, recorded exactly once.
//!
//! Promise: whatever happens to a post, one outcome is counted for it and one line logged, also
//! when its sender hangs up while Kafka's ack is under way. Whoever holds the [`PostOutcome`] is
//! responsible for it; a post dropped before its end lost its sender before its body was whole, or
//! was cut off by the end of the process. It decides nothing and knows neither HTTP nor Kafka.

pub mod line;
pub mod refusals;

use crate::metrics::{EventKind, Metrics, Outcome};
use crate::post::line::{Line, PostFacts, Text};
use crate::post::refusals::{NamedUser, Refusals, at_fault};
use crate::spans::{RequestSpan, SendSpan};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// The log target of the one line per post: `--log info,post=debug` shows it.
pub const LOG_TARGET: &str = "post";

/// A post between its arrival and its outcome. Not `Clone`: one outcome is recorded.
#[must_use = "a post must be closed by its outcome"]
pub struct PostOutcome {
    recorder: Arc<PostRecorder>,
    arrived: Instant,
    /// Set when its body is whole and a notification.
    event: Option<EventKind>,
    /// Bytes of its body that count as in memory until it is closed.
    held: usize,
    facts: PostFacts,
    /// Set when it is to be kept as a dead letter. Boxed: few are.
    dead_letter: Option<Box<RefusalReason>>,
    /// Filled only while somebody reads the line of every post.
    ce_id: Option<Box<str>>,
    /// That of its record.
    send_span: SendSpan,
    is_recorded: bool,
}

impl PostOutcome {
    /// Counts a request that has arrived now from `peer`, with a body of `bytes` bytes as far as
    /// its head says.
    pub fn arrived(recorder: &Arc<PostRecorder>, peer: IpAddr, bytes: u64) -> Self {
        recorder.metrics.received.inc();
        recorder.metrics.in_flight.inc();
        let (app_id, event) = (Text::default(), Text::default());
        Self {
            recorder: recorder.clone(),
            arrived: Instant::now(),
            event: None,
            held: 0,
            facts: PostFacts { peer, bytes, user: None, app_id, event },
            dead_letter: None,
            ce_id: None,
            send_span: SendSpan::default(),
            is_recorded: false,
        }
    }

    /// Says that `bytes` more of the body are in memory, if the total stays within `budget`.
    pub fn hold(&mut self, bytes: usize, budget: usize) -> Result<(), OverBudget> {
        let bytes_i64 = i64::try_from(bytes).map_err(|_| OverBudget)?;
        let before = self.recorder.metrics.in_flight_bytes.inc_by(bytes_i64);
        self.held += bytes;
        let within = usize::try_from(before).unwrap_or(0).saturating_add(bytes) <= budget;
        if within { Ok(()) } else { Err(OverBudget) }
    }

    /// Has its record be in the trace of its request.
    pub fn traced_below(&mut self, request: &RequestSpan) {
        self.send_span = request.send();
    }

    /// The span of its record.
    pub fn send_span(&mut self) -> &mut SendSpan {
        &mut self.send_span
    }

    /// Who sent it, as far as that is known.
    pub fn peer(&self) -> IpAddr {
        self.facts.peer
    }

    /// Says whose credential it came with, as far as that is known.
    pub fn of_user(&mut self, user: Option<Arc<str>>) {
        self.facts.user = user;
    }

    /// Says what it is about, as far as that could be read.
    pub fn about(&mut self, app_id: Option<&str>, event: Option<&str>) {
        self.facts.app_id = app_id.map(Text::of).unwrap_or_default();
        self.facts.event = event.map(Text::of).unwrap_or_default();
    }

    /// Its body is whole and a notification, whose record has this id.
    pub fn describe(&mut self, event: EventKind, ce_id: &str) {
        self.event = Some(event);
        self.note_id(ce_id);
    }

    /// Its body is whole, and is kept as a dead letter with this id for this reason.
    pub fn becomes_dead_letter(&mut self, why: RefusalReason, ce_id: &str) {
        self.event = None;
        self.dead_letter = Some(Box::new(why));
        self.note_id(ce_id);
    }

    fn note_id(&mut self, ce_id: &str) {
        if tracing::enabled!(target: LOG_TARGET, tracing::Level::DEBUG) {
            self.ce_id = Some(ce_id.into());
        }
    }

    /// Records that its record is durable, there.
    pub fn end(mut self, location: Location) {
        let outcome = match (&self.dead_letter, location) {
            (Some(_), _) => Outcome::DeadLettered,
            (None, Location::Kafka { .. }) => Outcome::Published,
            (None, Location::Spool { .. }) => Outcome::Spooled,
        };
        let why = self.dead_letter.take();
        self.record(outcome, Some(location), || why.map(|why| *why).unwrap_or_default());
    }

    /// Records a refusal. `why` is called only where it is logged.
    pub fn refuse(mut self, outcome: Outcome, why: impl FnOnce() -> RefusalReason) {
        self.record(outcome, None, why);
    }

    fn record(
        &mut self,
        outcome: Outcome,
        location: Option<Location>,
        why: impl FnOnce() -> RefusalReason,
    ) {
        self.is_recorded = true;
        match location {
            Some(Location::Kafka { partition, offset }) => self.send_span.acked(partition, offset),
            Some(Location::Spool { row }) => self.send_span.spooled(row),
            None => self.send_span.failed(outcome.as_str()),
        }
        let took = self.arrived.elapsed();
        let held = i64::try_from(self.held).unwrap_or(i64::MAX);
        let metrics = &self.recorder.metrics;
        metrics.in_flight_bytes.dec_by(held);
        metrics.outcome(outcome).inc();
        metrics.answer_seconds.observe(took.as_secs_f64());
        if let (Some(_), Some(event)) = (location, self.event) {
            metrics.accepted(event);
        }
        // The last: whoever reads that nothing is in flight finds everything counted.
        metrics.in_flight.dec();
        let refusal = at_fault(outcome).and_then(|at_fault| {
            let named = if self.facts.user.is_some() { NamedUser::User } else { NamedUser::Nobody };
            let left_out = self.recorder.refusals.admit(outcome, named, self.arrived + took)?;
            Some((at_fault, left_out))
        });
        let is_read = tracing::enabled!(target: LOG_TARGET, tracing::Level::DEBUG);
        if refusal.is_none() && !is_read {
            return;
        }
        self.facts.bytes = self.facts.bytes.max(self.held as u64);
        let line = Line { facts: &self.facts, outcome, why: &why(), took };
        if let Some((at_fault, left_out)) = refusal {
            line.log_refusal(at_fault, left_out);
        }
        if is_read {
            line.log(self.ce_id.as_deref(), location);
        }
    }
}

impl Drop for PostOutcome {
    fn drop(&mut self) {
        if !self.is_recorded {
            // Only the end of the process drops a post whose body was whole.
            let whole = self.event.is_some() || self.dead_letter.is_some();
            let outcome = if whole { Outcome::Unavailable } else { Outcome::IncompleteBody };
            let ended = "the bridge ended before it was known what became of it";
            let reason = whole.then(|| ended.to_owned());
            self.record(outcome, None, || RefusalReason { reason, ..RefusalReason::default() });
        }
    }
}

/// Where the outcomes of all posts are recorded. Shared by the posts of all event loops.
pub struct PostRecorder {
    /// Where outcomes are counted.
    pub metrics: Arc<Metrics>,
    /// Which refusals the log names.
    pub refusals: Refusals,
}

impl PostRecorder {
    /// No post yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, refusals: Refusals::default() }
    }
}

/// Where a record is, once it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// Kafka acked it.
    Kafka {
        /// The partition of the record's topic.
        partition: i32,
        /// The offset in the partition.
        offset: i64,
    },
    /// The spool has synced it to disk.
    Spool {
        /// Its number in the spool.
        row: u64,
    },
}

/// Why a post was refused or kept as a dead letter, for the log, in words without its values.
#[derive(Debug, Default)]
pub struct RefusalReason {
    /// What the code of a dead letter's refusal would be.
    pub code: Option<&'static str>,
    /// What is wrong.
    pub reason: Option<String>,
    /// The fields at fault, as JSON pointers with a blank between.
    pub pointers: Option<String>,
}

/// The bodies in memory would be over their budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bodies in memory are over their budget")]
pub struct OverBudget;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::build::Build;
    use prometheus_client::metrics::counter::Counter;
    use std::net::Ipv4Addr;

    fn recorder() -> Arc<PostRecorder> {
        let build = Build { version: "0", commit: "0", librdkafka: "0".to_owned() };
        Arc::new(PostRecorder::new(Arc::new(Metrics::new(&build, Counter::default()))))
    }

    fn open(recorder: &Arc<PostRecorder>) -> PostOutcome {
        PostOutcome::arrived(recorder, Ipv4Addr::LOCALHOST.into(), 0)
    }

    #[test]
    fn a_closed_post_counts_its_outcome_alone() {
        let recorder = recorder();
        let metrics = &recorder.metrics;
        let mut post = open(&recorder);
        post.describe(EventKind::Recording, "id");
        post.end(Location::Spool { row: 1 });
        let counted: u64 = Outcome::ALL.iter().map(|o| metrics.outcome(*o).get()).sum();
        assert_eq!((metrics.outcome(Outcome::Spooled).get(), counted), (1, 1));
        assert_eq!(metrics.in_flight.get(), 0);
    }

    #[test]
    fn a_dropped_post_lost_its_sender() {
        let recorder = recorder();
        let metrics = &recorder.metrics;
        drop(open(&recorder));
        assert_eq!(metrics.outcome(Outcome::IncompleteBody).get(), 1);
    }

    #[test]
    fn bytes_over_the_budget_are_refused_and_returned_at_the_end() {
        let recorder = recorder();
        let metrics = &recorder.metrics;
        let (mut first, mut second) = (open(&recorder), open(&recorder));
        assert_eq!(first.hold(60, 100), Ok(()));
        assert_eq!(second.hold(60, 100), Err(OverBudget));
        second.refuse(Outcome::Overloaded, RefusalReason::default);
        assert_eq!(first.hold(40, 100), Ok(()));
        first.end(Location::Kafka { partition: 0, offset: 0 });
        assert_eq!(metrics.in_flight_bytes.get(), 0);
    }
}
