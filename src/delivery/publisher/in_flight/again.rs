//! Records that Kafka has refused for their time, or for a neighbour's, and that are sent again.
//!
//! Promise: a sender waits no longer for it: the deadline is that of the first departure.

use crate::delivery::publisher::in_flight::{Attempt, InFlight};
use crate::delivery::record_times::topic_times::SendTime;

/// How often a record is sent again: more often than there are times to try.
const MAX_RESENDS: u8 = 64;

impl InFlight {
    /// What the record was sent with last; none before it left.
    pub(in crate::delivery::publisher) fn sent(&self, ticket: usize) -> Option<SendTime> {
        self.slab[ticket].sent
    }

    /// It is sent with this time.
    pub(in crate::delivery::publisher) fn set_send_time(&mut self, ticket: usize, time: SendTime) {
        self.slab[ticket].sent = Some(time);
    }

    /// It was refused, and leaves again with this time; says whether it may.
    pub(in crate::delivery::publisher) fn resend(&mut self, ticket: usize, time: SendTime) -> bool {
        let entry = &mut self.slab[ticket];
        let waits = (entry.kafka, entry.disk) == (Attempt::Open, Attempt::Closed)
            && entry.delivery.is_none()
            && entry.record.is_some();
        if !waits || entry.resends == MAX_RESENDS {
            return false;
        }
        entry.resends += 1;
        entry.sent = Some(time);
        true
    }
}
