//! Rows that were set aside, back into the queue of a stopped bridge.
//!
//! Promise: they come behind all others, under new numbers, as they were; each is in the one table
//! or the other, never in both or neither. What does not match its checksum stays aside.

use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::Folder;
use crate::delivery::spool::row::Columns;
use crate::delivery::spool::store::Store;
use crate::delivery::spool::{SpoolOptions, prepare};
use rusqlite::Transaction;
use std::path::Path;

/// The rows are in the folder already.
const NO_LIMIT: u64 = u64::MAX;
/// Rows that are moved in one transaction.
const BATCH: i64 = 256;

const READ: &str = "SELECT id, row_id, received, checksum, topic, key, headers, value FROM set_aside \
                    WHERE id > ?1 ORDER BY id LIMIT ?2";
const APPEND: &str = "INSERT INTO rows SELECT ?2, received, ?3, CAST(topic AS TEXT), \
                      CAST(key AS TEXT), CAST(headers AS BLOB), CAST(value AS BLOB) FROM set_aside \
                      WHERE id = ?1";
const DELETE: &str = "DELETE FROM set_aside WHERE id = ?1";

/// What became of the rows that were set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requeued {
    /// They wait again.
    pub rows: u64,
    /// They stay aside: they do not match their checksum.
    pub left: u64,
}

/// Moves them. There must be a spool in the folder, and no bridge may have it; this takes its lock
/// meanwhile.
pub fn requeue(dir: &Path) -> Result<Requeued, SpoolError> {
    Folder::at(dir).must_hold_spool()?;
    let options = SpoolOptions { dir: dir.to_owned(), max_bytes: NO_LIMIT };
    let (mut keeper, _lock) = prepare(&options)?;
    let failed = |fault| SpoolError::Files { dir: dir.to_owned(), fault };
    let Some(store) = keeper.store() else { return Err(failed(Fault::DiskFull)) };
    let moved = move_all(store).map_err(failed);
    keeper.close();
    moved
}

fn move_all(store: &mut Store) -> Result<Requeued, Fault> {
    let mut place = i64::MIN;
    let mut rows = 0;
    loop {
        let batch = store.transact(|tx, ledger| {
            let batch = read(tx, place, ledger.state.last_id)?;
            for Move { place, id, checksum, bytes } in &batch.moves {
                tx.prepare_cached(APPEND)?.execute([place, id, checksum])?;
                tx.prepare_cached(DELETE)?.execute([place])?;
                ledger.append(*bytes);
                ledger.state.aside -= 1;
            }
            Ok(batch)
        })?;
        rows += batch.moves.len() as u64;
        match batch.last {
            Some(last) => place = last,
            None => return Ok(Requeued { rows, left: store.state().aside.cast_unsigned() }),
        }
    }
}

/// A row that can go back.
struct Move {
    place: i64,
    /// Its new number, and its checksum under that.
    id: i64,
    checksum: i64,
    bytes: u64,
}

/// Some rows that were set aside.
struct Batch {
    moves: Vec<Move>,
    /// The place of the last of them, whether or not it can go back.
    last: Option<i64>,
}

fn read(tx: &Transaction<'_>, after: i64, last_id: i64) -> Result<Batch, Fault> {
    let mut batch = Batch { moves: Vec::new(), last: None };
    let mut select = tx.prepare_cached(READ)?;
    let mut rows = select.query([after, BATCH])?;
    let mut id = last_id;
    while let Some(row) = rows.next()? {
        let place = row.get(0)?;
        batch.last = Some(place);
        let old_id = row.get_ref(1)?.as_i64().unwrap_or_default();
        let (columns, checksum) = Columns::read(row, 2)?;
        if columns.checksum(old_id) == checksum {
            id += 1;
            let (checksum, bytes) = (columns.checksum(id), columns.len());
            batch.moves.push(Move { place, id, checksum, bytes });
        }
    }
    Ok(batch)
}
