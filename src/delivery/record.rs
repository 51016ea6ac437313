//! What a consumer reads: topic, key, value, headers and time of one notification.
//!
//! Promise: the value is the posted bytes, untouched; the headers are `CloudEvents` 1.0 in the
//! binary content mode of its Kafka protocol binding, and an attribute that is not known is left
//! out, not sent empty. It knows neither JSON nor how a record is sent.

mod batch_size;
pub mod dead_letter;
pub mod header_name;

use crate::delivery::record::header_name::HeaderName;
use crate::timestamp::Timestamp;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use smallvec::SmallVec;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::SystemTime;

/// The media type of every value. Fixed: a sender's own could turn the record into a
/// structured-mode `CloudEvent`.
const CONTENT_TYPE: &str = "application/json";
/// The `CloudEvents` version that the headers follow.
const SPEC_VERSION: &str = "1.0";
/// The most headers that the record of a post has. More, as of a dead letter, cost an allocation.
const HEADERS: usize = 11;
/// Enough for the texts of an ordinary post: key, id, time, names.
const TEXT_CAPACITY: usize = 344;

/// What is known of a notification besides its bytes.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    /// The project: the record's key.
    pub app_id: &'a str,
    /// The notification's own type.
    pub event_type: &'a str,
    /// `--source`, a URI-reference.
    pub source: &'a str,
    /// The room.
    pub subject: Option<&'a str>,
    /// Its own time; displays as RFC 3339.
    pub time: Option<&'a dyn fmt::Display>,
    /// A valid W3C `traceparent`.
    pub trace_parent: Option<&'a str>,
    /// The `tracestate` that came with it.
    pub trace_state: Option<&'a str>,
    /// The name of the credential.
    pub user: Option<&'a str>,
}

/// One record, complete and not yet sent. Key and header values share one buffer.
#[derive(Debug, Clone)]
pub struct Record {
    topic: Arc<str>,
    text: String,
    key_len: usize,
    /// Each header and where its value ends in `text`.
    headers: SmallVec<[(HeaderName, u32); HEADERS]>,
    value: Bytes,
    received: SystemTime,
}

impl Record {
    /// The record of a notification that was received whole at `received`.
    pub fn new(topic: Arc<str>, event: Event<'_>, value: Bytes, received: SystemTime) -> Self {
        Self::with_id(topic, event, value, received, None)
    }

    /// The same under an id that it has already.
    #[inline]
    fn with_id(
        topic: Arc<str>,
        event: Event<'_>,
        value: Bytes,
        received: SystemTime,
        id: Option<&str>,
    ) -> Self {
        let mut record = Self::bare(topic, event.app_id, value, received);
        record.push(HeaderName::ContentType, CONTENT_TYPE);
        record.push(HeaderName::SpecVersion, SPEC_VERSION);
        match id {
            None => record.push_id(event.app_id),
            Some(id) => record.push(HeaderName::Id, id),
        }
        record.push(HeaderName::Source, event.source);
        record.text.push_str("video.");
        record.push(HeaderName::Type, event.event_type);
        record.push_some(HeaderName::Subject, event.subject);
        if let Some(time) = event.time {
            write!(record.text, "{time}").expect("a String takes all text");
            record.push(HeaderName::Time, "");
        }
        record.push_some(HeaderName::TraceParent, event.trace_parent);
        record.push_some(HeaderName::TraceState, event.trace_state);
        record.push_some(HeaderName::User, event.user);
        record.push_received();
        record
    }

    /// A record as it was before it was stored: key, value and what [`Record::stored_headers`] gave are
    /// taken as they are.
    pub fn restored<'a>(
        topic: Arc<str>,
        key: &str,
        headers: impl IntoIterator<Item = (HeaderName, &'a str)>,
        value: Bytes,
        received: SystemTime,
    ) -> Self {
        let mut record = Self::bare(topic, key, value, received);
        for (name, value) in headers {
            if name != HeaderName::Received {
                record.push(name, value);
            }
        }
        record.push_received();
        record
    }

    /// A record without headers yet.
    fn bare(topic: Arc<str>, key: &str, value: Bytes, received: SystemTime) -> Self {
        let mut text = String::with_capacity(TEXT_CAPACITY);
        text.push_str(key);
        Self { topic, key_len: key.len(), text, headers: SmallVec::new(), value, received }
    }

    fn push_some(&mut self, name: HeaderName, value: Option<&str>) {
        if let Some(value) = value {
            self.push(name, value);
        }
    }

    fn push_received(&mut self) {
        if let Some(text) = Timestamp::from(self.received).rfc3339() {
            self.push(HeaderName::Received, text.as_str());
        }
    }

    /// Ends the header `name` with `value`; what the buffer gained since the last header is its
    /// beginning.
    fn push(&mut self, name: HeaderName, value: &str) {
        self.text.push_str(value);
        let end = u32::try_from(self.text.len())
            .expect("key and headers are some KiB, and a row of the spool ends at 1 GB");
        self.headers.push((name, end));
    }

    /// The same for the same bytes of the same project.
    fn push_id(&mut self, app_id: &str) {
        let digest = Sha256::new()
            .chain_update(app_id.as_bytes())
            .chain_update([0])
            .chain_update(&self.value)
            .finalize();
        self.push_hex(HeaderName::Id, &digest);
    }

    fn push_hex(&mut self, name: HeaderName, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        self.text.extend(digits.map(|digit| char::from(DIGITS[usize::from(digit)])));
        self.push(name, "");
    }

    /// The topic that it is for.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The same, as its records share it.
    pub fn topic_shared(&self) -> &Arc<str> {
        &self.topic
    }

    /// The key: the app_id in UTF-8. Empty, it is none: a dead letter of which no app_id can be told.
    pub fn key(&self) -> &str {
        &self.text[..self.key_len]
    }

    /// The value: the posted bytes.
    pub fn value(&self) -> &Bytes {
        &self.value
    }

    /// The headers in the order in which they are sent.
    pub fn headers(&self) -> impl Iterator<Item = (HeaderName, &str)> {
        let mut end = self.key_len;
        self.headers.iter().map(move |(name, next)| {
            let start = std::mem::replace(&mut end, *next as usize);
            (*name, &self.text[start..end])
        })
    }

    /// The headers that a row keeps: all but the time of receipt, which it has already.
    pub fn stored_headers(&self) -> impl Iterator<Item = (HeaderName, &str)> {
        self.headers().filter(|(name, _)| *name != HeaderName::Received)
    }

    /// How many headers there are.
    pub fn header_count(&self) -> usize {
        self.headers.len()
    }

    /// When the post was received.
    pub fn received(&self) -> SystemTime {
        self.received
    }

    /// The record's `ce_id`.
    pub fn id(&self) -> &str {
        self.header(HeaderName::Id).unwrap_or_default()
    }

    /// The value of a header, where there is one.
    pub fn header(&self, wanted: HeaderName) -> Option<&str> {
        self.headers().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const RECEIVED: (&str, &str) = ("hookbridge-received", "2023-07-03T08:48:43.450Z");

    fn bare<'a>() -> Event<'a> {
        Event {
            app_id: "5f3a",
            event_type: "roomdrop",
            source: "hookbridge",
            subject: None,
            time: None,
            trace_parent: None,
            trace_state: None,
            user: None,
        }
    }

    fn headers(event: Event<'_>) -> Vec<(&'static str, String)> {
        let body = Bytes::from_static(b"{}");
        let received = SystemTime::UNIX_EPOCH + Duration::from_millis(1_688_374_123_450);
        let record = Record::new("video.events".into(), event, body, received);
        record.headers().map(|(name, value)| (name.as_str(), value.to_owned())).collect()
    }

    #[test]
    fn an_attribute_that_is_not_known_is_left_out() {
        // printf '5f3a\0{}' | sha256sum
        let id = "8e4e736443fe68da041d75306a7d68d183402ec1cabe7f5448406ab3a85e32f0";
        let expected = [
            ("content-type", "application/json"),
            ("ce_specversion", "1.0"),
            ("ce_id", id),
            ("ce_source", "hookbridge"),
            ("ce_type", "video.roomdrop"),
            RECEIVED,
        ];
        assert_eq!(headers(bare()), expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn everything_that_is_known_becomes_a_header_of_its_own() {
        let event = Event {
            subject: Some("room 1"),
            time: Some(&"2023-07-03T08:48:43Z"),
            trace_parent: Some("00-a-b-01"),
            trace_state: Some("v=1"),
            user: Some("video"),
            ..bare()
        };
        let expected = [
            ("ce_subject", "room 1"),
            ("ce_time", "2023-07-03T08:48:43Z"),
            ("traceparent", "00-a-b-01"),
            ("tracestate", "v=1"),
            ("hookbridge-user", "video"),
            RECEIVED,
        ];
        assert_eq!(headers(event)[5..], expected.map(|(name, value)| (name, value.to_owned())));
    }
}
