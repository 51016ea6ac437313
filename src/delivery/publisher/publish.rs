//! The future that a post's handler awaits, and the proof that it ends with.
//!
//! Promise: a 200 can be built only from a [`Receipt`], and a receipt only here, from a delivery result
//! that says where the record is durable: "a 200 means durable" is a type, not a habit.
//!
//! ```compile_fail
//! use hookbridge::delivery::publisher::publish::Receipt;
//! let forged = Receipt(());
//! ```

use crate::delivery::publisher::Publisher;
use crate::delivery::publisher::in_flight::{FollowUp, RecordResult};
use crate::delivery::ticket::Ticket;
use crate::delivery::undelivered::Undelivered;
use crate::post::PostOutcome;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A record is durable. Neither `Clone` nor `Copy`: one receipt, one answer.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a receipt is what the sender waits for"]
pub struct Receipt(());

/// The delivery of one record, to be awaited; the outcome of its post is recorded with it. Dropped,
/// it leaves the post with the publisher.
#[must_use = "the sender waits for the delivery of its record"]
pub struct Publish<'a> {
    pub(super) publisher: &'a Publisher,
    /// The record's ticket, or why it did not even leave.
    pub(super) ticket: Result<Ticket, Undelivered>,
    /// Until its outcome is recorded.
    pub(super) post: Option<PostOutcome>,
}

impl Future for Publish<'_> {
    type Output = Result<Receipt, Undelivered>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let delivery = match self.ticket {
            Ok(ticket) => ready!(self.publisher.state.lock().in_flight.poll(ticket, cx)),
            Err(undelivered) => Err(undelivered),
        };
        end(self.post.take().expect("polled after it was ready"), delivery);
        Poll::Ready(delivery.map(|_| Receipt(())))
    }
}

impl Drop for Publish<'_> {
    fn drop(&mut self) {
        let Some(post) = self.post.take() else { return };
        let next = match self.ticket {
            Ok(ticket) => self.publisher.state.lock().in_flight.abandon(ticket, post),
            Err(undelivered) => FollowUp::End(post, Err(undelivered)),
        };
        match next {
            FollowUp::End(post, delivery) => end(post, delivery),
            // Its report will close it.
            FollowUp::Nothing | FollowUp::Append(_) | FollowUp::FallBack(_) => {}
        }
    }
}

/// Records the outcome of a post whose delivery result is known.
pub(super) fn end(post: PostOutcome, delivery: RecordResult) {
    match delivery {
        Ok(location) => post.end(location),
        Err(undelivered) => post.refuse(undelivered.outcome(), || undelivered.why()),
    }
}
