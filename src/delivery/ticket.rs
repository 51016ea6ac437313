//! What a record under way is known by to whoever sent it.
//!
//! It goes to Kafka's client, or to the spool, with the record, and comes back with the report. Whoever
//! sends chooses it: a place in a slab, or the number of a row. Nobody else looks into it.

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(usize);

impl Ticket {
    /// The record with this number.
    pub fn of(number: usize) -> Self {
        Self(number)
    }

    /// The number that it was made of.
    pub fn number(self) -> usize {
        self.0
    }
}
