//! The future that a post's handler awaits.

use crate::delivery::publisher::Publisher;
use crate::delivery::publisher::in_flight::Fate;
use crate::delivery::publisher::in_flight::next::Next;
use crate::delivery::receipt::Receipt;
use crate::delivery::undelivered::Undelivered;
use crate::post::Post;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The fate of one record, to be awaited; the account of its post is closed with it. Dropped, it
/// leaves the account with the publisher.
#[must_use = "the sender waits for the fate of its record"]
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
        let fate = match self.begun {
            Ok(ticket) => ready!(self.publisher.lock().flights.poll(ticket, cx)),
            Err(undelivered) => Err(undelivered),
        };
        close(self.post.take().expect("polled after it was ready"), fate);
        Poll::Ready(fate.map(Receipt::new))
    }
}

impl Drop for Publish<'_> {
    fn drop(&mut self) {
        let Some(post) = self.post.take() else { return };
        let next = match self.begun {
            Ok(ticket) => self.publisher.lock().flights.abandon(ticket, post),
            Err(undelivered) => Next::Close(post, Err(undelivered)),
        };
        match next {
            Next::Close(post, fate) => close(post, fate),
            // Its report will close it.
            Next::Nothing | Next::Spool(_) => {}
        }
    }
}

/// Closes the account of a post whose record's fate is known.
pub(super) fn close(mut post: Post, fate: Fate) {
    match fate {
        Ok(place) => {
            post.locate(place.into());
            post.close(place.outcome());
        }
        Err(undelivered) => post.refuse(undelivered.outcome(), || undelivered.why()),
    }
}
