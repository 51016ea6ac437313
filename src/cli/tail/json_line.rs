//! A record as one line of JSON.
//!
//! | member | |
//! |---|---|
//! | `topic`, `partition`, `offset` | where it is |
//! | `timestamp` | RFC 3339 in UTC with milliseconds; null where it has none |
//! | `key` or `key_base64` | as text where it is UTF-8; null where it has none |
//! | `headers` | an object in the order of the record. A value is a text, null, or `{"base64": …}`; of a name that comes more than once it is the list of all its values |
//! | `value` or `value_base64` | as `key`; null of a tombstone |
//!
//! Promise: no byte of a record steers a terminal.

use crate::cli::{printable_json, record_json};
use crate::delivery::kafka::topic_record::TopicRecord;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// Appends it to `lines`, with its end.
pub(super) fn write(lines: &mut Vec<u8>, record: &TopicRecord<'_>) {
    printable_json::write_line(lines, &RecordLine(record));
}

struct RecordLine<'a>(&'a TopicRecord<'a>);

impl Serialize for RecordLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(record) = self;
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("topic", record.topic)?;
        line.serialize_entry("partition", &record.partition)?;
        line.serialize_entry("offset", &record.offset)?;
        match record.timestamp.map(|time| (time, time.rfc3339())) {
            Some((_, Some(text))) => line.serialize_entry("timestamp", text.as_str())?,
            Some((time, None)) => line.serialize_entry("timestamp", &time)?,
            None => line.serialize_entry("timestamp", &())?,
        }
        record_json::key(&mut line, record.key)?;
        record_json::headers(&mut line, &record.headers)?;
        record_json::value(&mut line, record.value)?;
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    fn line(record: &TopicRecord<'_>) -> String {
        let mut line = Vec::new();
        write(&mut line, record);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_record_is_one_line_with_its_members_in_their_order() {
        let said = line(&TopicRecord {
            topic: "t",
            partition: 3,
            offset: 7,
            timestamp: Some(Timestamp::of_unix_millis(1_688_374_123_456)),
            key: Some(b"app"),
            headers: vec![("ce_type", Some(b"video.x")), ("none", None)],
            value: Some(b"{\n \"a\": 1}"),
        });
        assert_eq!(
            said,
            "{\"topic\":\"t\",\"partition\":3,\"offset\":7,\"timestamp\":\"2023-07-03T08:48:43.456Z\",\
             \"key\":\"app\",\"headers\":{\"ce_type\":\"video.x\",\"none\":null},\
             \"value\":\"{\\n \\\"a\\\": 1}\"}\n"
        );
    }

    #[test]
    fn what_is_not_there_is_null_and_what_is_no_text_is_base64() {
        assert_eq!(
            line(&TopicRecord::default()),
            "{\"topic\":\"\",\"partition\":0,\"offset\":0,\"timestamp\":null,\"key\":null,\
             \"headers\":{},\"value\":null}\n"
        );
        let said = line(&TopicRecord {
            key: Some(b"\xff"),
            headers: vec![("a", Some(b"1")), ("b", Some(b"\xff")), ("a", None)],
            value: Some(b"\xff\x00"),
            ..TopicRecord::default()
        });
        let end = "\"key_base64\":\"/w==\",\"headers\":{\"a\":[\"1\",null],\"b\":{\"base64\":\"/w==\"}},\
                   \"value_base64\":\"/wA=\"}\n";
        assert!(said.ends_with(end), "{said}");
    }
}
