//! Rows as bytes and back: what is kept, what is refused, what does not fit.

use super::*;
use crate::delivery::record::Event;
use crate::delivery::spool::row::stored_header::{HEX, code};
use proptest::prelude::*;

fn record(event: Event<'_>, value: &'static [u8], millis: i64) -> Record {
    Record::new("video.events".into(), event, Bytes::from_static(value), from_unix_millis(millis))
}

fn event<'a>() -> Event<'a> {
    Event {
        app_id: "5f3a",
        event_type: "roomdrop",
        source: "hookbridge",
        subject: Some("room 1"),
        time: Some(&"2023-07-03T08:48:43Z"),
        trace_parent: None,
        trace_state: None,
        user: Some("video"),
    }
}

fn payload(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_record(&mut bytes, record);
    bytes
}

#[test]
fn a_record_comes_back_as_it_was() {
    for millis in [-1, 0, 1_700_000_000_123] {
        let record = record(event(), b"{\"a\":1}", millis);
        let bytes = payload(&record);
        let parts = RowParts::of(&bytes).unwrap();
        assert_eq!(parts.len().unwrap(), size_of(&record));
        let mut topic = "".into();
        let back = parts.restore(&mut topic).unwrap();
        assert_eq!(format!("{back:?}"), format!("{record:?}"));
        let again = parts.restore(&mut topic).unwrap();
        assert_eq!(back.topic().as_ptr(), again.topic().as_ptr(), "one name for all rows");
    }
}

proptest! {
    #[test]
    fn any_header_value_comes_back(key in ".{0,200}", subject in ".{0,300}", user in "\\PC{0,40}") {
        let event = Event { app_id: &key, subject: Some(&subject), user: Some(&user), ..event() };
        let record = record(event, b"", 0);
        let bytes = payload(&record);
        let back = RowParts::of(&bytes).unwrap().restore(&mut "".into()).unwrap();
        prop_assert_eq!(format!("{back:?}"), format!("{record:?}"));
    }

    #[test]
    fn bytes_that_are_no_payload_are_an_error_and_no_panic(bytes: Vec<u8>) {
        drop(RowParts::of(&bytes).and_then(|parts| parts.restore(&mut "".into())));
        let _ = QuarantineNote::split(&bytes);
    }
}

#[test]
fn only_lower_case_hexadecimal_is_kept_as_bytes() {
    for id in ["", "0a", "0A", "abc", "xy"] {
        let mut bytes = Vec::new();
        put_header(&mut bytes, HeaderName::Id, id);
        assert_eq!(bytes[0] & HEX != 0, ["", "0a"].contains(&id), "{id}");
        let (name, value) = take_header(&mut &*bytes).unwrap().text().unwrap();
        assert_eq!((name, &*value), (HeaderName::Id, id));
    }
}

#[test]
fn a_payload_cut_off_anywhere_before_its_value_is_refused() {
    let bytes = payload(&record(event(), b"", 0));
    for len in 0..bytes.len() {
        assert_eq!(RowParts::of(&bytes[..len]), Err(Unreadable), "{len}");
    }
}

#[test]
fn why_it_was_quarantined_comes_off_in_front() {
    let note = QuarantineNote { at: -5, reason: "refused: größer", row: 7 };
    let mut bytes = Vec::new();
    put_quarantine_note(&mut bytes, note);
    bytes.extend_from_slice(b"rest");
    assert_eq!(QuarantineNote::split(&bytes), Ok((note, &b"rest"[..])));
}

#[test]
fn the_numbers_of_headers_are_those_of_the_format() {
    let names = HeaderName::ALL.map(|name| (code(name), name.as_str()));
    let expected = [
        (0, "content-type"),
        (1, "ce_specversion"),
        (2, "ce_id"),
        (3, "ce_source"),
        (4, "ce_type"),
        (5, "ce_subject"),
        (6, "ce_time"),
        (7, "traceparent"),
        (8, "tracestate"),
        (9, "hookbridge-user"),
        (10, "hookbridge-received"),
        (11, "hookbridge-code"),
        (12, "hookbridge-detail"),
        (13, "hookbridge-errors"),
        (14, "hookbridge-rounds"),
    ];
    assert_eq!(names, expected);
}
