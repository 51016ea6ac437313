//! The rows of the window that are tried as dead letters.
//!
//! Promise: they stay rows that are not released, whatever is read or sent again meanwhile, and take
//! up room as those under way do.

use crate::delivery::drain::window::{BYTES, ROWS, Window};
use crate::delivery::record::Record;
use crate::delivery::spool::row::RowId;
use std::collections::BTreeMap;

/// With their bytes.
#[derive(Debug, Default)]
pub(super) struct Letters {
    rows: BTreeMap<RowId, u64>,
    bytes: u64,
}

impl Letters {
    pub(super) fn contains(&self, row: RowId) -> bool {
        self.rows.contains_key(&row)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether no more rows are to be read that could become some.
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= ROWS || self.bytes >= BYTES
    }

    fn remove(&mut self, row: RowId) {
        self.bytes -= self.rows.remove(&row).unwrap_or(0);
    }
}

impl Window {
    /// The row is not taken by its topic, and goes to another.
    pub(in crate::delivery::drain) fn becomes_letter(&mut self, row: RowId, record: &Record) {
        self.close(row);
        let bytes = record.size() as u64;
        self.letters.bytes += bytes;
        self.letters.rows.insert(row, bytes);
        self.passed(row);
    }

    /// That one has it.
    pub(in crate::delivery::drain) fn letter_acked(&mut self, row: RowId) {
        self.letters.remove(row);
        self.ended.acked.insert(row);
    }

    /// That one does not take it either.
    pub(in crate::delivery::drain) fn letter_refused(&mut self, row: RowId, reason: String) {
        self.letters.remove(row);
        self.ended.refused.insert(row, reason);
    }
}
