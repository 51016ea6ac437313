//! The cells of a table's leaf page, and the values of a record (fileformat2.html, 1.6 and 2.1).
//!
//! Promise: any 4096 bytes may be given; what does not parse yields nothing. It proves nothing:
//! whether a cell is a row is for the row's checksum to say.

use crate::delivery::spool::pages::Page;
use crate::delivery::spool::wal::PAGE;

/// The type of a page that holds rows of a table.
const LEAF: u8 = 0x0d;
/// The header of a leaf, before the pointers to its cells.
const LEAF_HEADER: usize = 8;
/// Page 1 begins with the header of the file.
const FILE_HEADER: usize = 100;
/// The longest payload that stands in its leaf alone.
const MOST_LOCAL: usize = PAGE - 35;
/// What of a longer payload stands in the leaf at least.
const LEAST_LOCAL: usize = (PAGE - 12) * 32 / 255 - 23;
/// What fits in an overflow page, behind the number of the next.
pub(super) const OVERFLOW_ROOM: usize = PAGE - 4;
/// `SQLite`'s own limit on a row.
const MOST_PAYLOAD: u64 = 1_000_000_000;

/// A cell of a leaf.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    /// The number of the row.
    pub(super) id: i64,
    /// The length of the whole payload.
    pub(super) len: usize,
    /// What of it stands here.
    pub(super) local: &'a [u8],
    /// The page with the rest of it; zero: there is no rest.
    pub(super) overflow: u32,
}

/// The cells that the pointers of a leaf lead to; none if the page is no leaf. A type that is one
/// bit off counts as a leaf: no other page begins like that and holds a sender's bytes behind
/// pointers.
pub(super) fn cells(page: &Page) -> impl Iterator<Item = Cell<'_>> {
    let start = if page.starts_with(b"SQLite format 3\0") { FILE_HEADER } else { 0 };
    let header = &page[start..];
    let leaf = (header[0] ^ LEAF).count_ones() <= 1;
    let count = if leaf { usize::from(u16::from_be_bytes([header[3], header[4]])) } else { 0 };
    let pointers = header[LEAF_HEADER..].chunks_exact(2).take(count);
    pointers.filter_map(|pointer| {
        let at = usize::from(u16::from_be_bytes([pointer[0], pointer[1]]));
        cell(page.get(at..)?)
    })
}

fn cell(mut bytes: &[u8]) -> Option<Cell<'_>> {
    let len = varint(&mut bytes)?;
    let id = varint(&mut bytes)?.cast_signed();
    let len = usize::try_from(len).ok().filter(|_| len <= MOST_PAYLOAD)?;
    let local_len = if len <= MOST_LOCAL {
        len
    } else {
        let fitting = LEAST_LOCAL + (len - LEAST_LOCAL) % OVERFLOW_ROOM;
        if fitting <= MOST_LOCAL { fitting } else { LEAST_LOCAL }
    };
    let (local, rest) = bytes.split_at_checked(local_len)?;
    let overflow = if local_len < len { u32::from_be_bytes(*rest.first_chunk()?) } else { 0 };
    Some(Cell { id, len, local, overflow })
}

/// How many columns the record of a cell has, if their lengths add up to that of the payload. So
/// little is known from the leaf alone, before anything is read for a length that may be damaged.
pub(super) fn columns(cell: &Cell<'_>) -> Option<usize> {
    let mut rest = cell.local;
    let header_len = usize::try_from(varint(&mut rest)?).ok()?;
    let mut types = cell.local.get(cell.local.len() - rest.len()..header_len)?;
    let mut len = header_len;
    let mut columns = 0;
    while !types.is_empty() {
        len = len.checked_add(len_of(varint(&mut types)?)?)?;
        columns += 1;
    }
    (len == cell.len).then_some(columns)
}

/// A value of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Null, or the number of the row where that is a column.
    Null,
    /// An integer.
    Integer(i64),
    /// Text or blob.
    Bytes(&'a [u8]),
}

/// The values of a record that has exactly `N`; none if it has not, or if it is cut off.
pub(super) fn values<const N: usize>(payload: &[u8]) -> Option<[Value<'_>; N]> {
    let mut header = payload;
    let header_len = usize::try_from(varint(&mut header)?).ok()?;
    let prefix = payload.len() - header.len();
    let mut types = payload.get(prefix..header_len)?;
    let mut body = payload.get(header_len..)?;
    let mut values = [Value::Null; N];
    for value in &mut values {
        *value = take(varint(&mut types)?, &mut body)?;
    }
    (types.is_empty() && body.is_empty()).then_some(values)
}

/// Takes the value of a serial type off the body.
fn take<'a>(serial: u64, body: &mut &'a [u8]) -> Option<Value<'a>> {
    let len = len_of(serial)?;
    let (bytes, rest) = body.split_at_checked(len)?;
    *body = rest;
    Some(match serial {
        0 => Value::Null,
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        1..=6 => {
            let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
            let sign = if negative { -1 } else { 0 };
            Value::Integer(bytes.iter().fold(sign, |number, byte| (number << 8) | i64::from(*byte)))
        }
        _ => Value::Bytes(bytes),
    })
}

/// The length of a value of this serial type.
fn len_of(serial: u64) -> Option<usize> {
    match serial {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(serial).ok(),
        5 => Some(6),
        6 => Some(8),
        // A float, or a type that no record has: none of our columns.
        7 | 10 | 11 => None,
        _ => usize::try_from((serial - 12) / 2).ok(),
    }
}

/// Takes a variable-length integer off the bytes.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    /// All nine bytes of a varint count eight times seven bits and then eight.
    const LAST: usize = 8;
    let mut number = 0;
    for at in 0..=LAST {
        let byte = *bytes.get(at)?;
        if at == LAST {
            number = (number << 8) | u64::from(byte);
        } else {
            number = (number << 7) | u64::from(byte & 0x7f);
        }
        if at == LAST || byte & 0x80 == 0 {
            *bytes = &bytes[at + 1..];
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rusqlite::{Connection, params};

    #[test]
    fn the_cells_of_a_page_that_sqlite_wrote_come_back() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("db");
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c)").unwrap();
        let numbers = [0, 1, -1, 127, -32_768, 8_000_000, -(1 << 31), 1 << 40, i64::MIN];
        for (id, number) in (1_i64..).zip(numbers) {
            let text = "x".repeat(usize::try_from(id).unwrap() * 20);
            let row = params![id << 30, number, text, text.as_bytes()];
            conn.execute("INSERT INTO t VALUES (?1, ?2, ?3, ?4)", row).unwrap();
        }
        drop(conn);
        let file = std::fs::read(path).unwrap();
        let page = file[PAGE..].first_chunk().unwrap();
        let found: Vec<_> = cells(page).collect();
        assert_eq!(found.len(), numbers.len());
        for ((id, number), cell) in (1_i64..).zip(numbers).zip(found) {
            let text = "x".repeat(usize::try_from(id).unwrap() * 20);
            let bytes = Value::Bytes(text.as_bytes());
            assert_eq!((cell.id, cell.overflow), (id << 30, 0));
            assert_eq!(columns(&cell), Some(4));
            assert_eq!(
                values(cell.local),
                Some([Value::Null, Value::Integer(number), bytes, bytes])
            );
            assert_eq!(values::<3>(cell.local), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_may_be_given(start in prop::collection::vec(any::<u8>(), 200), seed: u64) {
            let mut page = [0; PAGE];
            fastrand::Rng::with_seed(seed).fill(&mut page);
            page[..start.len()].copy_from_slice(&start);
            page[0] = LEAF;
            for cell in cells(&page) {
                if let Some(columns) = columns(&cell) {
                    prop_assert!(columns <= cell.local.len());
                }
                prop_assert!(values::<7>(cell.local).is_none_or(|values| values.len() == 7));
            }
        }
    }
}
