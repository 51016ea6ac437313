//! What a entry asks of the publisher.

use crate::delivery::publisher::in_flight::DeliveryResult;
use crate::delivery::record::Record;
use crate::post::Post;
use std::time::Instant;

/// What the publisher has to do next.
#[must_use]
pub(in crate::delivery::publisher) enum Action {
    Nothing,
    /// Close the account of a sender that left.
    CloseAccount(Post, DeliveryResult),
    /// Append the record to the spool.
    Append(Record),
}

/// Kafka's report was taken in.
pub(in crate::delivery::publisher) struct Reported {
    /// When its record was handed over, unless it was known to be late already.
    pub(in crate::delivery::publisher) on_time: Option<Instant>,
    pub(in crate::delivery::publisher) next: Action,
}

/// A entry without an ack in time.
pub(in crate::delivery::publisher) struct Overdue {
    pub(in crate::delivery::publisher) ticket: usize,
    /// When it was handed over.
    pub(in crate::delivery::publisher) since: Instant,
    pub(in crate::delivery::publisher) next: Action,
}
