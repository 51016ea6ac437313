//! What the log says of one post.
//!
//! Promise: never a header, a body or a secret; what came from the sender is cut and escaped; what is
//! not known is left out.

use crate::metrics::Outcome;
use crate::post::refusals::Side;
use crate::post::text::Text;
use crate::post::why::Why;
use crate::post::{LOG_TARGET, Stored};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What is known of a post besides its outcome.
#[derive(Debug)]
pub(super) struct Known {
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
    pub(super) known: &'a Known,
    pub(super) outcome: Outcome,
    pub(super) why: &'a Why,
    pub(super) took: Duration,
}

impl Line<'_> {
    /// The line that every post has, where somebody reads it.
    pub(super) fn tell(&self, ce_id: Option<&str>, place: Stored) {
        let Self { known, outcome, why, took } = self;
        tracing::debug!(
            target: LOG_TARGET,
            ce_id,
            app_id = known.app_id.shown(),
            r#type = known.event.shown(),
            user = known.user.as_deref(),
            outcome = outcome.as_str(),
            pointers = why.pointers.as_deref(),
            reason = why.reason.as_deref(),
            bytes = known.bytes,
            peer = %known.peer,
            partition = place.partition,
            offset = place.offset,
            row = place.row,
            // Whole microseconds: three digits behind the point.
            ms = took.as_micros() as f64 / 1000.0,
            "post"
        );
    }

    /// The line that a refusal has, behind so many that have none.
    pub(super) fn tell_refusal(&self, side: Side, left_out: u64) {
        let Self { known, outcome, why, took: _ } = self;
        let left_out = (left_out > 0).then_some(left_out);
        macro_rules! tell {
            ($level:ident) => {
                tracing::$level!(
                    outcome = outcome.as_str(),
                    user = known.user.as_deref(),
                    app_id = known.app_id.shown(),
                    r#type = known.event.shown(),
                    pointers = why.pointers.as_deref(),
                    reason = why.reason.as_deref(),
                    bytes = known.bytes,
                    peer = %known.peer,
                    left_out,
                    "a post was refused"
                )
            };
        }
        match side {
            Side::Sender => tell!(info),
            Side::Bridge => tell!(warn),
        }
    }
}
