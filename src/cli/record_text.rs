//! A record as text, for people; the screen takes the colours out where they do not belong.
//!
//! Promise: key, headers and value are shown as they are, line by line; what could steer a terminal is
//! escaped. Nothing should parse it.

use crate::cli::printable::{NOTHING, printable};
use crate::delivery::kafka::topic_record::TopicRecord;
use anstyle::Style;

const LABEL: Style = Style::new().dimmed();
/// What a further line of a labelled text begins with, as wide as a label. A `ce_id` header behind
/// it ends at column 80.
const INDENT: &str = "         ";

/// A record as a consumer sees it.
pub(super) fn record(record: &TopicRecord<'_>) -> String {
    let TopicRecord { topic, partition, offset, timestamp, key, headers, value } = record;
    let time = timestamp.map(|time| format!(", {time}")).unwrap_or_default();
    let place = format!("{topic}, partition {partition}, offset {offset}{time}");
    let key = key.map_or_else(|| NOTHING.to_owned(), printable);
    let header = |(name, value): &(&str, Option<&[u8]>)| {
        let value = value.map_or_else(|| "null".to_owned(), printable);
        format!("{LABEL}{}:{LABEL:#} {value}", printable(name.as_bytes()))
    };
    let headers: Vec<String> = headers.iter().map(header).collect();
    [
        row("record", &place),
        row("key", &key),
        if headers.is_empty() { String::new() } else { row("header", &headers.join("\n")) },
        row("value", &value.map_or_else(|| "null (a tombstone)".to_owned(), printable)),
    ]
    .concat()
}

/// A labelled text; further lines go under the first.
fn row(label: &str, text: &str) -> String {
    let text = text.trim_end().replace('\n', &format!("\n{INDENT}"));
    format!("  {LABEL}{label:<6}{LABEL:#} {text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_record_shows_its_value_line_by_line_under_its_label() {
        let id = "f".repeat(64);
        let shown = record(&TopicRecord {
            topic: "t",
            partition: 3,
            offset: 7,
            timestamp: Some(Timestamp::of_unix_millis(1_688_374_123_456)),
            key: Some(b"app"),
            headers: vec![("ce_id", Some(id.as_bytes())), ("ce_type", Some(b"x")), ("no", None)],
            value: Some(b"{\n  \"a\": 1\n}\n"),
        });
        let lines = [
            "  record t, partition 3, offset 7, 2023-07-03T08:48:43.456Z",
            "  key    app",
            &format!("  header ce_id: {id}"),
            "         ce_type: x",
            "         no: null",
            "  value  {",
            "           \"a\": 1",
            "         }",
        ];
        let shown = plain(&shown);
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
        assert!(shown.lines().all(|line| line.len() <= 80));
    }

    #[test]
    fn a_record_of_another_producer_may_lack_key_headers_and_value() {
        let shown = plain(&record(&TopicRecord::default()));
        let lines =
            ["  record , partition 0, offset 0", "  key    -", "  value  null (a tombstone)"];
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
    }
}
