//! Which rows there must be, to the row.
//!
//! Numbers are given without a gap, so the rows that wait are all numbers from the first to the
//! last, but for the holes: rows that ended out of order. Holes are few: as many as the drain has
//! under way. They stand in a table of their own, and change in the transaction that changes the
//! rows; with the counts of the [`State`] they have to come out even.
//!
//! Promise: with it a row that a damaged tree no longer leads to is missed at the first read that
//! should have met it, before a later row is given out, and a rescue knows which rows are wanted
//! and which are lost. It is a plain value; it knows no `SQLite` but for two statements.

use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::state::State;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::Arc;

const READ: &str = "SELECT first, last FROM holes";
const WRITE: &str = "INSERT OR REPLACE INTO holes VALUES (?1, ?2)";
const REMOVE: &str = "DELETE FROM holes WHERE first = ?1";

/// Runs of numbers between the first and the last row that are no rows: first and last of each.
/// No two touch.
type Holes = BTreeMap<i64, i64>;

/// The counts and the holes. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ledger {
    /// The counts.
    pub(super) state: State,
    holes: Arc<Holes>,
}

/// Whether a number is a row that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Waits,
    Ended,
}

impl Ledger {
    /// Counts and holes that come out even; none if they do not.
    pub(super) fn new(state: State, holes: impl IntoIterator<Item = (i64, i64)>) -> Option<Self> {
        let holes: Holes = holes.into_iter().collect();
        let mut free = state.floor;
        let mut rows = state.last_id.checked_sub(state.floor)?.checked_add(1)?;
        for (first, last) in &holes {
            // Behind a row, in front of the end, and not empty.
            if *first <= free || last < first || *last > state.last_id {
                return None;
            }
            rows -= last - first + 1;
            free = last + 1;
        }
        (rows == state.rows).then(|| Self { state, holes: Arc::new(holes) })
    }

    /// Reads both; what does not come out even is damage.
    pub(super) fn read(conn: &Connection) -> Result<Self, Fault> {
        let state = State::read(conn)?;
        let mut select = conn.prepare_cached(READ)?;
        let holes = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let holes: Vec<_> = holes.collect::<Result<_, _>>()?;
        Self::new(state, holes).ok_or_else(|| Fault::Damaged("the counts are not even".to_owned()))
    }

    /// Writes what differs from `before`.
    pub(super) fn write(&mut self, conn: &Connection, before: &Self) -> Result<(), Fault> {
        self.state.write(conn)?;
        if Arc::ptr_eq(&self.holes, &before.holes) {
            return Ok(());
        }
        for (first, last) in &*self.holes {
            if before.holes.get(first) != Some(last) {
                conn.prepare_cached(WRITE)?.execute([first, last])?;
            }
        }
        for first in before.holes.keys() {
            if !self.holes.contains_key(first) {
                conn.prepare_cached(REMOVE)?.execute([first])?;
            }
        }
        Ok(())
    }

    /// The first row behind `after`, or the first of all.
    pub(super) fn next(&self, after: Option<i64>) -> Option<i64> {
        let next = after.map_or(self.state.floor, |id| self.state.floor.max(id.saturating_add(1)));
        let next = self.hole_with(next).map_or(next, |(_, last)| last + 1);
        (next <= self.state.last_id).then_some(next)
    }

    /// Whether there is a row of this number.
    pub(super) fn standing(&self, id: i64) -> Standing {
        if self.next(id.checked_sub(1)) == Some(id) { Standing::Waits } else { Standing::Ended }
    }

    /// How many numbers between first and last are no rows.
    pub(super) fn hole_count(state: &State) -> u64 {
        (state.last_id - state.floor + 1 - state.rows).cast_unsigned()
    }

    /// Gives the next number to a row of so many bytes.
    pub(super) fn append(&mut self, bytes: u64) -> i64 {
        self.state.last_id += 1;
        self.state.rows += 1;
        self.state.bytes += bytes.cast_signed();
        self.state.last_id
    }

    /// Ends a row, and says whether it had been waiting. Its bytes are not known here.
    pub(super) fn end(&mut self, id: i64) -> Standing {
        if self.standing(id) == Standing::Ended {
            return Standing::Ended;
        }
        self.state.rows -= 1;
        self.add_hole(id, id);
        Standing::Waits
    }

    /// Takes the bytes of ended rows off.
    pub(super) fn take_off(&mut self, bytes: i64) {
        self.state.bytes = (self.state.bytes - bytes).max(0);
        if self.state.rows == 0 {
            self.state.bytes = 0;
        }
    }

    /// Leaves numbers up to this one out.
    pub(super) fn skip_to(&mut self, last_id: i64) {
        let from = self.state.last_id + 1;
        if from <= last_id {
            self.state.last_id = last_id;
            self.add_hole(from, last_id);
        }
    }

    /// Lets a row of this number and so many bytes wait that did not.
    pub(super) fn put_back(&mut self, id: i64, bytes: u64) {
        if self.state.rows == 0 {
            self.state.last_id = self.state.last_id.max(id);
            self.state.floor = id;
            self.set_hole(id + 1, self.state.last_id);
        } else if id < self.state.floor {
            self.set_hole(id + 1, self.state.floor - 1);
            self.state.floor = id;
        } else if id > self.state.last_id {
            self.skip_to(id - 1);
            self.state.last_id = id;
        } else if let Some((first, last)) = self.hole_with(id) {
            Arc::make_mut(&mut self.holes).remove(&first);
            self.set_hole(first, id - 1);
            self.set_hole(id + 1, last);
        }
        self.state.rows += 1;
        self.state.bytes += bytes.cast_signed();
    }

    /// The hole that a number lies in.
    fn hole_with(&self, id: i64) -> Option<(i64, i64)> {
        let (first, last) = self.holes.range(..=id).next_back()?;
        (id <= *last).then_some((*first, *last))
    }

    /// Makes a hole of rows that have ended, together with those that it touches.
    fn add_hole(&mut self, mut first: i64, mut last: i64) {
        let holes = Arc::make_mut(&mut self.holes);
        if let Some((before, end)) = holes.range(..first).next_back().map(|(a, b)| (*a, *b))
            && end + 1 == first
        {
            holes.remove(&before);
            first = before;
        }
        if let Some(end) = holes.remove(&(last + 1)) {
            last = end;
        }
        if self.state.rows == 0 {
            holes.clear();
            self.state.floor = self.state.last_id + 1;
        } else if first <= self.state.floor {
            self.state.floor = last + 1;
        } else {
            holes.insert(first, last);
        }
    }

    /// Makes a hole that touches no other, if it is not empty.
    fn set_hole(&mut self, first: i64, last: i64) {
        if first <= last {
            Arc::make_mut(&mut self.holes).insert(first, last);
        }
    }
}

#[cfg(test)]
mod tests;
