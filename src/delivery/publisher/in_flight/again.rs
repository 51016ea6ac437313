//! Records that Kafka has refused for their time, or for a neighbour's, and that are sent again.
//!
//! Promise: a sender waits no longer for it: the deadline is that of the first departure.

use crate::delivery::publisher::in_flight::{Flights, Leg};
use crate::delivery::record_times::topic_times::SendTime;

/// How often a record is sent again: more often than there are times to try.
const MOST_REPEATS: u8 = 64;

impl Flights {
    /// What the record was sent with last; none before it left.
    pub(in crate::delivery::publisher) fn sent(&self, ticket: usize) -> Option<SendTime> {
        self.slab[ticket].sent
    }

    /// It is sent with this time.
    pub(in crate::delivery::publisher) fn note_sent(&mut self, ticket: usize, time: SendTime) {
        self.slab[ticket].sent = Some(time);
    }

    /// It was refused, and leaves again with this time; says whether it may.
    pub(in crate::delivery::publisher) fn depart_again(
        &mut self,
        ticket: usize,
        time: SendTime,
    ) -> bool {
        let flight = &mut self.slab[ticket];
        let waits = (flight.kafka, flight.disk) == (Leg::Open, Leg::Closed)
            && flight.fate.is_none()
            && flight.record.is_some();
        if !waits || flight.repeats == MOST_REPEATS {
            return false;
        }
        flight.repeats += 1;
        flight.sent = Some(time);
        true
    }
}
