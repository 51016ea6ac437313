//! The designs that the model distinguishes: the sound one, and the mistakes that look sound.

/// How the gate and what surrounds it are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Design {
    /// As it is meant to be.
    Sound,
    /// The drain's records have a time-out of their own: an older one fails, newer ones are acked.
    DrainTimesOut,
    /// Only committed rows count: the gate is direct while an append is under way, and stays so.
    PendingIgnored,
    /// Rows are numbered as their posts arrive, and read by a cursor that only goes up.
    NumberedOnArrival,
    /// The gate hears of a failed record a little after the record was appended.
    FailureToldLate,
    /// A row counts as released once it is sent.
    ReleasedWhenSent,
    /// A row is deleted once it is sent.
    DeletedWhenSent,
    /// After a crash the gate does not count the rows.
    RowsForgotten,
    /// Two states: the gate waits for the backlog to be zero by itself.
    NeverCatchesUp,
    /// Nobody keeps the gate's deadline.
    NeverTicks,
    /// The gate hears that Kafka is away, and not that it is back.
    ReturnUntold,
    /// A post is answered when its append is begun.
    AnsweredWhenAppended,
}

impl Design {
    /// Whether the gate would hear of the end of something before its beginning.
    pub(super) fn tells_too_early(self) -> bool {
        match self {
            Self::PendingIgnored | Self::FailureToldLate | Self::ReleasedWhenSent => true,
            Self::Sound
            | Self::DrainTimesOut
            | Self::NumberedOnArrival
            | Self::DeletedWhenSent
            | Self::RowsForgotten
            | Self::NeverCatchesUp
            | Self::NeverTicks
            | Self::ReturnUntold
            | Self::AnsweredWhenAppended => false,
        }
    }
}
