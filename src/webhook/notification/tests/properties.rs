//! What holds for bodies that nobody thought of.

use super::{CONTRACTS, LOOSE, SAMPLES, STRICT};
use crate::webhook::notification::Notification;
use crate::webhook::notification::field_error::FieldErrors;
use crate::webhook::notification::invalid::Invalid;
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::test_runner::Config;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::str;

/// Parses under every contract and holds what must hold for any bytes at all.
fn check(body: &[u8]) {
    let text = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let json = serde_json::from_slice::<&RawValue>(text);
    let plain = serde_json::from_slice::<Value>(text);
    for contract in CONTRACTS {
        match Notification::parse(body, contract) {
            Ok(read) => {
                json.as_ref().expect("what is accepted is JSON");
                // What the grammar allows and Rust cannot hold is no `Value`.
                if let Ok(plain) = &plain {
                    assert_eq!(plain["type"], read.type_name());
                    assert_eq!(plain["app_id"], read.app_id().as_str());
                }
                str::from_utf8(body).expect("what is accepted is UTF-8");
            }
            Err(Invalid::InvalidNotification { field_errors, .. }) => {
                assert!(json.is_ok());
                assert_eq!(
                    field_errors.as_slice().len(),
                    field_errors.total().min(FieldErrors::KEPT)
                );
                for field_error in field_errors.as_slice() {
                    assert!(field_error.pointer.starts_with("#/"), "{field_error:?}");
                }
            }
            Err(Invalid::NotAnObject { .. }) => {
                assert!(!json.as_ref().unwrap().get().starts_with('{'));
            }
            Err(Invalid::RepeatedField { .. } | Invalid::UnknownEvent { .. }) => {
                assert!(json.as_ref().unwrap().get().starts_with('{'));
            }
            Err(Invalid::MalformedJson { line, detail, .. }) => {
                assert!(json.is_err() || detail.starts_with("nested deeper"), "{detail}");
                assert!(line > 0);
            }
        }
    }
}

fn filled() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9/:. é\"\\\\]{0,20}[a-z0-9]", "\\PC{0,8}x"]
}

fn filled_or_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        filled().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from).prop_filter("JSON has no infinity", Value::is_number),
    ]
}

fn time() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..=253_402_300_799_999_u64).prop_map(Value::from),
        (0..=253_402_300_799_999_u64).prop_map(|count| count.to_string().into()),
        (1971..9999, 1..=12, 1..=28, 0..24, 0..60, 0..1000).prop_map(|(y, mo, d, h, mi, ms)| {
            format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:00.{ms:03}+05:30").into()
        }),
    ]
}

fn urls() -> impl Strategy<Value = Value> {
    let link = filled().prop_map(|url| json!({"url": url, "size": null}));
    vec(prop_oneof![filled().prop_map(Value::from), link], 0..6).prop_map(Value::from)
}

fn recording() -> impl Strategy<Value = Value> {
    let link = filled().prop_map(|url| json!({"url": url}));
    prop_oneof![filled().prop_map(Value::from), link, urls()]
}

/// Anything at all, a few levels deep.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        filled_or_number(),
        Just(Value::from(" ")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![Just("url".to_owned()), Just("name".to_owned()), "\\PC{0,6}"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(key, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn documented() -> impl Strategy<Value = Value> {
    let app_id = "[a-zA-Z0-9é -]{0,20}[a-z]";
    let extras = btree_map("x\\PC{0,6}", anything(), 0..4);
    let common = (time(), app_id, filled_or_number(), filled_or_number(), extras);
    let own = prop_oneof![
        Just(json!({"type": "roomdrop"})),
        recording().prop_map(|urls| json!({"type": "recording", "recording": urls})),
        (recording(), filled_or_number(), filled_or_number()).prop_map(|(urls, stage, size)| {
            json!({"type": "transcoded", "recording": urls, "stage": stage, "file_size": size})
        }),
        (filled(), urls()).prop_map(|(name, urls)| {
            json!({"type": "file-transfer", "destination": {"name": name}, "files": urls})
        }),
    ];
    (common, own).prop_map(|((time, app_id, room, session, extras), own)| {
        let mut body: Map<String, Value> = extras.into_iter().collect();
        body.insert("trans_date".to_owned(), time);
        body.insert("app_id".to_owned(), app_id.into());
        body.insert("room_id".to_owned(), room);
        body.insert("conf_num".to_owned(), session);
        body.extend(own.as_object().unwrap().clone());
        Value::Object(body)
    })
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_documented_notification_is_accepted(body in documented()) {
        let compact = body.to_string();
        check(compact.as_bytes());
        for text in [format!("{body:#}"), format!("\u{feff}{compact}"), compact] {
            let read = Notification::parse(text.as_bytes(), STRICT).unwrap();
            assert_eq!(body["app_id"], read.app_id().as_str());
            assert!(read.time().is_some());
        }
    }

    #[test]
    fn a_notification_with_any_field_changed_breaks_no_promise(
        mut body in documented(),
        field in "type|trans_date|app_id|room_id|conf_num|recording|stage|destination|files",
        value in anything(),
    ) {
        body[field] = value;
        check(body.to_string().as_bytes());
    }

    #[test]
    fn any_object_with_an_envelope_passes_the_envelope_check(value in anything()) {
        let body = json!({"type": "x", "app_id": "a", "x": value}).to_string();
        assert!(Notification::parse(body.as_bytes(), LOOSE).is_ok());
    }

    #[test]
    fn arbitrary_bytes_break_no_promise(body in vec(any::<u8>(), 0..64)) {
        check(&body);
    }

    #[test]
    fn arbitrary_runs_of_json_tokens_break_no_promise(
        body in "([]{}\\[,:\"0 -]|\\\\u|d800|1e400|null|\"type\"|\"url\"|\"app_id\"){0,24}",
    ) {
        check(body.as_bytes());
        check(format!("{{\"recording\":{body}}}").as_bytes());
    }

    #[test]
    fn damaged_samples_break_no_promise(
        sample in prop::sample::select(SAMPLES.to_vec()),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut body = sample.as_bytes().to_vec();
        for (index, byte) in damage {
            let index = index.index(body.len());
            body[index] = byte;
        }
        check(&body);
    }
}
