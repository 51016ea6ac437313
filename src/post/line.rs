//! What the log says of one post.
//!
//! Promise: never a header, a body or a secret; what came from the sender is cut and escaped; what is
//! not known is left out.

use crate::metrics::Outcome;
use crate::post::refusals::AtFault;
use crate::post::text::Text;
use crate::post::{LOG_TARGET, Location, RefusalReason};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What is known of a post besides its outcome.
#[derive(Debug)]
pub(super) struct PostFacts {
    /// Where it came from.
    pub(super) peer: IpAddr,
    /// How long its body is or, where the head does not tell, what came of it.
    pub(super) bytes: u64,
    /// Whose credential it came with.
    pub(super) user: Option<Arc<str>>,
    /// The project.
    pub(super) app_id: Text,
    /// The notification's own type.
    pub(super) event: Text,
}

/// The lines of one post.
pub(super) struct Line<'a> {
    pub(super) facts: &'a PostFacts,
    pub(super) outcome: Outcome,
    pub(super) why: &'a RefusalReason,
    pub(super) took: Duration,
}

impl Line<'_> {
    /// The line that every post has, where somebody reads it.
    pub(super) fn log(&self, ce_id: Option<&str>, location: Option<Location>) {
        let Self { facts, outcome, why, took } = self;
        let (partition, offset, row) = match location {
            Some(Location::Kafka { partition, offset }) => (Some(partition), Some(offset), None),
            Some(Location::Spool { row }) => (None, None, Some(row)),
            None => (None, None, None),
        };
        tracing::debug!(
            target: LOG_TARGET,
            ce_id,
            app_id = facts.app_id.shown(),
            r#type = facts.event.shown(),
            user = facts.user.as_deref(),
            outcome = outcome.as_str(),
            pointers = why.pointers.as_deref(),
            reason = why.reason.as_deref(),
            bytes = facts.bytes,
            peer = %facts.peer,
            partition,
            offset,
            row,
            // Whole microseconds: three digits behind the point.
            ms = took.as_micros() as f64 / 1000.0,
            "post"
        );
    }

    /// The line that a refusal has, with the number of those that had none.
    pub(super) fn log_refusal(&self, at_fault: AtFault, left_out: u64) {
        let Self { facts, outcome, why, took: _ } = self;
        let left_out = (left_out > 0).then_some(left_out);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    outcome = outcome.as_str(),
                    user = facts.user.as_deref(),
                    app_id = facts.app_id.shown(),
                    r#type = facts.event.shown(),
                    pointers = why.pointers.as_deref(),
                    reason = why.reason.as_deref(),
                    bytes = facts.bytes,
                    peer = %facts.peer,
                    left_out,
                    "a post was refused"
                )
            };
        }
        match at_fault {
            AtFault::Sender => line!(info),
            AtFault::Bridge => line!(warn),
        }
    }
}
