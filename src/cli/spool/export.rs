//! `spool export`: each record as one line of JSON, oldest first.
//!
//! | member | |
//! |---|---|
//! | `row` | the number under which it was appended |
//! | `topic`, `key`, `headers` | as they will be on Kafka, but for the header of the time of receipt |
//! | `received` | RFC 3339: the record's timestamp |
//! | `value` or `value_base64` | the posted bytes: as text where they are UTF-8 |
//! | `quarantined`, `reason` | when and why, of what was quarantined |
//! | `fault` | what is wrong with a damaged record; then nothing else is certain |
//!
//! Promise: it holds a piece of the spool at a time, takes no lock and writes nothing; what is drained
//! meanwhile is passed over. A reader that has gone, as `head` does, is no failure.

use crate::args::spool::SpoolExportArgs;
use crate::cli::spool::SpoolCommandError;
use crate::cli::{printable_json, record_json};
use crate::delivery::spool::part::Part;
use crate::delivery::spool::reader::SpoolReader;
use crate::delivery::spool::reader::stored_row::StoredRow;
use crate::timestamp::Timestamp;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use std::io::{self, BufWriter, ErrorKind, Write as _};

/// Prints them.
pub(super) fn run(args: &SpoolExportArgs) -> Result<(), SpoolCommandError> {
    let reader = SpoolReader::open(&args.folder.spool)?;
    let part = if args.quarantined { Part::Quarantine } else { Part::Queue };
    let mut rows = reader.rows(part)?;
    let (mut out, mut line) = (BufWriter::new(io::stdout().lock()), Vec::new());
    let mut print = || {
        while let Some(row) = rows.read()? {
            line.clear();
            write(&mut line, &row);
            out.write_all(&line).map_err(SpoolCommandError::Output)?;
        }
        out.flush().map_err(SpoolCommandError::Output)
    };
    match print() {
        Err(SpoolCommandError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

struct ExportedRow<'a>(&'a StoredRow);

impl Serialize for ExportedRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(row) = self;
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("row", &row.id)?;
        if let Some(fault) = &row.fault {
            line.serialize_entry("fault", fault)?;
        }
        if let Some((at, reason)) = &row.quarantined {
            line.serialize_entry("quarantined", &Timestamp::from(*at))?;
            line.serialize_entry("reason", reason)?;
        }
        line.serialize_entry("topic", &row.topic)?;
        record_json::key(&mut line, Some(row.key.as_bytes()))?;
        line.serialize_entry("received", &Timestamp::from(row.received))?;
        let headers = row.headers.iter();
        let headers: Vec<_> =
            headers.map(|(name, value)| (name.as_str(), Some(value.as_bytes()))).collect();
        record_json::headers(&mut line, &headers)?;
        record_json::value(&mut line, Some(&row.value))?;
        line.end()
    }
}

/// Appends it to `lines`, with its end.
fn write(lines: &mut Vec<u8>, row: &StoredRow) {
    printable_json::write_line(lines, &ExportedRow(row));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn line(row: &StoredRow) -> String {
        let mut line = Vec::new();
        write(&mut line, row);
        String::from_utf8(line).unwrap()
    }

    fn row(value: &[u8]) -> StoredRow {
        StoredRow {
            id: 7,
            topic: "video.events".to_owned(),
            key: "app".to_owned(),
            headers: vec![("ce_type".to_owned(), "video.x".to_owned())],
            value: value.to_vec(),
            received: UNIX_EPOCH + Duration::from_millis(1_688_374_123_456),
            quarantined: None,
            fault: None,
        }
    }

    #[test]
    fn a_record_is_one_line_with_its_bytes_as_text() {
        let said = line(&row(b"{\n \"a\": 1}"));
        assert_eq!(
            said,
            "{\"row\":7,\"topic\":\"video.events\",\"key\":\"app\",\
             \"received\":\"2023-07-03T08:48:43.456Z\",\"headers\":{\"ce_type\":\"video.x\"},\
             \"value\":\"{\\n \\\"a\\\": 1}\"}\n"
        );
    }

    #[test]
    fn non_text_bytes_are_base64_and_terminal_controls_are_escaped() {
        let said = line(&row(b"\xff\x00"));
        assert!(said.ends_with(",\"value_base64\":\"/wA=\"}\n"), "{said}");
        let value = "a\u{1b}\u{7f}\u{9b}ü";
        let said = line(&row(value.as_bytes()));
        assert!(!said.trim_end().contains(char::is_control), "{said}");
        let read: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(read["value"], value);
    }
}
