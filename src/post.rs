//! A post's account: opened when it arrives, closed by exactly one outcome.
//!
//! Promise: whatever happens to a post, one outcome is counted for it and one line logged, also
//! when its sender hangs up while Kafka's ack is under way. Whoever holds the [`Post`] is
//! responsible for it; a post dropped before it was closed lost its sender before its body was
//! whole, or was cut off by the end of the process. It decides nothing and knows neither HTTP nor Kafka.

pub mod recorder;
mod line;
pub mod refusals;
pub mod text;
pub mod why;

use crate::metrics::{EventLabel, Outcome};
use crate::post::line::{Known, Line};
use crate::post::recorder::Accounts;
use crate::post::refusals::{Origin, side};
use crate::post::text::Text;
use crate::post::why::Why;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// The log target of the one line per post: `--log info,post=debug` shows it.
pub const LOG_TARGET: &str = "post";

/// One post between its arrival and its outcome. Not `Clone`: an account is closed once.
#[must_use = "a post must be closed by its outcome"]
pub struct Post {
    accounts: Arc<Accounts>,
    arrived: Instant,
    /// Set when its body is whole and a notification.
    event: Option<EventLabel>,
    /// Bytes of its body that count as in memory until it is closed.
    held: usize,
    known: Known,
    /// Filled only while somebody reads the line of every post.
    ce_id: Option<Box<str>>,
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
    pub row: Option<u64>,
}

impl Post {
    /// Counts a request that has arrived now from `peer`, with a body of so many bytes as far as its
    /// head tells.
    pub fn open(accounts: &Arc<Accounts>, peer: IpAddr, bytes: u64) -> Self {
        accounts.metrics.received.inc();
        accounts.metrics.in_flight.inc();
        let (app_id, event) = (Text::default(), Text::default());
        Self {
            accounts: accounts.clone(),
            arrived: Instant::now(),
            event: None,
            held: 0,
            known: Known { peer, bytes, user: None, app_id, event },
            ce_id: None,
            place: Stored::default(),
            open: true,
        }
    }

    /// Says that `bytes` more of the body are in memory, if the total stays within `budget`.
    pub fn hold(&mut self, bytes: usize, budget: usize) -> Result<(), OverBudget> {
        let bytes_i64 = i64::try_from(bytes).map_err(|_| OverBudget)?;
        let before = self.accounts.metrics.in_flight_bytes.inc_by(bytes_i64);
        self.held += bytes;
        let within = usize::try_from(before).unwrap_or(0).saturating_add(bytes) <= budget;
        if within { Ok(()) } else { Err(OverBudget) }
    }

    /// Says whose credential it came with, as far as that is known.
    pub fn of_user(&mut self, user: Option<Arc<str>>) {
        self.known.user = user;
    }

    /// Says what it is about, as far as that could be read.
    pub fn about(&mut self, app_id: Option<&str>, event: Option<&str>) {
        self.known.app_id = app_id.map(Text::of).unwrap_or_default();
        self.known.event = event.map(Text::of).unwrap_or_default();
    }

    /// Its body is whole and a notification, whose record has this id.
    pub fn describe(&mut self, event: EventLabel, ce_id: &str) {
        self.event = Some(event);
        if tracing::enabled!(target: LOG_TARGET, tracing::Level::DEBUG) {
            self.ce_id = Some(ce_id.into());
        }
    }

    /// Says where the record stands.
    pub fn locate(&mut self, place: Stored) {
        self.place = place;
    }

    /// Ends the account.
    pub fn close(self, outcome: Outcome) {
        self.refuse(outcome, Why::default);
    }

    /// Ends the account with a refusal. `why` is called only where it is logged.
    pub fn refuse(mut self, outcome: Outcome, why: impl FnOnce() -> Why) {
        self.settle(outcome, why);
    }

    fn settle(&mut self, outcome: Outcome, why: impl FnOnce() -> Why) {
        self.open = false;
        let took = self.arrived.elapsed();
        let held = i64::try_from(self.held).unwrap_or(i64::MAX);
        let metrics = &self.accounts.metrics;
        metrics.in_flight_bytes.dec_by(held);
        metrics.outcome(outcome).inc();
        metrics.answer_seconds.observe(took.as_secs_f64());
        if matches!(outcome, Outcome::Published | Outcome::Spooled)
            && let Some(event) = self.event
        {
            metrics.accepted(event);
        }
        // The last: whoever reads that nothing is in flight finds everything counted.
        metrics.in_flight.dec();
        let refusal = side(outcome).and_then(|side| {
            let origin = if self.known.user.is_some() { Origin::User } else { Origin::Nobody };
            let left_out = self.accounts.refusals.admit(outcome, origin, self.arrived + took)?;
            Some((side, left_out))
        });
        let is_read = tracing::enabled!(target: LOG_TARGET, tracing::Level::DEBUG);
        if refusal.is_none() && !is_read {
            return;
        }
        self.known.bytes = self.known.bytes.max(self.held as u64);
        let line = Line { known: &self.known, outcome, why: &why(), took };
        if let Some((side, left_out)) = refusal {
            line.tell_refusal(side, left_out);
        }
        if is_read {
            line.tell(self.ce_id.as_deref(), self.place);
        }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if self.open {
            // Only the end of the process drops a post whose body was whole.
            let whole = self.event.is_some();
            let outcome = if whole { Outcome::Unavailable } else { Outcome::IncompleteBody };
            let ended = "the bridge ended before it was known what became of it";
            let reason = whole.then(|| ended.to_owned());
            self.settle(outcome, || Why { reason, pointers: None });
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
    use crate::metrics::{Build, Metrics};
    use prometheus_client::metrics::counter::Counter;
    use std::net::Ipv4Addr;

    fn accounts() -> Arc<Accounts> {
        let build = Build { version: "0", commit: "0", librdkafka: "0".to_owned() };
        Arc::new(Accounts::new(Arc::new(Metrics::new(&build, Counter::default()))))
    }

    fn open(accounts: &Arc<Accounts>) -> Post {
        Post::open(accounts, Ipv4Addr::LOCALHOST.into(), 0)
    }

    #[test]
    fn a_closed_post_counts_its_outcome_alone() {
        let accounts = accounts();
        let metrics = &accounts.metrics;
        let mut post = open(&accounts);
        post.describe(EventLabel::Recording, "id");
        post.close(Outcome::Published);
        let counted: u64 = Outcome::ALL.iter().map(|o| metrics.outcome(*o).get()).sum();
        assert_eq!((metrics.outcome(Outcome::Published).get(), counted), (1, 1));
        assert_eq!(metrics.in_flight.get(), 0);
    }

    #[test]
    fn a_dropped_post_lost_its_sender() {
        let accounts = accounts();
        let metrics = &accounts.metrics;
        drop(open(&accounts));
        assert_eq!(metrics.outcome(Outcome::IncompleteBody).get(), 1);
    }

    #[test]
    fn bytes_over_the_budget_are_refused_and_given_back_when_the_post_ends() {
        let accounts = accounts();
        let metrics = &accounts.metrics;
        let (mut first, mut second) = (open(&accounts), open(&accounts));
        assert_eq!(first.hold(60, 100), Ok(()));
        assert_eq!(second.hold(60, 100), Err(OverBudget));
        second.close(Outcome::Overloaded);
        assert_eq!(first.hold(40, 100), Ok(()));
        first.close(Outcome::Published);
        assert_eq!(metrics.in_flight_bytes.get(), 0);
    }
}
