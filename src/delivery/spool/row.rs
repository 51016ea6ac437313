//! A record as the payload of a frame, and the way back. See [`crate::delivery::spool::format`].
//!
//! Promise: what comes back is what was stored, to the byte, but for the time of receipt, which is kept
//! in whole milliseconds. A payload that cannot be read never becomes a [`Record`].

mod stored_header;

use crate::delivery::record::Record;
use crate::delivery::record::header_name::HeaderName;
use crate::delivery::spool::frame::u64_at;
use crate::delivery::spool::part::Part;
use crate::delivery::spool::row::stored_header::{put_header, take_header};
use crate::delivery::ticket::Ticket;
use crate::timestamp::Timestamp;
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;
use std::str;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The number of a row. Rows with higher numbers were appended later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub(super) u64);

impl RowId {
    /// The number itself, for a log line or a series.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The number as the ticket of a record under way to Kafka.
    pub fn ticket(self) -> Ticket {
        Ticket::of(usize::try_from(self.0).expect("pointers have 64 bits"))
    }

    /// The row that [`RowId::ticket`] was made from.
    pub fn from_ticket(ticket: Ticket) -> Self {
        Self(ticket.number() as u64)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A row that was read and checks.
#[derive(Debug)]
pub struct Row {
    /// Its number.
    pub id: RowId,
    /// The record as it was appended.
    pub record: Record,
}

/// Why a record was quarantined, in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QuarantineNote<'a> {
    /// When, in Unix milliseconds.
    pub(super) at: i64,
    pub(super) reason: &'a str,
    /// Its number in the queue.
    pub(super) row: u64,
}

/// The parts of a record's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowParts<'a> {
    /// Unix milliseconds.
    pub(super) received: i64,
    pub(super) topic: &'a str,
    pub(super) key: &'a str,
    headers: &'a [u8],
    count: u8,
    pub(super) value: &'a [u8],
}

/// A checked payload that this version cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its payload is of another form")]
pub(super) struct Unreadable;

/// Appends the payload of a record.
pub(super) fn put_record(bytes: &mut Vec<u8>, record: &Record) {
    let received = Timestamp::from(record.received()).unix_millis();
    bytes.extend_from_slice(&received.to_le_bytes());
    put_text(bytes, record.topic());
    put_text(bytes, record.key());
    let count = bytes.len();
    bytes.push(0);
    for (name, value) in record.stored_headers() {
        bytes[count] += 1;
        put_header(bytes, name, value);
    }
    bytes.extend_from_slice(record.value());
}

/// Appends what comes in front of a quarantined record.
pub(super) fn put_quarantine_note(bytes: &mut Vec<u8>, note: QuarantineNote<'_>) {
    bytes.extend_from_slice(&note.at.to_le_bytes());
    put_text(bytes, note.reason);
    bytes.extend_from_slice(&note.row.to_le_bytes());
}

/// Appends a payload with another topic, if it has the topic `from`.
pub(super) fn put_renamed(
    bytes: &mut Vec<u8>,
    payload: &[u8],
    part: Part,
    from: &str,
    to: &str,
) -> Result<(), Unreadable> {
    let record = match part {
        Part::Queue => payload,
        Part::Quarantine => QuarantineNote::split(payload)?.1,
    };
    let mut rest = record;
    let received = take(&mut rest, 8)?;
    if take_text(&mut rest)? != from {
        return Err(Unreadable);
    }
    bytes.extend_from_slice(&payload[..payload.len() - record.len()]);
    bytes.extend_from_slice(received);
    put_text(bytes, to);
    bytes.extend_from_slice(rest);
    Ok(())
}

impl<'a> QuarantineNote<'a> {
    /// Takes it off the payload of a quarantined record; the rest is that of the record.
    pub(super) fn split(payload: &'a [u8]) -> Result<(Self, &'a [u8]), Unreadable> {
        let mut rest = payload;
        let at = i64::from_le_bytes(take(&mut rest, 8)?.try_into().expect("eight bytes"));
        let reason = take_text(&mut rest)?;
        let row = u64_at(take(&mut rest, 8)?, 0);
        Ok((Self { at, reason, row }, rest))
    }
}

impl<'a> RowParts<'a> {
    /// Takes a payload apart; its headers are not looked at.
    pub(super) fn of(payload: &'a [u8]) -> Result<Self, Unreadable> {
        let mut rest = payload;
        let received = i64::from_le_bytes(take(&mut rest, 8)?.try_into().expect("eight bytes"));
        let (topic, key) = (take_text(&mut rest)?, take_text(&mut rest)?);
        let count = take(&mut rest, 1)?[0];
        let headers = rest;
        for _ in 0..count {
            take_header(&mut rest)?;
        }
        let headers = &headers[..headers.len() - rest.len()];
        Ok(Self { received, topic, key, headers, count, value: rest })
    }

    /// The headers, in order.
    pub(super) fn headers(&self) -> Result<Vec<(HeaderName, Cow<'a, str>)>, Unreadable> {
        let mut rest = self.headers;
        (0..self.count).map(|_| take_header(&mut rest)?.text()).collect()
    }

    /// The bytes that count as the record's, as they were when it came.
    pub(super) fn len(&self) -> Result<u64, Unreadable> {
        let headers = self.headers()?;
        let headers: usize =
            headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        Ok((self.topic.len() + self.key.len() + headers + self.value.len()) as u64)
    }

    /// The record. Rows of one topic share its name through `topic`.
    pub(super) fn restore(&self, topic: &mut Arc<str>) -> Result<Record, Unreadable> {
        if **topic != *self.topic {
            *topic = self.topic.into();
        }
        let headers = self.headers()?;
        let headers = headers.iter().map(|(name, value)| (*name, &**value));
        let value = Bytes::copy_from_slice(self.value);
        let received = from_unix_millis(self.received);
        Ok(Record::restored(topic.clone(), self.key, headers, value, received))
    }
}

/// The bytes that count as a record's while it waits.
pub(super) fn size_of(record: &Record) -> u64 {
    let header = |(name, value): (HeaderName, &str)| name.as_str().len() + value.len();
    let headers: usize = record.stored_headers().map(header).sum();
    (record.topic().len() + record.key().len() + headers + record.value().len()) as u64
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

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_varint(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn put_varint(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return bytes.push(low & 0x7f);
        }
        bytes.push(low | 0x80);
    }
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], Unreadable> {
    let (taken, left) = rest.split_at_checked(len).ok_or(Unreadable)?;
    *rest = left;
    Ok(taken)
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Unreadable> {
    let (mut len, mut shift) = (0, 0);
    loop {
        let byte = take(rest, 1)?[0];
        len |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return take(rest, len);
        }
        shift += 7;
        if shift > 28 {
            return Err(Unreadable);
        }
    }
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Result<&'a str, Unreadable> {
    str::from_utf8(take_bytes(rest)?).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests;
