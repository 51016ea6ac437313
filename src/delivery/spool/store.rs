//! The open database: rows in, rows out, one transaction at a time.
//!
//! Promise: what a call reports as done was synced to the disk before it returned; a call that
//! fails has left the in-memory state as it was, and the connection must not be used again, only
//! closed: after a failed sync the kernel may have dropped what it could not write, and reports
//! that once (`fsync(2)`). It knows nothing of threads, queues and files aside.

pub(super) mod ending;
pub(super) mod reading;
pub(super) mod upkeep;

use crate::delivery::record::Record;
use crate::delivery::spool::connection::{self, Purpose};
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::Folder;
use crate::delivery::spool::ledger::Ledger;
use crate::delivery::spool::row::{Columns, RowId, size_of};
use crate::delivery::spool::state::State;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use std::sync::Arc;

const INSERT: &str = "INSERT INTO rows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const RECEIVED: &str = "SELECT received FROM rows WHERE id = ?1";

/// All that look for rows.
#[cfg(test)]
pub(super) const LOOK_FOR_ROWS: [&str; 5] =
    [RECEIVED, reading::READ, ending::SUM, ending::DELETE, ending::SET_ASIDE];

/// Statements that are kept prepared: all there are.
const STATEMENTS: usize = 32;

/// An open database. Not `Clone`: it has one owner, and it writes.
#[derive(Debug)]
pub(super) struct Store {
    conn: Connection,
    folder: Folder,
    ledger: Ledger,
    /// What a commit that failed would have left.
    tried: Option<Ledger>,
    /// When the first row was received.
    oldest: Option<i64>,
    /// The topic of the last row that was read; nearly all rows share it.
    topic: Arc<str>,
    /// Room for encoded headers.
    headers: Vec<u8>,
}

/// What a transaction is to do.
#[derive(Debug, Default)]
pub(super) struct Change<'a> {
    /// Records to append, in order.
    pub(super) records: &'a [&'a Record],
    /// Rows that were acked.
    pub(super) acked: &'a [RowId],
    /// Rows that were refused, and why.
    pub(super) refused: &'a [(RowId, String)],
}

/// What a transaction has done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Applied {
    /// The number of the first record; the others follow without a gap.
    pub(super) first: i64,
    /// Rows that were deleted.
    pub(super) drained: u64,
    /// Rows that were set aside.
    pub(super) set_aside: u64,
}

/// What is certain of a database whose connection was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// After the last commit that succeeded.
    pub(super) committed: Ledger,
    /// After the commit that failed, should it be there nevertheless.
    pub(super) tried: Option<Ledger>,
}

impl Store {
    /// Opens the database of the folder, which must have one. Reads the state, the holes and the
    /// first row.
    pub(super) fn open(folder: &Folder) -> Result<Self, Fault> {
        let conn = connection::connect(folder, Purpose::Write)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        let ledger = Ledger::read(&conn)?;
        let oldest = oldest(&conn, &ledger)?;
        Ok(Self {
            conn,
            folder: folder.clone(),
            ledger,
            tried: None,
            oldest,
            topic: "".into(),
            headers: Vec::new(),
        })
    }

    /// How things stand in a database that is only looked at, and when its first row was received.
    pub(super) fn peek(conn: &Connection) -> Result<(State, Option<i64>), Fault> {
        let ledger = Ledger::read(conn)?;
        Ok((ledger.state, oldest(conn, &ledger)?))
    }

    /// How things stand.
    pub(super) fn state(&self) -> State {
        self.ledger.state
    }

    /// When the first row was received, in Unix milliseconds.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.oldest
    }

    /// Closes it without touching the log, and says what is certain.
    pub(super) fn give_up(self) -> Known {
        let known = Known { committed: self.ledger, tried: self.tried };
        if let Err((_, error)) = self.conn.close() {
            tracing::debug!(error = %error, "a connection did not close cleanly");
        }
        known
    }

    /// Does all of it in one transaction, or nothing.
    pub(super) fn apply(&mut self, change: &Change<'_>) -> Result<Applied, Fault> {
        let mut headers = std::mem::take(&mut self.headers);
        let applied = self.transact(|tx, ledger| {
            let drained = ending::delete(tx, ledger, change.acked)?;
            let set_aside = ending::set_aside(tx, ledger, change.refused)?;
            let first = ledger.state.last_id + 1;
            let mut insert = tx.prepare_cached(INSERT)?;
            for record in change.records {
                let id = ledger.append(size_of(record));
                let columns = Columns::of(record, &mut headers);
                let checksum = columns.checksum(id);
                let Columns { received, headers, value, .. } = columns;
                let (topic, key) = (record.topic(), record.key());
                insert.execute(params![id, received, checksum, topic, key, headers, value])?;
            }
            Ok(Applied { first, drained, set_aside })
        });
        self.headers = headers;
        applied
    }

    /// Writes the state anew: a commit that shows that write and sync work.
    pub(super) fn prove(&mut self) -> Result<(), Fault> {
        self.transact(|_, _| Ok(()))
    }

    /// Compares what is there with what is known from before the connection was given up: rows of
    /// the commit that failed are removed, because their senders were told so. Gives the number of
    /// rows that were promised and are not there.
    pub(super) fn reconcile(&mut self, known: &Known) -> Result<u64, Fault> {
        let (found, committed) = (&self.ledger, &known.committed);
        if found == committed {
            return Ok(0);
        }
        if Some(found) == known.tried.as_ref() {
            let told: Vec<_> =
                (committed.state.last_id + 1..=found.state.last_id).map(RowId).collect();
            self.transact(|tx, ledger| ending::delete(tx, ledger, &told))?;
            return Ok(0);
        }
        let missing = committed.state.rows - found.state.rows;
        self.transact(|_, ledger| {
            ledger.skip_to(committed.state.last_id);
            Ok(())
        })?;
        Ok(u64::try_from(missing).unwrap_or(0))
    }

    /// Runs one transaction that may change the ledger, and commits it.
    pub(super) fn transact<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &mut Ledger) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut ledger = self.ledger.clone();
        let tx = Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate)?;
        let done = work(&tx, &mut ledger)?;
        let oldest = if self.oldest.is_some() && ledger.state.floor == self.ledger.state.floor {
            self.oldest
        } else {
            oldest(&tx, &ledger)?
        };
        ledger.write(&tx, &self.ledger)?;
        self.tried = Some(ledger.clone());
        tx.commit()?;
        self.ledger = ledger;
        self.tried = None;
        self.oldest = oldest;
        Ok(done)
    }
}

/// When the first row was received.
fn oldest(conn: &Connection, ledger: &Ledger) -> Result<Option<i64>, Fault> {
    let Some(first) = ledger.next(None) else { return Ok(None) };
    let mut select = conn.prepare_cached(RECEIVED)?;
    // A row that is damaged is met when it is read.
    let received = select.query_row([first], |row| Ok(row.get_ref(0)?.as_i64().unwrap_or(0)));
    match received.optional()? {
        Some(received) => Ok(Some(received)),
        None => Err(not_there(first)),
    }
}

fn not_there(id: i64) -> Fault {
    Fault::Damaged(format!("row {id} is not where it should be"))
}
