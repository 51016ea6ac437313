//! Rows out, oldest first, each checked.

use crate::delivery::spool::Limit;
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::row::{Columns, Row, RowId};
use crate::delivery::spool::store::{Store, ending, not_there};

pub(super) const READ: &str = "SELECT id, received, checksum, topic, key, headers, value FROM rows \
                               WHERE id > ?1 ORDER BY id LIMIT ?2";

/// Damaged rows that are set aside in one transaction at most.
const MOST_DAMAGED: usize = 256;

/// What a read has found.
#[derive(Debug, Default)]
pub(in crate::delivery::spool) struct Found {
    /// Rows that match their checksum.
    pub(in crate::delivery::spool) rows: Vec<Row>,
    /// Rows that stand among them and cannot become a record, and why.
    pub(in crate::delivery::spool) damaged: Vec<(RowId, String)>,
}

impl Store {
    /// Reads rows behind `after`. At least one, if there is one, whatever its size. Meets exactly
    /// the rows that there must be, or it has found damage.
    pub(in crate::delivery::spool) fn read(
        &mut self,
        after: Option<RowId>,
        limit: Limit,
    ) -> Result<Found, Fault> {
        let mut found = Found::default();
        let mut bytes = 0;
        let mut next = self.ledger.next(after.map(|id| id.0));
        let mut read = self.conn.prepare_cached(READ)?;
        let most = i64::try_from(limit.rows.get()).unwrap_or(i64::MAX);
        let mut rows = read.query([after.map_or(i64::MIN, |after| after.0), most])?;
        let full = |found: &Found, bytes| {
            bytes >= limit.bytes
                || found.damaged.len() == MOST_DAMAGED
                || found.rows.len() + found.damaged.len() == limit.rows.get()
        };
        while let Some(id) = next
            && !full(&found, bytes)
        {
            let Some(row) = rows.next()? else { return Err(not_there(id)) };
            if row.get_ref(0)?.as_i64() != Ok(id) {
                return Err(not_there(id));
            }
            let (columns, checksum) = Columns::read(row, 1)?;
            match columns.restore(id, checksum, &mut self.topic) {
                Ok(record) => {
                    bytes += columns.len();
                    found.rows.push(Row { id: RowId(id), record });
                }
                Err(unreadable) => found.damaged.push((RowId(id), unreadable.to_string())),
            }
            next = self.ledger.next(Some(id));
        }
        Ok(found)
    }

    /// Sets damaged rows aside.
    pub(in crate::delivery::spool) fn set_aside(
        &mut self,
        damaged: &[(RowId, String)],
    ) -> Result<u64, Fault> {
        self.transact(|tx, ledger| ending::set_aside(tx, ledger, damaged))
    }
}
