//! What can keep rows from Kafka. A plain value.

use crate::delivery::kafka::delivery_error::{DeliveryError, Meaning};
use crate::delivery::spool::row::RowId;

/// Why the drain has to start over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RestartReason {
    /// The producer had a fatal error, and no row a report of it.
    Dead,
    /// The producer has other keys than those that brokers take by now.
    OldKeys,
    /// The topic of the first row stays missing: what is under way for it will not be acked.
    GivenUp,
    /// No ack, for a reason that says nothing about the rows.
    Unacked(DeliveryError),
    /// A batch was refused that may hold innocent rows: they go alone up to this one.
    Suspects(DeliveryError, RowId),
    /// This row was alone, and was refused.
    Refused(DeliveryError, RowId),
}

impl RestartReason {
    /// This one, or another that says more: which rows may be at fault.
    pub(super) fn or_worse(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.blames_rows() && !self.blames_rows() => other,
            Some(_) | None => self,
        }
    }

    /// Whether rows may be at fault.
    fn blames_rows(self) -> bool {
        match self {
            Self::Dead | Self::OldKeys | Self::GivenUp | Self::Unacked(_) => false,
            Self::Suspects(..) | Self::Refused(..) => true,
        }
    }
}

/// Of two faults, the one that suspects rows.
pub(super) fn worse(before: Option<DeliveryError>, error: DeliveryError) -> Option<DeliveryError> {
    match before.map(|error| error.meaning) {
        Some(Meaning::NotProof | Meaning::Refused) => before,
        Some(Meaning::Unacked | Meaning::Innocent | Meaning::Local) | None => Some(error),
    }
}
