//! The future that a post's handler awaits.

use crate::delivery::publisher::Publisher;
use crate::delivery::publisher::in_flight::{Action, DeliveryResult};
use crate::delivery::receipt::Receipt;
use crate::delivery::undelivered::Undelivered;
use crate::post::Post;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The delivery of one record, to be awaited; the account of its post is closed with it. Dropped, it
/// leaves the account with the publisher.
#[must_use = "the sender waits for the delivery of its record"]
pub struct Publish<'a> {
    publisher: &'a Publisher,
    /// The record's ticket, or why it did not even leave.
    begun: Result<usize, Undelivered>,
    post: Option<Post>,
}

impl<'a> Publish<'a> {
    pub(super) fn new(
        publisher: &'a Publisher,
        begun: Result<usize, Undelivered>,
        post: Post,
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
        close(self.post.take().expect("polled after it was ready"), delivery);
        Poll::Ready(delivery.map(Receipt::new))
    }
}

impl Drop for Publish<'_> {
    fn drop(&mut self) {
        let Some(post) = self.post.take() else { return };
        let next = match self.begun {
            Ok(ticket) => self.publisher.lock().in_flight.abandon(ticket, post),
            Err(undelivered) => Action::Close(post, Err(undelivered)),
        };
        match next {
            Action::Close(post, delivery) => close(post, delivery),
            // Its report will close it.
            Action::Nothing | Action::Append(_) | Action::FallBack(_) => {}
        }
    }
}

/// Closes the account of a post whose record's delivery is known.
pub(super) fn close(mut post: Post, delivery: DeliveryResult) {
    match delivery {
        Ok(place) => {
            post.locate(place.into());
            post.close(place.outcome());
        }
        Err(undelivered) => post.refuse(undelivered.outcome(), || undelivered.why()),
    }
}
