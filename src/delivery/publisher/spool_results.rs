//! Where the spool's thread leaves results for an event loop.

use crate::delivery::publisher::in_flight::DeliveryResult;
use std::mem;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// Word of records that were stored, or not. Holds at most one for each record under way.
#[derive(Default)]
pub(super) struct SpoolResults {
    results: Mutex<Vec<(usize, DeliveryResult)>>,
    arrived: Notify,
}

impl SpoolResults {
    /// The record with this ticket was stored there, or was not.
    pub(super) fn put(&self, ticket: usize, stored: DeliveryResult) {
        self.results.lock().unwrap_or_else(PoisonError::into_inner).push((ticket, stored));
        self.arrived.notify_one();
    }

    /// Everything that has come.
    pub(super) fn take(&self) -> Vec<(usize, DeliveryResult)> {
        mem::take(&mut *self.results.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until something may have come. Cancel-safe.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}
