//! The record that the contract describes, worked out from the posted text alone.

use crate::records::variants::Variant;
use crate::support::rig::{PASSWORD, USER};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};
use testkit::consumer::Seen;
use testkit::notification::ce_id;

/// A record but for its place and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    key: String,
    value: String,
    headers: BTreeMap<String, String>,
}

/// The credentials file of [`USER`].
pub(super) fn credentials() -> String {
    format!("{USER}:plain:{PASSWORD}")
}

impl Expected {
    /// The record of a variant that came without credentials or trace, by a bridge without
    /// `--source`.
    pub(super) fn of(Variant { body, time, .. }: &Variant) -> Self {
        let json: Value =
            serde_json::from_str(body.strip_prefix('\u{feff}').unwrap_or(body)).unwrap();
        let key = json["app_id"].as_str().unwrap().to_owned();
        let id = ce_id(&key, body);
        let event_type = format!("video.{}", json["type"].as_str().unwrap());
        let expected = Self { key, value: body.clone(), headers: BTreeMap::new() }
            .with("content-type", "application/json")
            .with("ce_specversion", "1.0")
            .with("ce_id", &id)
            .with("ce_source", "hookbridge")
            .with("ce_type", &event_type);
        let expected = match &json["room_id"] {
            Value::String(room) => expected.with("ce_subject", room),
            Value::Number(room) => expected.with("ce_subject", &room.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => expected,
        };
        time.iter().fold(expected, |expected, time| expected.with("ce_time", time))
    }

    /// A header in the place of one that was there.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// What was seen, but for the time of receipt, which is the record's own. A header that is there
    /// twice, or a value that is not UTF-8, is never expected.
    #[track_caller]
    pub(super) fn seen(record: &Seen) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let headers = record.headers.iter().map(|(name, value)| (name.clone(), text(value)));
        let mut headers: BTreeMap<_, _> = headers.collect();
        assert_eq!(headers.len(), record.headers.len(), "{:?}", record.headers);
        let millis = record.timestamp_ms.try_into().unwrap();
        let own = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let own = humantime::format_rfc3339_millis(own).to_string();
        assert_eq!(headers.remove("hookbridge-received"), Some(own));
        Self { key: text(record.key.as_deref().unwrap()), value: text(&record.value), headers }
    }

    /// Its `ce_id`.
    pub(super) fn id(&self) -> String {
        self.headers["ce_id"].clone()
    }
}
