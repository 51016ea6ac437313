//! What the gate says to a post.

#[cfg(doc)]
use crate::delivery::gate::Gate;

/// Where one record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Way {
    /// To Kafka.
    Direct,
    /// To the spool. It is counted: the caller appends it and reports its end with
    /// [`Gate::committed`] or [`Gate::append_failed`].
    Spool,
}

/// What a post does on arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Admission {
    /// It goes at once.
    Go(Way),
    /// It waits, and is counted: the caller keeps it until [`Gate::catch_ups_ended`] grows and then
    /// asks [`Gate::unpark`] for its way. The order in which parked posts leave does not matter.
    Park,
}
