//! How much the files of the folder may take up.
//!
//! Promise: an append that is let through never takes the folder over its limit, with everything
//! counted: the database, its log and index, the reserve whether or not it is there, and damaged
//! files that were moved aside. Releases are always let through, and rows that are taken over from
//! a damaged file, because they were promised before; room for the log of releases is kept.

use crate::delivery::spool::ballast::BALLAST;
use crate::delivery::spool::wal::PAGE;

/// Room that is kept for the log: 4 MiB up to its checkpoint, and one transaction more.
const LOG_ROOM: u64 = 6 << 20;
/// Under this room nothing is let through, so that readiness does not flicker: some ordinary posts.
const LEAST_ROOM: u64 = 64 << 10;
/// What a row takes beside its columns: the header of its record, its number and pointer, and its
/// share of inner pages and of the state.
const ROW_OVERHEAD: u64 = 64;
/// What a transaction writes beside the rows: state, inner pages, first page, the repeated frame.
const COMMIT_OVERHEAD: u64 = 8 * PAGE as u64;

/// What the files take up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    /// Pages of the database, when its log has been moved into it.
    pub(super) pages: u64,
    /// Those of them that are free.
    pub(super) free_pages: u64,
    /// Bytes of the database file.
    pub(super) db: u64,
    /// Bytes of its log.
    pub(super) wal: u64,
    /// Bytes of the other files.
    pub(super) others: Others,
}

/// What lies beside the database and its log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Others {
    /// Bytes of the reserve; zero while it is given up.
    pub(super) reserve: u64,
    /// Bytes of all the rest: index, damaged files.
    pub(super) rest: u64,
}

impl Usage {
    /// What they would take up at most, once `growth` more were written.
    fn with(&self, growth: u64) -> u64 {
        let page = PAGE as u64;
        let used = self.pages.saturating_sub(self.free_pages) * page;
        let db = (self.pages * page).max(self.db).max(used + growth);
        let wal = LOG_ROOM.max(self.wal + growth + COMMIT_OVERHEAD);
        db + wal + self.others.rest + BALLAST
    }

    /// What they take up.
    pub(super) fn file_bytes(&self) -> u64 {
        self.db + self.wal + self.others.rest + self.others.reserve
    }

    /// What they take up, without the pages that further rows can have.
    pub(super) fn used_bytes(&self) -> u64 {
        self.file_bytes() - self.db.min(self.free_pages * PAGE as u64)
    }

    /// Whether `growth` more can be written without going over the limit.
    pub(super) fn admits(&self, growth: u64, limit: u64) -> bool {
        self.with(growth) <= limit
    }

    /// Whether an ordinary post can be written.
    pub(super) fn has_room(&self, limit: u64) -> bool {
        self.admits(LEAST_ROOM, limit)
    }
}

/// The most that a row of so many bytes adds to the database, and to its log. Twice its size: a row
/// that is just over half a page has a page to itself, and longer ones waste less.
pub(super) fn growth(row_bytes: u64) -> u64 {
    2 * (row_bytes + ROW_OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::spool::LEAST_LIMIT;

    #[test]
    fn the_least_limit_has_room_and_an_endless_row_has_none() {
        let others = Others { reserve: BALLAST, rest: 32_768 };
        let empty = Usage { pages: 5, others, ..Usage::default() };
        assert!(empty.has_room(LEAST_LIMIT));
        assert!(empty.admits(growth(1 << 20), LEAST_LIMIT));
        assert!(!empty.admits(growth(LEAST_LIMIT), LEAST_LIMIT));
    }

    #[test]
    fn free_pages_are_room_inside_the_file() {
        let full = Usage { pages: 2560, ..Usage::default() };
        assert!(!full.has_room(LEAST_LIMIT));
        let drained = Usage { free_pages: 2000, ..full };
        let limit = 2560 * PAGE as u64 + LOG_ROOM + BALLAST;
        assert!(drained.has_room(limit));
        assert!(!full.has_room(limit));
    }

    #[test]
    fn the_reserve_counts_whether_or_not_it_is_there() {
        let given_up = Usage { pages: 5, ..Usage::default() };
        let others = Others { reserve: BALLAST, rest: 0 };
        let there = Usage { others, ..given_up };
        assert_eq!(given_up.with(7), there.with(7));
        assert_eq!(there.file_bytes() - given_up.file_bytes(), BALLAST);
    }
}
