//! Where the spool's thread leaves word for an event loop.

use crate::delivery::publisher::in_flight::Fate;
use std::mem;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// Word of records that were stored, or not. Holds at most one for each record under way.
#[derive(Default)]
pub(super) struct Inbox {
    word: Mutex<Vec<(usize, Fate)>>,
    bell: Notify,
}

impl Inbox {
    /// The record with this ticket was stored there, or was not.
    pub(super) fn put(&self, ticket: usize, stored: Fate) {
        self.word.lock().unwrap_or_else(PoisonError::into_inner).push((ticket, stored));
        self.bell.notify_one();
    }

    /// Everything that has come.
    pub(super) fn take(&self) -> Vec<(usize, Fate)> {
        mem::take(&mut *self.word.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until something may have come. Cancel-safe.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }
}
