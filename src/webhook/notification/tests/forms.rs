//! What is accepted, and what is read from it.

use super::{
    CONTRACTS, DOCUMENTED, ENVELOPE, FILE_TRANSFER, FORWARD, LOOSE, RECORDING, RECORDING_OBJECTS,
    ROOMDROP, ROOMDROP_NUMBERS, SAMPLES, TRANSCODED, expected, field_errors, strict, unknown, with,
};
use crate::metrics::EventKind;
use crate::webhook::notification::Notification;
use serde_json::{Value, json};

#[test]
fn every_sample_is_read_as_what_it_is() {
    for (sample, kind, app_id, time) in [
        (ROOMDROP, EventKind::Roomdrop, "5f3a9c1e7d2b4a0012c4e8f1", "2023-07-03T08:48:43Z"),
        (ROOMDROP_NUMBERS, EventKind::Roomdrop, "60b7e2d49f1c3a0019ad5577", "2023-07-03T08:48:43Z"),
        (RECORDING, EventKind::Recording, "5f3a9c1e7d2b4a0012c4e8f1", "2023-07-03T08:53:11Z"),
        (
            RECORDING_OBJECTS,
            EventKind::Recording,
            "5f3a9c1e7d2b4a0012c4e8f1",
            "2023-07-03T08:53:11Z",
        ),
        (TRANSCODED, EventKind::Transcoded, "5f3a9c1e7d2b4a0012c4e8f1", "2023-07-03T09:12:40Z"),
        (
            FILE_TRANSFER,
            EventKind::FileTransfer,
            "5f3a9c1e7d2b4a0012c4e8f1",
            "2023-07-03T10:27:24Z",
        ),
    ] {
        for contract in CONTRACTS {
            let read = Notification::parse(sample.as_bytes(), contract).unwrap();
            assert_eq!(read.kind(), kind, "{sample}");
            assert_eq!(read.type_name(), kind.as_str(), "{sample}");
            assert_eq!(read.app_id().as_str(), app_id, "{sample}");
            assert_eq!(read.subject(), Some("64a1f0c2e4b0d7a1c3f9b210"), "{sample}");
            assert_eq!(read.time().unwrap().to_string(), time, "{sample}");
        }
    }
}

#[test]
fn numbers_stand_for_strings_where_the_provider_mixes_them() {
    let numbers =
        [json!(0), json!(7), json!(-1), json!(1.5), json!(u64::MAX), json!(4_294_967_297_u64)];
    for number in numbers {
        for field in ["/room_id", "/conf_num", "/stage", "/file_size"] {
            let body = with(TRANSCODED, field, number.clone());
            assert!(strict(&body).is_ok(), "{body}");
        }
    }
}

#[test]
fn a_numeric_room_is_a_subject_by_its_text() {
    for (number, text) in [
        ("7", "7"),
        ("-7", "-7"),
        ("0", "0"),
        ("18446744073709551615", "18446744073709551615"),
        ("1.5", "1.5"),
    ] {
        let body = ROOMDROP.replace("\"64a1f0c2e4b0d7a1c3f9b210\"", number);
        assert_eq!(strict(&body).unwrap().subject(), Some(text));
    }
}

#[test]
fn a_room_unfit_for_an_attribute_is_accepted_and_no_subject() {
    for room in ["a\u{7}b", "\u{1b}[31m", &"x".repeat(257)] {
        let body = with(ROOMDROP, "/room_id", room.into());
        assert_eq!(strict(&body).unwrap().subject(), None, "{room:?}");
    }
}

#[test]
fn recordings_are_strings_objects_or_arrays_under_both_types() {
    for recording in [
        json!("http://media.example.com/a.mp4"),
        json!("sftp://host/with space/ж.mkv"),
        json!("a"),
        json!([]),
        json!(["http://media.example.com/a.mp4", "b"]),
        json!([{"url": "a"}, {"url": "b", "size": {"deep": [1, null]}}]),
        json!(["a", {"url": "b"}]),
        json!({"url": "a"}),
    ] {
        for sample in [RECORDING, TRANSCODED] {
            let body = with(sample, "/recording", recording.clone());
            assert_eq!(field_errors(&body, super::STRICT), [], "{body}");
        }
    }
}

#[test]
fn delivered_files_come_as_an_array_of_objects_or_strings() {
    for files in [json!([]), json!([{"url": "a"}]), json!(["a", "b"]), json!([{"url": "a"}, "b"])] {
        let body = with(FILE_TRANSFER, "/files", files);
        assert_eq!(field_errors(&body, super::STRICT), [], "{body}");
    }
}

#[test]
fn any_destination_with_a_name_will_do() {
    for destination in [
        json!({"name": "awss3", "account": "example-delivery"}),
        json!({"name": "ftp", "host": "ftp.example.com", "account": ""}),
        json!({"name": "sftp", "host": "sftp.example.com", "account": null}),
        json!({"name": "ssh", "host": null}),
        json!({"name": "gdrive", "folder": ["x"], "host": " "}),
        json!({"name": "azure"}),
    ] {
        let body = with(FILE_TRANSFER, "/destination", destination);
        assert_eq!(field_errors(&body, super::STRICT), [], "{body}");
    }
}

#[test]
fn unknown_keys_pass_at_every_depth_in_every_order() {
    for sample in SAMPLES {
        let mut body: Value = serde_json::from_str(sample).unwrap();
        body["conf_key"] = json!({"url": 1, "type": [null, {"app_id": false}], "name": ""});
        let object = body.as_object().unwrap();
        let member = |(key, value): (&String, &Value)| format!("{}:{value}", json!(key));
        let backwards: Vec<_> = object.iter().rev().map(member).collect();
        assert!(strict(&format!(" {{{}}}\r\n\t", backwards.join(" , "))).is_ok(), "{sample}");
    }
}

#[test]
fn a_documented_field_of_another_type_is_ignored() {
    for (field, value) in
        [("/recording", json!([1])), ("/files", json!(0)), ("/stage", json!(null))]
    {
        assert!(strict(&with(ROOMDROP, field, value)).is_ok(), "{field}");
    }
}

#[test]
fn escapes_are_read_as_what_they_stand_for() {
    let body = r#"{"\u0074ype":"room\u0064rop","trans_date":"\u0031688374123","app_id":"a\/\u0436",
        "room_id":"r\u00e9\"","conf_num":"\u0031"}"#;
    let read = strict(body).unwrap();
    assert_eq!(read.kind(), EventKind::Roomdrop);
    assert_eq!(read.app_id().as_str(), "a/ж");
    assert_eq!(read.subject(), Some("ré\""));
    assert_eq!(read.time().unwrap().to_string(), "2023-07-03T08:48:43Z");
}

#[test]
fn hundreds_of_urls_with_escaped_slashes_are_accepted() {
    let url = |stream| format!(r#""http:\/\/media.example.com\/64a1f0c2\/stream-{stream}.mkv""#);
    let urls: Vec<_> = (0..250).map(url).collect();
    let body = format!(
        r#"{{"recording":[{}],"conf_num":1,"room_id":2,"app_id":"a","trans_date":3,
        "type":"recording"}}"#,
        urls.join(",")
    );
    assert_eq!(strict(&body).unwrap().kind(), EventKind::Recording);
}

#[test]
fn of_repeated_members_the_last_counts() {
    let twice = |first: &str, last: &str| {
        RECORDING.replacen('{', &format!("{{{first},"), 1).replacen(
            "]\n}",
            &format!("],{last}}}"),
            1,
        )
    };
    let body = twice(r#""room_id":null,"recording":5"#, r#""room_id":"last""#);
    assert_eq!(strict(&body).unwrap().subject(), Some("last"));
    let body = twice(r#""room_id":"first""#, r#""recording":[{"url":"a","url":null}]"#);
    assert_eq!(
        field_errors(&body, super::STRICT),
        expected(&[("#/recording/0/url", "wrong_type")])
    );
    let body = twice(r#""room_id":"first""#, r#""recording":[{"url":null,"url":"a"}]"#);
    assert_eq!(field_errors(&body, super::STRICT), []);
}

#[test]
fn a_byte_order_mark_is_skipped() {
    for sample in SAMPLES {
        assert!(strict(&format!("\u{feff}{sample}")).is_ok(), "{sample}");
    }
}

#[test]
fn the_envelope_is_enough_where_no_more_is_asked_for() {
    for name in DOCUMENTED.map(|sample| strict(sample).unwrap().type_name().to_owned()) {
        let body =
            json!({"type": name, "app_id": "a", "trans_date": {}, "room_id": " "}).to_string();
        let read = Notification::parse(body.as_bytes(), ENVELOPE).unwrap();
        assert_eq!((read.subject(), read.time()), (None, None));
        let body = json!({"type": name, "app_id": "a", "trans_date": 0, "room_id": 1}).to_string();
        let read = Notification::parse(body.as_bytes(), ENVELOPE).unwrap();
        assert_eq!(read.subject(), Some("1"));
        assert_eq!(read.time().unwrap().to_string(), "1970-01-01T00:00:00Z");
    }
}

#[test]
fn an_undocumented_type_is_forwarded_by_its_envelope() {
    for name in ["cdr", "Roomdrop", "other", " roomdrop", "ж", &"x".repeat(128)] {
        for contract in [FORWARD, LOOSE] {
            let body = unknown(name);
            let read = Notification::parse(body.as_bytes(), contract).unwrap();
            assert_eq!((read.kind(), read.type_name()), (EventKind::Other, name));
        }
    }
}
