//! The two parts of a spool, and how their segments are called.

use crate::delivery::spool::frame::Kind;

/// The greatest id: a billion records a second reach it in three centuries.
pub(super) const MOST_ID: u64 = u64::MAX >> 1;
/// Digits of a segment's number in its name.
const DIGITS: usize = 20;

/// What is in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The queue: what is to be sent.
    Queue,
    /// The quarantine: what is not.
    Quarantine,
}

impl Part {
    /// What the names of its segments end with.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Queue => ".log",
            Self::Quarantine => ".quarantine",
        }
    }

    /// The kind of its records.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Queue => Kind::Record,
            Self::Quarantine => Kind::Quarantined,
        }
    }

    /// The name of a segment.
    pub(super) fn name(self, first: u64) -> String {
        format!("{first:0width$}{}", self.suffix(), width = DIGITS)
    }

    /// The part and the number in a name.
    pub(super) fn of(name: &str) -> Option<(Self, u64)> {
        [Self::Queue, Self::Quarantine].into_iter().find_map(|part| {
            let digits = name.strip_suffix(part.suffix())?;
            let all = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
            let is_number = |number: &u64| all && (1..=MOST_ID).contains(number);
            Some((part, digits.parse().ok().filter(is_number)?))
        })
    }
}
