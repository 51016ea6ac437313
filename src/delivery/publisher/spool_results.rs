//! Records to the spool, and where its thread leaves the results for the event loop.

use crate::delivery::publisher::Publisher;
use crate::delivery::publisher::in_flight::RecordResult;
use crate::delivery::publisher::in_flight::stage::RecordEvent;
use crate::delivery::record::Record;
use crate::delivery::shared_gate::SharedGate;
use crate::delivery::ticket::Ticket;
use crate::delivery::undelivered::Undelivered;
use crate::lock::Lock;
use std::mem;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

/// Word of records that were stored, or not. Holds at most one for each record under way.
#[derive(Default)]
pub(super) struct SpoolResults {
    results: Lock<Vec<(Ticket, RecordResult)>>,
    arrived: Notify,
}

impl SpoolResults {
    /// The record with this ticket was stored there, or was not.
    pub(super) fn put(&self, ticket: Ticket, stored: RecordResult) {
        self.results.lock().push((ticket, stored));
        self.arrived.notify_one();
    }

    /// Everything that has come.
    pub(super) fn take(&self) -> Vec<(Ticket, RecordResult)> {
        mem::take(&mut *self.results.lock())
    }

    /// Waits until something may have come. Cancel-safe.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

impl Publisher {
    /// Appends a record that the gate has counted.
    pub(super) fn append(&self, gate: &Arc<SharedGate>, ticket: Ticket, record: Record) {
        if self.topic.first_sight.is_denied() {
            // What it was tried for is known meanwhile.
            gate.not_appended();
            return self.spool_results.put(ticket, Err(self.role.unseen()));
        }
        let spool_results = self.spool_results.clone();
        let stored = move |location: Option<_>| {
            spool_results.put(ticket, location.ok_or(Undelivered::NotStored));
        };
        if gate.append(record, stored).is_err() {
            self.spool_results.put(ticket, Err(Undelivered::NotStored));
        }
    }

    /// Takes in the disk's reports.
    pub(super) fn take_spool_results(&self) {
        for (ticket, stored) in self.spool_results.take() {
            let now = Instant::now();
            let follow_up =
                self.state.lock().in_flight.apply(ticket, RecordEvent::Spooled(stored), now);
            self.perform(ticket, follow_up);
        }
    }
}
