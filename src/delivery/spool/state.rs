//! The one-row table that knows how many rows there are, so that nothing has to count them.
//!
//! Promise: it changes in the transaction that changes the rows, and carries a checksum of its own:
//! a state that was read is true of the rows beside it. It is also what a damaged file is measured
//! by: how many rows should be there, and from which number on.

use crate::delivery::spool::fault::Fault;
use rusqlite::{Connection, OptionalExtension as _, params};

/// The format of the file: `user_version`, and once more in the state. Whatever changes the tables
/// or the encoding of a column raises it, and must keep this table readable.
pub(super) const FORMAT: u32 = 1;

const READ: &str = "SELECT format, change, last_id, floor, row_count, row_bytes, aside_count, \
                    checksum FROM state WHERE id = 1";
const WRITE: &str = "UPDATE state SET format = ?1, change = ?2, last_id = ?3, floor = ?4, \
                     row_count = ?5, row_bytes = ?6, aside_count = ?7, checksum = ?8 WHERE id = 1";

/// How things stand after a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State {
    /// How many transactions there were; of two states the newer one has more.
    pub(super) change: i64,
    /// The highest number that a row ever had.
    pub(super) last_id: i64,
    /// No row has a lower number. Kept for the rescue of rows: what lies below was released.
    pub(super) floor: i64,
    /// Rows that wait.
    pub(super) rows: i64,
    /// Their bytes.
    pub(super) bytes: i64,
    /// Rows that were set aside.
    pub(super) aside: i64,
}

impl State {
    /// The columns in their order, the last of them the checksum.
    pub(super) const COLUMNS: usize = 8;

    /// Reads it; one that does not match its checksum means a damaged file.
    pub(super) fn read(conn: &Connection) -> Result<Self, Fault> {
        let columns = conn
            .prepare_cached(READ)?
            .query_row([], |row| {
                let mut columns = [0; Self::COLUMNS];
                for (at, column) in columns.iter_mut().enumerate() {
                    *column = row.get_ref(at)?.as_i64().unwrap_or(0);
                }
                Ok(columns)
            })
            .optional()?;
        columns
            .and_then(Self::from_columns)
            .ok_or_else(|| Fault::Damaged("the state does not match its checksum".to_owned()))
    }

    /// The state that these columns say, if they match their checksum.
    pub(super) fn from_columns(columns: [i64; Self::COLUMNS]) -> Option<Self> {
        let [format, change, last_id, floor, rows, bytes, aside, checksum] = columns;
        let state = Self { change, last_id, floor, rows, bytes, aside };
        let sound = format == i64::from(FORMAT) && state.checksum() == checksum;
        (sound && rows >= 0 && bytes >= 0 && aside >= 0).then_some(state)
    }

    /// Writes it, as the next change.
    pub(super) fn write(&mut self, conn: &Connection) -> Result<(), Fault> {
        self.change += 1;
        let Self { change, last_id, floor, rows, bytes, aside } = *self;
        let columns = params![FORMAT, change, last_id, floor, rows, bytes, aside, self.checksum()];
        match conn.prepare_cached(WRITE)?.execute(columns)? {
            1 => Ok(()),
            _ => Err(Fault::Damaged("the state is not there".to_owned())),
        }
    }

    fn checksum(&self) -> i64 {
        let Self { change, last_id, floor, rows, bytes, aside } = *self;
        let mut crc = crc32fast::Hasher::new();
        for number in [i64::from(FORMAT), change, last_id, floor, rows, bytes, aside] {
            crc.update(&number.to_le_bytes());
        }
        i64::from(crc.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_the_state_is_found() {
        let state = State { change: 9, last_id: 7, floor: 3, rows: 4, bytes: 2048, aside: 1 };
        let State { change, last_id, floor, rows, bytes, aside } = state;
        let format = i64::from(FORMAT);
        let columns = [format, change, last_id, floor, rows, bytes, aside, state.checksum()];
        assert_eq!(State::from_columns(columns), Some(state));
        for at in 0..columns.len() {
            for bit in 0..64 {
                let mut flipped = columns;
                flipped[at] ^= 1 << bit;
                assert_eq!(State::from_columns(flipped), None, "column {at}, bit {bit}");
            }
        }
    }
}
