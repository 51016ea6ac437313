//! The future that a post's handler awaits.

use crate::delivery::publisher::flights::Fate;
use crate::delivery::publisher::{Publisher, Undelivered};
use crate::delivery::receipt::Receipt;
use crate::metrics::Outcome;
use crate::post::Post;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The fate of one record, to be awaited.
#[must_use = "the sender waits for the fate of its record"]
pub struct Publish<'a> {
    pub(super) publisher: &'a Publisher,
    pub(super) stage: Stage,
    pub(super) post: Option<Post>,
}

/// How far the record has come.
pub(super) enum Stage {
    UnderWay { ticket: usize },
    Over(Undelivered),
}

impl Future for Publish<'_> {
    type Output = (Result<Receipt, Undelivered>, Post);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let fate = match self.stage {
            Stage::UnderWay { ticket } => {
                ready!(self.publisher.lock().flights.poll(ticket, cx))
            }
            Stage::Over(undelivered) => Err(undelivered),
        };
        let mut post = self.post.take().expect("polled after it was ready");
        let result = fate.map(|acked| {
            post.locate(acked.partition, acked.offset);
            Receipt::new(acked)
        });
        Poll::Ready((result, post))
    }
}

impl Drop for Publish<'_> {
    fn drop(&mut self) {
        let Some(post) = self.post.take() else { return };
        match self.stage {
            Stage::UnderWay { ticket } => {
                let over = self.publisher.lock().flights.abandon(ticket, post);
                if let Some((post, fate)) = over {
                    close(post, fate);
                }
            }
            Stage::Over(undelivered) => close(post, Err(undelivered)),
        }
    }
}

/// Closes the account of a sender that has left.
pub(super) fn close(mut post: Post, fate: Fate) {
    match fate {
        Ok(acked) => {
            post.locate(acked.partition, acked.offset);
            post.close(Outcome::Published);
        }
        Err(undelivered) => post.close(undelivered.outcome()),
    }
}
