//! What a record is to a ledger, and what it becomes.
//!
//! It is a plain value, and holds nothing against what was promised.

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waits,
    /// It may be in quarantine, because that was tried and failed.
    MayWait,
    /// Its release was asked for.
    Released,
    /// The same, and that was synced.
    ReleasedForGood,
    Refused,
    /// It was released, and waits again.
    Returned,
    /// It was refused, and waits again.
    ReturnedRefused,
}

/// Where it was seen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Queue,
    Quarantine,
    Neither,
}

impl State {
    /// Whether it is in the queue.
    pub(super) fn waits(self) -> bool {
        match self {
            Self::Waits | Self::Returned | Self::ReturnedRefused => true,
            Self::MayWait | Self::Released | Self::ReleasedForGood | Self::Refused => false,
        }
    }

    /// After what was in quarantine has come to the end of the queue, under another id.
    pub(super) fn after_requeue(self) -> Self {
        match self {
            Self::Refused => Self::Released,
            Self::ReturnedRefused => Self::Returned,
            Self::Waits
            | Self::MayWait
            | Self::Released
            | Self::ReleasedForGood
            | Self::Returned => self,
        }
    }

    /// After a look that has passed.
    pub(super) fn after_look(self, place: Place) -> Self {
        match (self, place) {
            (Self::Released, Place::Queue) => Self::Returned,
            (Self::Returned, Place::Quarantine | Place::Neither) => Self::Released,
            (Self::MayWait | Self::Refused | Self::ReturnedRefused, place) => match place {
                Place::Queue => Self::ReturnedRefused,
                Place::Quarantine => Self::Refused,
                // It is back in the queue, under another id.
                Place::Neither => Self::Released,
            },
            (Self::Waits | Self::Released | Self::ReleasedForGood | Self::Returned, _) => self,
        }
    }
}
