//! What is refused because of its type or its fields, and how the refusal names them.

use super::{
    CONTRACTS, DOCUMENTED, ENVELOPE, FILE_TRANSFER, FORWARD, LOOSE, RECORDING, ROOMDROP, STRICT,
    TRANSCODED, code, expected, field_errors, strict, unknown, with, without,
};
use crate::webhook::notification::Notification;
use crate::webhook::notification::field_error::FieldErrors;
use crate::webhook::notification::invalid::{About, Invalid};
use serde_json::json;

/// The fields that each sample must have beyond the common ones.
const OWN_FIELDS: [(&str, &[&str]); 4] = [
    (ROOMDROP, &[]),
    (RECORDING, &["recording"]),
    (TRANSCODED, &["recording", "stage", "file_size"]),
    (FILE_TRANSFER, &["destination", "destination/name", "files", "files/0/url"]),
];

#[test]
fn each_required_field_is_refused_when_absent_null_or_mistyped() {
    for (sample, own) in OWN_FIELDS {
        for field in ["type", "trans_date", "app_id", "room_id", "conf_num"].iter().chain(own) {
            let pointer = format!("/{field}");
            let only = |code| expected(&[(&format!("#{pointer}"), code)]);
            assert_eq!(field_errors(&without(sample, &pointer), STRICT), only("missing_field"));
            for value in [json!(null), json!(true)] {
                assert_eq!(
                    field_errors(&with(sample, &pointer, value), STRICT),
                    only("wrong_type")
                );
            }
        }
    }
}

#[test]
fn a_required_string_may_not_be_blank() {
    for blank in ["", " ", "\t\n\u{a0}"] {
        for sample in DOCUMENTED {
            for field in ["type", "trans_date", "app_id", "room_id", "conf_num"] {
                let body = with(sample, &format!("/{field}"), blank.into());
                assert_eq!(
                    field_errors(&body, STRICT),
                    expected(&[(&format!("#/{field}"), "blank")])
                );
            }
        }
        for (sample, pointer) in [
            (RECORDING, "/recording"),
            (TRANSCODED, "/recording"),
            (TRANSCODED, "/stage"),
            (TRANSCODED, "/file_size"),
            (FILE_TRANSFER, "/destination/name"),
            (FILE_TRANSFER, "/files/0/url"),
        ] {
            let body = with(sample, pointer, blank.into());
            assert_eq!(field_errors(&body, STRICT), expected(&[(&format!("#{pointer}"), "blank")]));
        }
    }
}

#[test]
fn only_strings_and_numbers_are_interchangeable() {
    for value in [json!([]), json!({}), json!(["1"]), json!({"url": "a"})] {
        for field in ["trans_date", "room_id", "conf_num", "stage", "file_size"] {
            let body = with(TRANSCODED, &format!("/{field}"), value.clone());
            assert_eq!(
                field_errors(&body, STRICT),
                expected(&[(&format!("#/{field}"), "wrong_type")])
            );
        }
    }
    for field in ["type", "app_id"] {
        let body = with(TRANSCODED, &format!("/{field}"), json!(1));
        assert_eq!(field_errors(&body, STRICT), expected(&[(&format!("#/{field}"), "wrong_type")]));
    }
}

#[test]
fn what_is_no_time_is_of_the_wrong_type() {
    for value in [
        json!(-1.5),
        json!(1.5),
        json!(1_688_374_123.0),
        json!("-1.5"),
        json!("Unix Timestamp"),
        json!("2023-07-03T08:48:43"),
    ] {
        let body = with(ROOMDROP, "/trans_date", value);
        assert_eq!(
            field_errors(&body, STRICT),
            expected(&[("#/trans_date", "wrong_type")]),
            "{body}"
        );
    }
}

#[test]
fn an_app_id_has_at_most_256_bytes_and_no_control_characters() {
    for contract in CONTRACTS {
        let body = with(ROOMDROP, "/app_id", "x".repeat(256).into());
        assert_eq!(field_errors(&body, contract), []);
        for app_id in ["x".repeat(257), "ж".repeat(129), "a\0".to_owned(), "\u{85}a".to_owned()] {
            let body = with(ROOMDROP, "/app_id", app_id.into());
            assert_eq!(field_errors(&body, contract), expected(&[("#/app_id", "wrong_type")]));
        }
    }
}

#[test]
fn faults_inside_lists_are_named_by_their_place() {
    let list = json!(["a", "", null, {"url": "b"}, {"url": " "}, {}, {"url": ["c"]}, 7, [["d"]]]);
    let inside = |field: &str| {
        [
            (format!("#/{field}/1"), "blank"),
            (format!("#/{field}/2"), "wrong_type"),
            (format!("#/{field}/4/url"), "blank"),
            (format!("#/{field}/5/url"), "missing_field"),
            (format!("#/{field}/6/url"), "wrong_type"),
            (format!("#/{field}/7"), "wrong_type"),
            (format!("#/{field}/8"), "wrong_type"),
        ]
    };
    for (sample, field) in
        [(RECORDING, "recording"), (TRANSCODED, "recording"), (FILE_TRANSFER, "files")]
    {
        let body = with(sample, &format!("/{field}"), list.clone());
        assert_eq!(field_errors(&body, STRICT), inside(field));
    }
}

#[test]
fn a_single_url_object_is_judged_like_one_in_a_list() {
    for (value, code) in [(json!({}), "missing_field"), (json!({"url": ""}), "blank")] {
        let body = with(TRANSCODED, "/recording", value);
        assert_eq!(field_errors(&body, STRICT), expected(&[("#/recording/url", code)]));
    }
}

#[test]
fn files_must_be_a_list_and_their_destination_an_object() {
    for value in [json!("a"), json!(1), json!(""), json!({"url": "a"})] {
        let body = with(FILE_TRANSFER, "/files", value);
        assert_eq!(field_errors(&body, STRICT), expected(&[("#/files", "wrong_type")]));
    }
    for value in [json!("awss3"), json!(1), json!(""), json!([{"name": "awss3"}])] {
        let body = with(FILE_TRANSFER, "/destination", value);
        assert_eq!(field_errors(&body, STRICT), expected(&[("#/destination", "wrong_type")]));
    }
    let body = with(FILE_TRANSFER, "/destination", json!({"host": 1, "account": []}));
    let all = [
        ("#/destination/name", "missing_field"),
        ("#/destination/host", "wrong_type"),
        ("#/destination/account", "wrong_type"),
    ];
    assert_eq!(field_errors(&body, STRICT), expected(&all));
}

#[test]
fn all_faults_are_named_at_once_in_the_order_of_the_contract() {
    let body = json!({
        "files": [{}, {"url": 1}], "destination": {"name": ""}, "conf_num": null, "room_id": " ",
        "trans_date": "yesterday", "type": "file-transfer",
    });
    let all = [
        ("#/trans_date", "wrong_type"),
        ("#/app_id", "missing_field"),
        ("#/room_id", "blank"),
        ("#/conf_num", "wrong_type"),
        ("#/destination/name", "blank"),
        ("#/files/0/url", "missing_field"),
        ("#/files/1/url", "wrong_type"),
    ];
    assert_eq!(field_errors(&body.to_string(), STRICT), expected(&all));
}

#[test]
fn without_a_type_the_common_fields_are_still_judged() {
    let all = ["#/type", "#/trans_date", "#/app_id", "#/room_id", "#/conf_num"];
    assert_eq!(
        field_errors("{}", STRICT),
        all.map(|pointer| (pointer.to_owned(), "missing_field"))
    );
    let envelope = ["#/type", "#/app_id"].map(|pointer| (pointer.to_owned(), "missing_field"));
    assert_eq!(field_errors("{}", ENVELOPE), envelope);
}

#[test]
fn sixteen_faults_are_kept_and_all_are_counted() {
    let body = with(RECORDING, "/recording", vec![1; 1000].into());
    let body = with(&body, "/app_id", json!(null));
    let refused = strict(&body).unwrap_err();
    let field_errors = refused.field_errors().unwrap();
    assert_eq!((field_errors.as_slice().len(), field_errors.total()), (FieldErrors::KEPT, 1001));
    assert_eq!(field_errors.as_slice()[0].pointer, "#/app_id");
    assert_eq!(field_errors.as_slice()[15].pointer, "#/recording/14");
    assert_eq!(refused.to_string(), "#/app_id: found null (and 1000 more)");
}

#[test]
fn a_fault_says_what_was_expected_and_never_what_was_posted() {
    let body = with(ROOMDROP, "/room_id", json!(["secret"]));
    let body = with(&body, "/app_id", json!("secret".repeat(99)));
    let body = with(&body, "/trans_date", json!("secret"));
    let refused = strict(&body).unwrap_err();
    let field_errors = refused.field_errors().unwrap().as_slice();
    assert_eq!(field_errors[2].expected, "string or number");
    assert_eq!(field_errors[2].detail, "found an array");
    assert!(!format!("{refused:?} {refused}").contains("secret"), "{refused:?}");
}

#[test]
fn an_undocumented_type_is_refused_before_its_fields() {
    for name in ["cdr", "Roomdrop", "room-drop", "other", " roomdrop ", &"x".repeat(129), "a\0"] {
        for contract in [STRICT, ENVELOPE] {
            let body = json!({"type": name}).to_string();
            let refused = Notification::parse(body.as_bytes(), contract).unwrap_err();
            let about = About { app_id: None, type_name: Some((*name).into()) };
            assert_eq!(refused, Invalid::UnknownEvent { about }, "{name}");
        }
    }
    let refused = strict(&unknown("cdr")).unwrap_err();
    let names = "`type` is none of roomdrop, recording, transcoded, file-transfer";
    assert_eq!(refused.to_string(), names);
}

#[test]
fn a_forwarded_type_is_within_128_bytes_and_has_an_app_id() {
    for contract in [FORWARD, LOOSE] {
        for name in ["x".repeat(129), "ж".repeat(65), "a\nb".to_owned(), "a\u{7f}".to_owned()] {
            assert_eq!(
                field_errors(&unknown(&name), contract),
                expected(&[("#/type", "wrong_type")])
            );
        }
        assert_eq!(field_errors(&unknown(" "), contract)[0], ("#/type".to_owned(), "blank"));
        let both = [("#/type", "wrong_type"), ("#/app_id", "missing_field")];
        let body = json!({"type": "x".repeat(129), "trans_date": null}).to_string();
        assert_eq!(field_errors(&body, contract), expected(&both));
    }
}

#[test]
fn a_documented_type_keeps_its_contract_beside_forwarded_ones() {
    let body = without(RECORDING, "/recording");
    assert_eq!(field_errors(&body, FORWARD), expected(&[("#/recording", "missing_field")]));
}

#[test]
fn a_refusal_names_project_and_type_where_they_can_be_read() {
    let about = |body: &str| strict(body).unwrap_err().about().cloned().unwrap_or_default();
    let app_id = |body: &str| about(body).app_id.map(|app_id| app_id.as_str().to_owned());
    let type_name = |body: &str| about(body).type_name;
    assert_eq!(type_name(&unknown("cdr")).as_deref(), Some("cdr"));
    assert_eq!(type_name(&unknown(&"ж".repeat(200))).unwrap().len(), 256);
    assert_eq!(type_name(&with(ROOMDROP, "/room_id", "".into())).as_deref(), Some("roomdrop"));
    assert_eq!(type_name(r#"{"type":"a","app_id":"b","type":"a"}"#), None);
    assert_eq!(type_name(r#"{"type":"a","app_id":"b","app_id":"b"}"#).as_deref(), Some("a"));
    assert_eq!(type_name(r#"{"type":7,"app_id":"b"}"#), None);
    assert_eq!(app_id(&unknown("cdr")).as_deref(), Some("a"));
    assert_eq!(app_id(&with(ROOMDROP, "/room_id", "".into())).unwrap().len(), 24);
    assert_eq!(app_id(r#"{"type":"a","app_id":"b","type":"a"}"#).as_deref(), Some("b"));
    assert_eq!(app_id(r#"{"type":"a","type":"a","app_id":"b","app_id":"b"}"#), None);
    assert_eq!(app_id(r#"{"type":"cdr","app_id":""}"#), None);
    assert_eq!(app_id(r#"[{"app_id":"b"}]"#), None);
}

#[test]
fn a_post_of_the_voice_service_is_recognised() {
    let body = r#"{"encrypted_data":"AAAA","app_id":"a"}"#;
    let refused = strict(body).unwrap_err();
    let field_error = &refused.field_errors().unwrap().as_slice()[0];
    assert_eq!((field_error.pointer.as_str(), code(field_error)), ("#/type", "missing_field"));
    assert!(field_error.detail.contains("voice"), "{}", field_error.detail);
    let refused = strict(r#"{"nested":{"encrypted_data":"AAAA"}}"#).unwrap_err();
    assert_eq!(refused.field_errors().unwrap().as_slice()[0].detail, "the field is missing");
    assert!(strict(&with(ROOMDROP, "/encrypted_data", json!(1))).is_ok());
}
