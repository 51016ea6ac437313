//! A header of a record as bytes, and the way back. See [`crate::delivery::spool::format`].

use crate::delivery::record::header_name::HeaderName;
use crate::delivery::spool::row::{Unreadable, put_text, put_varint, take, take_bytes};
use std::borrow::Cow;
use std::str;

/// The byte of a header: its value is the usual one, and does not follow.
const USUAL: u8 = 1 << 6;
/// The same: its value is bytes, for hexadecimal text.
pub(super) const HEX: u8 = 1 << 7;

/// A header as it is stored.
pub(super) struct StoredHeader<'a> {
    name: HeaderName,
    code: u8,
    value: &'a [u8],
}

impl<'a> StoredHeader<'a> {
    /// Its name and value.
    pub(super) fn text(&self) -> Result<(HeaderName, Cow<'a, str>), Unreadable> {
        let value = if self.code & USUAL != 0 {
            usual(self.name).ok_or(Unreadable)?.into()
        } else if self.code & HEX != 0 {
            let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
            let digits = self.value.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
            digits.collect::<String>().into()
        } else {
            str::from_utf8(self.value).map_err(|_| Unreadable)?.into()
        };
        Ok((self.name, value))
    }
}

/// Appends a header.
pub(super) fn put_header(bytes: &mut Vec<u8>, name: HeaderName, value: &str) {
    if usual(name) == Some(value) {
        return bytes.push(code(name) | USUAL);
    }
    if name == HeaderName::Id && is_hex(value) {
        bytes.push(code(name) | HEX);
        put_varint(bytes, value.len() / 2);
        let nibble = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
        let pairs = value.as_bytes().chunks_exact(2);
        bytes.extend(pairs.map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])));
    } else {
        bytes.push(code(name));
        put_text(bytes, value);
    }
}

/// Takes a header off.
pub(super) fn take_header<'a>(rest: &mut &'a [u8]) -> Result<StoredHeader<'a>, Unreadable> {
    let byte = take(rest, 1)?[0];
    let name = HeaderName::ALL.into_iter().find(|name| code(*name) == byte & !(USUAL | HEX));
    let name = name.ok_or(Unreadable)?;
    let value = if byte & USUAL == 0 { take_bytes(rest)? } else { &[] };
    Ok(StoredHeader { name, code: byte, value })
}

/// The number of a header's name: its place in [`HeaderName::ALL`]. New ones come last.
pub(super) fn code(name: HeaderName) -> u8 {
    name as u8
}

/// The value that a header of this name has nearly always. It never changes its meaning.
fn usual(name: HeaderName) -> Option<&'static str> {
    const USUAL: [(HeaderName, &str); 2] =
        [(HeaderName::ContentType, "application/json"), (HeaderName::SpecVersion, "1.0")];
    USUAL.into_iter().find(|(usual, _)| *usual == name).map(|(_, value)| value)
}

fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2)
        && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}
