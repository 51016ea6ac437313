//! The record of a post that is no notification, and of a notification that its topic does not take.
//!
//! Promise: the value is the posted bytes, untouched, whatever they are; the headers say who posted
//! them, when, and what is wrong. The id is made as that of any record, from the app_id, none
//! counting as an empty one, and the bytes: it stays the same when the post is taken after all. An
//! invalid post has no `ce_specversion`, so that no reader takes it for a `CloudEvent`.

use crate::delivery::record::header_name::HeaderName;
use crate::delivery::record::{Event, Record};
use bytes::Bytes;
use std::sync::Arc;
use std::time::SystemTime;

/// What is known of an invalid post besides its bytes.
#[derive(Clone, Copy)]
pub struct DeadLetter<'a> {
    /// The project, where it can be told: the record's key.
    pub app_id: Option<&'a str>,
    /// `--source`, a URI-reference.
    pub source: &'a str,
    /// A valid W3C `traceparent`.
    pub trace_parent: Option<&'a str>,
    /// The `tracestate` that came with it.
    pub trace_state: Option<&'a str>,
    /// The name of the credential.
    pub user: Option<&'a str>,
    /// What is wrong.
    pub fault: Fault<'a>,
}

/// What is wrong with a dead letter.
#[derive(Debug, Clone, Copy)]
pub struct Fault<'a> {
    /// The code of its refusal.
    pub code: &'a str,
    /// In words.
    pub detail: &'a str,
    /// The fields at fault, a JSON array.
    pub errors: &'a str,
}

impl Record {
    /// The record of an invalid post that was received whole at `received`.
    pub fn of_dead_letter(
        topic: Arc<str>,
        letter: DeadLetter<'_>,
        value: Bytes,
        received: SystemTime,
    ) -> Self {
        let app_id = letter.app_id.unwrap_or_default();
        let mut record = Self::bare(topic, app_id, value, received);
        record.push_id(app_id);
        record.push(HeaderName::Source, letter.source);
        record.push_some(HeaderName::TraceParent, letter.trace_parent);
        record.push_some(HeaderName::TraceState, letter.trace_state);
        record.push_some(HeaderName::User, letter.user);
        record.push_fault(letter.fault);
        record.push_received();
        record
    }

    /// The record of a dead letter that is a notification after all: its id stays.
    pub fn redriven(
        topic: Arc<str>,
        event: Event<'_>,
        value: Bytes,
        received: SystemTime,
        id: &str,
    ) -> Self {
        Self::with_id(topic, event, value, received, Some(id))
    }

    /// The same record for the dead-letter topic, because of this.
    #[must_use]
    pub fn into_dead_letter(self, topic: Arc<str>, fault: Fault<'_>) -> Self {
        let mut letter = Self::bare(topic, self.key(), self.value.clone(), self.received);
        for (name, value) in self.stored_headers() {
            letter.push(name, value);
        }
        letter.push_fault(fault);
        letter.push_received();
        letter
    }

    fn push_fault(&mut self, Fault { code, detail, errors }: Fault<'_>) {
        self.push(HeaderName::Code, code);
        self.push(HeaderName::Detail, detail);
        self.push(HeaderName::Errors, errors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const FAULT: Fault<'_> =
        Fault { code: "malformed_json", detail: "expected value at line 1 column 1", errors: "[]" };

    fn letter<'a>() -> DeadLetter<'a> {
        DeadLetter {
            app_id: None,
            source: "hookbridge",
            trace_parent: None,
            trace_state: None,
            user: Some("video"),
            fault: FAULT,
        }
    }

    fn record(letter: DeadLetter<'_>) -> Record {
        let received = SystemTime::UNIX_EPOCH + Duration::from_millis(1_688_374_123_450);
        Record::of_dead_letter("dead".into(), letter, Bytes::from_static(b"{}"), received)
    }

    #[test]
    fn a_dead_letter_says_what_is_wrong_and_is_no_cloud_event() {
        let record = record(letter());
        let headers: Vec<_> =
            record.headers().map(|(name, value)| (name.as_str(), value)).collect();
        let expected = [
            // printf '\0{}' | sha256sum
            ("ce_id", "28a3a18f6cd6406b086e9ffda1f9b8a13dbcf44b0f3f32cb9031a11fd053acf9"),
            ("ce_source", "hookbridge"),
            ("hookbridge-user", "video"),
            ("hookbridge-code", FAULT.code),
            ("hookbridge-detail", FAULT.detail),
            ("hookbridge-errors", "[]"),
            ("hookbridge-received", "2023-07-03T08:48:43.450Z"),
        ];
        assert_eq!(headers, expected);
        assert_eq!(record.key(), "");
    }

    #[test]
    fn the_id_is_that_of_the_notification_that_the_bytes_may_become() {
        // printf '5f3a\0{}' | sha256sum
        let id = "8e4e736443fe68da041d75306a7d68d183402ec1cabe7f5448406ab3a85e32f0";
        let record = record(DeadLetter { app_id: Some("5f3a"), ..letter() });
        assert_eq!((record.key(), record.id()), ("5f3a", id));
    }

    #[test]
    fn a_record_that_becomes_a_dead_letter_keeps_what_it_has() {
        let before = record(DeadLetter { app_id: Some("5f3a"), ..letter() });
        let after = before.clone().into_dead_letter("later".into(), FAULT);
        assert_eq!((after.topic(), after.key(), after.id()), ("later", "5f3a", before.id()));
        assert_eq!((after.value(), after.received()), (before.value(), before.received()));
        let last = after.headers().last().map(|(name, _)| name);
        assert_eq!(last, Some(HeaderName::Received));
    }
}
