//! A record as a group reads it, and its place.

use crate::delivery::record::header_name::HeaderName;
use bytes::Bytes;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};

/// The place of a record in the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Its partition.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
}

/// A record as it was read.
#[derive(Debug, Clone)]
pub struct ReadRecord {
    /// Where.
    pub position: Position,
    /// Empty where it has none.
    pub key: String,
    /// Those that a bridge writes.
    pub headers: Vec<(HeaderName, String)>,
    /// Its bytes.
    pub value: Bytes,
    /// Its own time, Unix milliseconds.
    pub timestamp: Option<i64>,
}

impl ReadRecord {
    pub(super) fn of(message: &BorrowedMessage<'_>) -> Self {
        let text =
            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        Self {
            position: Position { partition: message.partition(), offset: message.offset() },
            key: text(message.key()),
            headers: headers
                .filter_map(|header| Some((HeaderName::named(header.key)?, text(header.value))))
                .collect(),
            value: Bytes::copy_from_slice(message.payload().unwrap_or_default()),
            timestamp: message.timestamp().to_millis(),
        }
    }

    /// The value of a header, where there is one.
    pub fn header(&self, wanted: HeaderName) -> Option<&str> {
        self.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| &**value)
    }
}
