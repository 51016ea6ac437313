//! A question whose asking blocks, asked by a thread beside the event loops.
//!
//! Promise: one at a time, asked where it is also awaited. librdkafka blocks for every question to a
//! broker.

use std::future::pending;
use tokio::task::{JoinHandle, spawn_blocking};

/// The question that is under way, if one is.
#[derive(Debug)]
pub(in crate::delivery) struct Question<T>(Option<JoinHandle<T>>);

impl<T> Default for Question<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Send + 'static> Question<T> {
    /// Asks. Not while one is under way, whose answer would be lost.
    pub(in crate::delivery) fn ask(&mut self, question: impl FnOnce() -> T + Send + 'static) {
        debug_assert!(self.0.is_none(), "one at a time");
        self.0 = Some(spawn_blocking(question));
    }

    /// Whether one is under way.
    pub(in crate::delivery) fn is_asked(&self) -> bool {
        self.0.is_some()
    }

    /// The answer, once; none where the question panicked. While nothing is asked, none comes.
    /// Cancel-safe.
    pub(in crate::delivery) async fn answer(&mut self) -> Option<T> {
        let Some(asked) = &mut self.0 else { return pending().await };
        let answer = asked.await.ok();
        self.0 = None;
        answer
    }

    /// Waits for the end of one that is under way; its answer is lost.
    pub(in crate::delivery) async fn over(&mut self) {
        if let Some(asked) = self.0.take() {
            drop(asked.await);
        }
    }
}
