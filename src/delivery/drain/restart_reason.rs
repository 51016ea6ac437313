//! What can keep rows from Kafka. A plain value.

use crate::delivery::kafka::delivery_error::{Fault, Verdict};
use crate::delivery::spool::row::RowId;

/// Why the drain has to start over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setback {
    /// The producer had a fatal error, and no row a report of it.
    Dead,
    /// The topic of the first row stays missing: what is under way for it will not be acked.
    GivenUp,
    /// No ack, for a reason that says nothing about the rows.
    Unacked(Fault),
    /// A batch was refused that may hold innocent rows: they go alone up to this one.
    Suspects(Fault, RowId),
    /// This row was alone, and was refused.
    Refused(Fault, RowId),
}

impl Setback {
    /// This one, or another that says more: which rows may be at fault.
    pub(super) fn or_worse(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.blames_rows() && !self.blames_rows() => other,
            Some(_) | None => self,
        }
    }

    /// Whether rows may be at fault.
    pub(super) fn blames_rows(self) -> bool {
        match self {
            Self::Dead | Self::GivenUp | Self::Unacked(_) => false,
            Self::Suspects(..) | Self::Refused(..) => true,
        }
    }
}

/// Of two faults, the one that suspects rows.
pub(super) fn worse(before: Option<Fault>, fault: Fault) -> Option<Fault> {
    match before.map(|fault| fault.verdict) {
        Some(Verdict::NotProof | Verdict::Refused) => before,
        Some(Verdict::Unacked | Verdict::Innocent | Verdict::Local) | None => Some(fault),
    }
}
