//! Rows that end: deleted or set aside.

use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::ledger::{Ledger, Standing};
use crate::delivery::spool::row::{RowId, unix_millis};
use rusqlite::{Transaction, params};
use std::time::SystemTime;

pub(super) const SUM: &str = "SELECT count(*), total(octet_length(topic) + octet_length(key) + \
                              octet_length(headers) + octet_length(value)) FROM rows \
                              WHERE id BETWEEN ?1 AND ?2";
pub(super) const DELETE: &str = "DELETE FROM rows WHERE id BETWEEN ?1 AND ?2";
pub(super) const SET_ASIDE: &str = "INSERT INTO set_aside SELECT NULL, ?2, ?3, id, received, \
                                    checksum, topic, key, headers, value FROM rows WHERE id = ?1";

/// Deletes those of the rows that still wait, in runs of numbers without a gap.
pub(super) fn delete(
    tx: &Transaction<'_>,
    ledger: &mut Ledger,
    acked: &[RowId],
) -> Result<u64, Fault> {
    let mut ids: Vec<i64> = acked.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| ledger.end(*id) == Standing::Waits);
    for run in ids.chunk_by(|a, b| a + 1 == *b) {
        delete_run(tx, ledger, run)?;
    }
    Ok(ids.len() as u64)
}

/// Sets those of the rows aside that still wait.
pub(super) fn set_aside(
    tx: &Transaction<'_>,
    ledger: &mut Ledger,
    refused: &[(RowId, String)],
) -> Result<u64, Fault> {
    let now = unix_millis(SystemTime::now());
    let mut moved = 0;
    for (RowId(id), reason) in refused {
        if ledger.end(*id) == Standing::Ended {
            continue;
        }
        if tx.prepare_cached(SET_ASIDE)?.execute(params![id, now, reason])? != 1 {
            return Err(super::not_there(*id));
        }
        delete_run(tx, ledger, &[*id])?;
        ledger.state.aside += 1;
        moved += 1;
    }
    Ok(moved)
}

fn delete_run(tx: &Transaction<'_>, ledger: &mut Ledger, run: &[i64]) -> Result<(), Fault> {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok(()) };
    let mut sum = tx.prepare_cached(SUM)?;
    // `total` is a float, so that a damaged length cannot overflow it; ours are exact in it.
    #[expect(clippy::cast_possible_truncation, reason = "bytes of one run, far under 2^53")]
    let sum = sum
        .query_row([first, last], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)? as i64)));
    let (seen, bytes) = sum?;
    let deleted = tx.prepare_cached(DELETE)?.execute([first, last])?;
    if deleted != run.len() || seen.cast_unsigned() != run.len() as u64 {
        return Err(super::not_there(*first));
    }
    ledger.take_off(bytes);
    Ok(())
}
