//! A record as a row: its columns, their checksum, and the way back.
//!
//! | column | type | |
//! |---|---|---|
//! | `id` | INTEGER | ascending in the order of appends, never used twice |
//! | `received` | INTEGER | Unix time in milliseconds |
//! | `checksum` | INTEGER | CRC-32 over id, received and, each with its length, the four below |
//! | `topic`, `key` | TEXT | |
//! | `headers` | BLOB | each: length of the name (u8), name, length of the value (u32, little-endian), value |
//! | `value` | BLOB | |
//!
//! A header stands with its name, so that a row can be read by other versions and by people; that of
//! the time of receipt does not: it is `received`.
//! Promise: a CRC-32 finds every single flipped bit and every burst of up to 32; a row that does
//! not match never becomes a [`Record`].

use crate::delivery::record::Record;
use crate::delivery::record::header_name::HeaderName;
use bytes::Bytes;
use rusqlite::types::ValueRef;
use std::fmt;
use std::str;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The number of a row. Rows with higher numbers were appended later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub(super) i64);

impl RowId {
    /// The number itself, for a log line or a series.
    pub fn get(self) -> i64 {
        self.0
    }

    /// The number as the ticket of a record under way to Kafka.
    pub fn ticket(self) -> usize {
        usize::try_from(self.0).expect("rows are numbered from one, and pointers have 64 bits")
    }

    /// The row that [`RowId::ticket`] was made from.
    pub fn from_ticket(ticket: usize) -> Self {
        Self(i64::try_from(ticket).expect("a ticket was made from a row's number"))
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A row that was read and matches its checksum.
#[derive(Debug)]
pub struct Row {
    /// Its number.
    pub id: RowId,
    /// The record as it was appended.
    pub record: Record,
}

/// The columns of a row that say what the record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns<'a> {
    pub(super) received: i64,
    pub(super) topic: &'a [u8],
    pub(super) key: &'a [u8],
    pub(super) headers: &'a [u8],
    pub(super) value: &'a [u8],
}

/// The bytes that count as a record's once it is a row, without encoding it.
pub(super) fn size_of(record: &Record) -> u64 {
    let header =
        |(name, value): (HeaderName, &str)| HEADER_OVERHEAD + name.as_str().len() + value.len();
    let headers: usize = record.stored_headers().map(header).sum();
    (record.topic().len() + record.key().len() + headers + record.value().len()) as u64
}

/// The lengths that stand before a header's name and value.
const HEADER_OVERHEAD: usize = 5;

/// Why a row cannot become a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("the row does not match its checksum")]
    Checksum,
    #[error("the row's {0} is not text")]
    NotText(&'static str),
    #[error("the row's headers are cut off")]
    Headers,
    #[error("this version does not know the row's header {0}")]
    UnknownHeader(String),
}

impl<'a> Columns<'a> {
    /// The columns of a record; `headers` is room for its encoded headers.
    pub(super) fn of(record: &'a Record, headers: &'a mut Vec<u8>) -> Self {
        headers.clear();
        for (name, value) in record.stored_headers() {
            put_header(headers, name.as_str(), value);
        }
        Self {
            received: unix_millis(record.received()),
            topic: record.topic().as_bytes(),
            key: record.key().as_bytes(),
            headers,
            value: record.value(),
        }
    }

    /// The columns as `SQLite` gives them, from `first` on, with their checksum. A value of another
    /// type than was written counts as empty: then the checksum does not match.
    pub(super) fn read(row: &'a rusqlite::Row<'_>, first: usize) -> rusqlite::Result<(Self, i64)> {
        let int = |at| Ok::<_, rusqlite::Error>(row.get_ref(first + at)?.as_i64().unwrap_or(0));
        let bytes = |at| {
            // Text and blob are the same bytes; which of the two it is does not change the record.
            Ok::<_, rusqlite::Error>(match row.get_ref(first + at)? {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
                ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[][..],
            })
        };
        let columns = Self {
            received: int(0)?,
            topic: bytes(2)?,
            key: bytes(3)?,
            headers: bytes(4)?,
            value: bytes(5)?,
        };
        Ok((columns, int(1)?))
    }

    /// The checksum of the row with this number.
    pub(super) fn checksum(&self, id: i64) -> i64 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&id.to_le_bytes());
        crc.update(&self.received.to_le_bytes());
        for bytes in [self.topic, self.key, self.headers, self.value] {
            crc.update(&(bytes.len() as u64).to_le_bytes());
            crc.update(bytes);
        }
        i64::from(crc.finalize())
    }

    /// Bytes that count as the row's.
    pub(super) fn len(&self) -> u64 {
        [self.topic, self.key, self.headers, self.value]
            .map(|bytes| bytes.len() as u64)
            .iter()
            .sum()
    }

    /// The headers, by name.
    pub(super) fn headers(&self) -> Headers<'a> {
        Headers { rest: self.headers }
    }

    /// The record, if the row matches. Rows of one topic share its name through `topic`.
    pub(super) fn restore(
        &self,
        id: i64,
        checksum: i64,
        topic: &mut Arc<str>,
    ) -> Result<Record, Unreadable> {
        if self.checksum(id) != checksum {
            return Err(Unreadable::Checksum);
        }
        let name = str::from_utf8(self.topic).map_err(|_| Unreadable::NotText("topic"))?;
        let key = str::from_utf8(self.key).map_err(|_| Unreadable::NotText("key"))?;
        let mut headers = Vec::with_capacity(HeaderName::ALL.len());
        for header in self.headers() {
            let (name, value) = header?;
            let known = HeaderName::from_name(name);
            headers.push((known.ok_or_else(|| Unreadable::UnknownHeader(name.to_owned()))?, value));
        }
        if **topic != *name {
            *topic = name.into();
        }
        let value = Bytes::copy_from_slice(self.value);
        Ok(Record::restored(topic.clone(), key, headers, value, from_unix_millis(self.received)))
    }
}

/// Takes encoded headers apart.
#[derive(Debug, Clone)]
pub(super) struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Headers<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Unreadable::Headers)?;
        self.rest = rest;
        Ok(taken)
    }

    fn header(&mut self) -> Result<(&'a str, &'a str), Unreadable> {
        let len = self.take(1)?[0];
        let name = self.take(usize::from(len))?;
        let len = self.take(4)?.first_chunk().map_or(0, |len| u32::from_le_bytes(*len));
        let value = self.take(usize::try_from(len).map_err(|_| Unreadable::Headers)?)?;
        let text = |bytes| str::from_utf8(bytes).map_err(|_| Unreadable::NotText("header"));
        Ok((text(name)?, text(value)?))
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Result<(&'a str, &'a str), Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let header = self.header();
        if header.is_err() {
            self.rest = &[];
        }
        Some(header)
    }
}

fn put_header(headers: &mut Vec<u8>, name: &str, value: &str) {
    let name_len = u8::try_from(name.len()).expect("our header names are short");
    let value_len = u32::try_from(value.len()).expect("a header is smaller than a body may be");
    headers.push(name_len);
    headers.extend_from_slice(name.as_bytes());
    headers.extend_from_slice(&value_len.to_le_bytes());
    headers.extend_from_slice(value.as_bytes());
}

/// Unix time; what does not fit (a clock far off) becomes the nearest that does.
pub(super) fn unix_millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

/// The way back; what does not fit becomes the beginning of Unix time.
pub(super) fn from_unix_millis(millis: i64) -> SystemTime {
    let distance = Duration::from_millis(millis.unsigned_abs());
    let time = if millis < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
