//! Records of one topic, given to another while no bridge has the spool: the topic was mistyped, or
//! is gone for good.
//!
//! Promise: nothing of a record but its topic changes, its place in the queue neither; what was set
//! aside is given over too, and stays aside. What does not match its checksum stays as it is.

use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::Folder;
use crate::delivery::spool::row::Columns;
use crate::delivery::spool::store::Store;
use crate::delivery::spool::{SpoolOptions, prepare};
use rusqlite::{Transaction, params};
use std::path::Path;

/// The rows are in the folder already.
const NO_LIMIT: u64 = u64::MAX;
/// Rows that are looked at in one transaction.
const BATCH: i64 = 1024;

/// The two tables, each by the number under which a row was appended.
const TABLES: [Table; 2] = [
    Table {
        read: "SELECT id, id, received, checksum, topic, key, headers, value FROM rows \
               WHERE id > ?1 ORDER BY id LIMIT ?2",
        change: "UPDATE rows SET topic = ?2, checksum = ?3 WHERE id = ?1",
        counts: Counts::Bytes,
    },
    Table {
        read: "SELECT id, row_id, received, checksum, topic, key, headers, value FROM set_aside \
               WHERE id > ?1 ORDER BY id LIMIT ?2",
        change: "UPDATE set_aside SET topic = ?2, checksum = ?3 WHERE id = ?1",
        counts: Counts::Nothing,
    },
];

struct Table {
    read: &'static str,
    change: &'static str,
    counts: Counts,
}

/// What the state knows of the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    Bytes,
    Nothing,
}

/// Gives all records of the topic `from` to the topic `to`; says how many there were.
pub fn retopic(dir: &Path, from: &str, to: &str) -> Result<u64, SpoolError> {
    Folder::at(dir).must_hold_spool()?;
    let options = SpoolOptions { dir: dir.to_owned(), max_bytes: NO_LIMIT };
    let (mut keeper, _lock) = prepare(&options)?;
    let failed = |fault| SpoolError::Files { dir: dir.to_owned(), fault };
    let Some(store) = keeper.store() else { return Err(failed(Fault::DiskFull)) };
    let mut changed = 0;
    for table in &TABLES {
        match change_all(store, table, from, to) {
            Ok(rows) => changed += rows,
            Err(fault) => {
                keeper.close();
                return Err(failed(fault));
            }
        }
    }
    keeper.close();
    Ok(changed)
}

fn change_all(store: &mut Store, table: &Table, from: &str, to: &str) -> Result<u64, Fault> {
    let (mut after, mut changed) = (i64::MIN, 0);
    let longer = i64::try_from(to.len()).unwrap_or(0) - i64::try_from(from.len()).unwrap_or(0);
    loop {
        let batch = store.transact(|tx, ledger| {
            let batch = read(tx, table, after, from, to)?;
            for (place, checksum) in &batch.changes {
                tx.prepare_cached(table.change)?.execute(params![place, to, checksum])?;
                match table.counts {
                    Counts::Bytes => ledger.state.bytes += longer,
                    Counts::Nothing => {}
                }
            }
            Ok(batch)
        })?;
        changed += batch.changes.len() as u64;
        match batch.last {
            Some(last) => after = last,
            None => return Ok(changed),
        }
    }
}

/// Some rows of a table.
struct Batch {
    /// Where those of the topic stand, and their checksums with the other one.
    changes: Vec<(i64, i64)>,
    /// The last that was looked at.
    last: Option<i64>,
}

fn read(
    tx: &Transaction<'_>,
    table: &Table,
    after: i64,
    from: &str,
    to: &str,
) -> Result<Batch, Fault> {
    let mut batch = Batch { changes: Vec::new(), last: None };
    let mut select = tx.prepare_cached(table.read)?;
    let mut rows = select.query([after, BATCH])?;
    while let Some(row) = rows.next()? {
        let place = row.get(0)?;
        batch.last = Some(place);
        let id = row.get_ref(1)?.as_i64().unwrap_or_default();
        let (columns, checksum) = Columns::read(row, 2)?;
        if columns.topic == from.as_bytes() && columns.checksum(id) == checksum {
            let given = Columns { topic: to.as_bytes(), ..columns };
            batch.changes.push((place, given.checksum(id)));
        }
    }
    Ok(batch)
}
