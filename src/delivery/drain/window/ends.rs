//! Rows that only wait for their release: acked, or refused and why.

use crate::delivery::spool::row::RowId;
use std::collections::{BTreeMap, BTreeSet};

/// Rows that need nothing more from Kafka.
#[derive(Debug, Default)]
pub(super) struct EndedRows {
    pub(super) acked: BTreeSet<RowId>,
    pub(super) refused: BTreeMap<RowId, String>,
}

impl EndedRows {
    pub(super) fn acked(acked: BTreeSet<RowId>) -> Self {
        Self { acked, ..Self::default() }
    }

    pub(super) fn refused(refused: BTreeMap<RowId, String>) -> Self {
        Self { refused, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.acked.len() + self.refused.len()
    }

    pub(super) fn contains(&self, row: RowId) -> bool {
        self.acked.contains(&row) || self.refused.contains_key(&row)
    }
}
