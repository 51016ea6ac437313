//! The members of a record in a line of JSON: its key, its headers and its value, wherever it lies.
//!
//! | member | |
//! |---|---|
//! | `key` or `key_base64` | as text where it is UTF-8; null where it has none |
//! | `headers` | an object in the order of the record. A value is a text, null, or `{"base64": …}`; of a name that comes more than once it is the list of all its values |
//! | `value` or `value_base64` | as `key`; null of a tombstone |

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Adds the member of a key.
pub(super) fn key<M: SerializeMap>(line: &mut M, key: Option<&[u8]>) -> Result<(), M::Error> {
    bytes(line, ["key", "key_base64"], key)
}

/// Adds the member of all headers.
pub(super) fn headers<M: SerializeMap>(
    line: &mut M,
    headers: &[(&str, Option<&[u8]>)],
) -> Result<(), M::Error> {
    line.serialize_entry("headers", &RecordHeaders(headers))
}

/// Adds the member of a value.
pub(super) fn value<M: SerializeMap>(line: &mut M, value: Option<&[u8]>) -> Result<(), M::Error> {
    bytes(line, ["value", "value_base64"], value)
}

fn bytes<M: SerializeMap>(
    line: &mut M,
    [as_text, as_base64]: [&str; 2],
    bytes: Option<&[u8]>,
) -> Result<(), M::Error> {
    match text(bytes) {
        Ok(text) => line.serialize_entry(as_text, &text),
        Err(bytes) => line.serialize_entry(as_base64, &BASE64_STANDARD.encode(bytes)),
    }
}

/// As text, where it is UTF-8 or nothing at all.
fn text(bytes: Option<&[u8]>) -> Result<Option<&str>, &[u8]> {
    bytes.map(|bytes| str::from_utf8(bytes).map_err(|_| bytes)).transpose()
}

struct RecordHeaders<'a>(&'a [(&'a str, Option<&'a [u8]>)]);

impl Serialize for RecordHeaders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(headers) = self;
        let mut map = serializer.serialize_map(None)?;
        for (place, (name, value)) in headers.iter().enumerate() {
            let is_same = |(other, _): &&(&str, Option<&[u8]>)| other == name;
            if headers[..place].iter().any(|header| is_same(&header)) {
                continue;
            }
            if headers[place + 1..].iter().any(|header| is_same(&header)) {
                let values = headers.iter().filter(is_same);
                let values: Vec<_> = values.map(|(_, value)| HeaderValue(*value)).collect();
                map.serialize_entry(name, &values)?;
            } else {
                map.serialize_entry(name, &HeaderValue(*value))?;
            }
        }
        map.end()
    }
}

struct HeaderValue<'a>(Option<&'a [u8]>);

impl Serialize for HeaderValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match text(self.0) {
            Ok(text) => text.serialize(serializer),
            Err(bytes) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("base64", &BASE64_STANDARD.encode(bytes))?;
                map.end()
            }
        }
    }
}
