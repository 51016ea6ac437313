//! Rows that only wait for their release: acked, or refused and why.

use crate::delivery::spool::row::RowId;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;

/// Rows that need nothing more from Kafka.
#[derive(Debug, Default)]
pub(super) struct EndedRows {
    pub(super) acked: BTreeSet<RowId>,
    pub(super) refused: BTreeMap<RowId, String>,
}

/// What is to be released.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::delivery::drain) struct ToRelease {
    /// To be deleted.
    pub(in crate::delivery::drain) acked: Vec<RowId>,
    /// To be quarantined, and why.
    pub(in crate::delivery::drain) refused: Vec<(RowId, String)>,
}

impl EndedRows {
    /// Takes out what is released next: one kind alone, unless there is none of it.
    pub(super) fn take(&mut self, next: NextRelease) -> Self {
        let mut taken = mem::take(self);
        match next {
            NextRelease::Acked if !taken.acked.is_empty() => {
                self.refused = mem::take(&mut taken.refused);
            }
            NextRelease::Refused if !taken.refused.is_empty() => {
                self.acked = mem::take(&mut taken.acked);
            }
            NextRelease::All | NextRelease::Acked | NextRelease::Refused => {}
        }
        taken
    }

    pub(super) fn len(&self) -> usize {
        self.acked.len() + self.refused.len()
    }

    pub(super) fn contains(&self, row: RowId) -> bool {
        self.acked.contains(&row) || self.refused.contains_key(&row)
    }
}

/// Which of the ended rows are released next. A release of acked ones needs no room on the disk, and
/// must not fail with a quarantine that has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum NextRelease {
    #[default]
    All,
    /// A quarantine has failed.
    Acked,
    /// It is tried again.
    Refused,
}

impl NextRelease {
    /// Behind a release that has succeeded.
    pub(super) fn behind(self) -> Self {
        match self {
            Self::Acked => Self::Refused,
            Self::Refused | Self::All => Self::All,
        }
    }
}
