//! One transaction's share of a rescue.

use crate::delivery::spool::cell::{self, Cell, Value};
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::ledger::{Ledger, Standing};
use crate::delivery::spool::pages::{Overflow, Page, Pages};
use crate::delivery::spool::rescue::Wanted;
use crate::delivery::spool::row::Columns;
use crate::delivery::spool::wal::PAGE;
use rusqlite::{Transaction, params};
use std::ops::Range;

/// Columns of a row, and of a row that was set aside.
const ROW: usize = 7;
const ASIDE: usize = 10;

const PUT_ROW: &str = "INSERT OR IGNORE INTO rows VALUES (?1, ?2, ?3, CAST(?4 AS TEXT), \
                       CAST(?5 AS TEXT), ?6, ?7)";
const PUT_ASIDE: &str = "INSERT OR IGNORE INTO set_aside VALUES (?1, ?2, CAST(?3 AS TEXT), ?4, ?5, \
                         ?6, CAST(?7 AS TEXT), CAST(?8 AS TEXT), ?9, ?10)";

/// Some page images, and where their rows go.
pub(super) struct Piece<'a> {
    tx: &'a Transaction<'a>,
    ledger: &'a mut Ledger,
    pages: &'a Pages,
    wanted: &'a Wanted,
    taken: Taken,
}

/// Rows that were taken over.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    /// All of them.
    pub(super) rows: u64,
    /// Those that were expected.
    pub(super) expected: i64,
}

/// Whether a cell was a row of either kind.
#[derive(PartialEq, Eq)]
enum Cells {
    Row,
    Other,
}

impl<'a> Piece<'a> {
    pub(super) fn new(
        tx: &'a Transaction<'a>,
        ledger: &'a mut Ledger,
        pages: &'a Pages,
        wanted: &'a Wanted,
    ) -> Self {
        Self { tx, ledger, pages, wanted, taken: Taken::default() }
    }

    /// Takes what these images hold.
    pub(super) fn take(mut self, images: Range<u64>) -> Result<Taken, Fault> {
        let mut page: Page = [0; PAGE];
        let mut payload = Vec::new();
        for image in images {
            self.pages.read(image, &mut page).map_err(Fault::io("read a damaged file"))?;
            for cell in cell::cells(&page) {
                self.take_cell(&cell, &mut payload)?;
            }
        }
        Ok(self.taken)
    }

    fn take_cell(&mut self, cell: &Cell<'_>, payload: &mut Vec<u8>) -> Result<(), Fault> {
        if !cell::columns(cell).is_some_and(|columns| [ROW, ASIDE].contains(&columns)) {
            return Ok(());
        }
        for overflow in [Overflow::Newest, Overflow::OfDatabase] {
            let read = self.pages.payload(cell, overflow, payload);
            let whole = read.map_err(Fault::io("read a damaged file"))?.is_some();
            if whole && self.take_payload(cell.id, payload)? == Cells::Row || cell.overflow == 0 {
                break;
            }
        }
        Ok(())
    }

    fn take_payload(&mut self, id: i64, payload: &[u8]) -> Result<Cells, Fault> {
        if let Some([Value::Null, columns @ ..]) = cell::values::<ROW>(payload)
            && let Some((columns, checksum)) = to_columns(columns)
            && columns.checksum(id) == checksum
        {
            if self.wanted.standing(id) == Standing::Waits {
                self.put_row(id, &columns, checksum)?;
            }
            return Ok(Cells::Row);
        }
        if let Some([Value::Null, at, reason, row_id, columns @ ..]) =
            cell::values::<ASIDE>(payload)
            && let (Value::Integer(at), Value::Bytes(reason)) = (at, reason)
            && let Value::Integer(row_id) = row_id
            && let Some((columns, checksum)) = to_columns(columns)
            && columns.checksum(row_id) == checksum
        {
            let Columns { received, topic, key, headers, value } = columns;
            let row =
                params![id, at, reason, row_id, received, checksum, topic, key, headers, value];
            if self.tx.prepare_cached(PUT_ASIDE)?.execute(row)? == 1 {
                self.ledger.state.aside += 1;
            }
            return Ok(Cells::Row);
        }
        Ok(Cells::Other)
    }

    fn put_row(&mut self, id: i64, columns: &Columns<'_>, checksum: i64) -> Result<(), Fault> {
        let Columns { received, topic, key, headers, value } = *columns;
        let row = params![id, received, checksum, topic, key, headers, value];
        if self.tx.prepare_cached(PUT_ROW)?.execute(row)? == 1 {
            self.ledger.put_back(id, columns.len());
            self.taken.rows += 1;
            self.taken.expected += i64::from(self.wanted.expects(id));
        }
        Ok(())
    }
}

/// The columns of a row and their checksum, if the values are of their types.
fn to_columns(values: [Value<'_>; 6]) -> Option<(Columns<'_>, i64)> {
    let [
        Value::Integer(received),
        Value::Integer(checksum),
        Value::Bytes(topic),
        Value::Bytes(key),
        Value::Bytes(headers),
        Value::Bytes(value),
    ] = values
    else {
        return None;
    };
    Some((Columns { received, topic, key, headers, value }, checksum))
}
