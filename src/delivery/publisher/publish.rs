//! The future that a post's handler awaits.

use crate::delivery::publisher::Publisher;
use crate::delivery::publisher::in_flight::{DeliveryResult, FollowUp};
use crate::delivery::receipt::Receipt;
use crate::delivery::undelivered::Undelivered;
use crate::post::PostOutcome;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The delivery of one record, to be awaited; the outcome of its post is recorded with it. Dropped,
/// it leaves the post with the publisher.
#[must_use = "the sender waits for the delivery of its record"]
pub struct Publish<'a> {
    publisher: &'a Publisher,
    /// The record's ticket, or why it did not even leave.
    begun: Result<usize, Undelivered>,
    post: Option<PostOutcome>,
}

impl<'a> Publish<'a> {
    pub(super) fn new(
        publisher: &'a Publisher,
        begun: Result<usize, Undelivered>,
        post: PostOutcome,
    ) -> Self {
        Self { publisher, begun, post: Some(post) }
    }
}

impl Future for Publish<'_> {
    type Output = Result<Receipt, Undelivered>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let delivery = match self.begun {
            Ok(ticket) => ready!(self.publisher.lock().in_flight.poll(ticket, cx)),
            Err(undelivered) => Err(undelivered),
        };
        end(self.post.take().expect("polled after it was ready"), delivery);
        Poll::Ready(delivery.map(Receipt::new))
    }
}

impl Drop for Publish<'_> {
    fn drop(&mut self) {
        let Some(post) = self.post.take() else { return };
        let next = match self.begun {
            Ok(ticket) => self.publisher.lock().in_flight.abandon(ticket, post),
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
pub(super) fn end(mut post: PostOutcome, delivery: DeliveryResult) {
    match delivery {
        Ok(location) => {
            post.locate(location);
            post.end(location.outcome());
        }
        Err(undelivered) => post.refuse(undelivered.outcome(), || undelivered.why()),
    }
}
