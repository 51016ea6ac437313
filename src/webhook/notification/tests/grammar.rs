//! What the grammar of JSON allows and Rust cannot hold: halves of surrogate pairs, numbers beyond a
//! double.

use super::{
    CONTRACTS, ENVELOPE, FILE_TRANSFER, LOOSE, ROOMDROP, STRICT, TRANSCODED, code, strict,
};
use crate::webhook::notification::Notification;
use crate::webhook::notification::contract::Contract;
use crate::webhook::notification::field_error::FieldError;
use crate::webhook::notification::invalid::Invalid;

/// Strings without a text (RFC 8259 section 8.2).
const TORN: [&str; 7] = [
    r#""\ud800""#,
    r#""\udfff""#,
    r#""\uDBFF\uD800""#,
    r#""\udc00\ud800""#,
    r#""a\"\\\ud83dx""#,
    r#""\ud83d\\""#,
    r#"" \ud800 ""#,
];

/// Numbers beyond a double (RFC 8259 section 6).
const VAST: [&str; 4] = ["1e400", "-1E+400", "123.456e789", "0.1e99999999999999999999"];

/// A sound post with one more member in front, whose JSON is given.
fn with_member(sample: &str, member: &str) -> String {
    sample.replacen('{', &format!("{{{member},"), 1)
}

/// A sample whose field, a string there, has another value.
fn with_value(sample: &str, field: &str, value: &str) -> String {
    let key = format!("\"{field}\":");
    let start = sample.find(&key).unwrap() + key.len();
    let text = sample[start..].trim_start();
    let end = sample.len() - text.len() + 2 + text[1..].find('"').unwrap();
    format!("{}{value}{}", &sample[..start], &sample[end..])
}

/// Pointer, code and detail of the one error of a body.
fn field_error(body: &str, contract: Contract) -> (String, &'static str, String) {
    match Notification::parse(body.as_bytes(), contract) {
        Err(Invalid::InvalidNotification { field_errors, .. }) => match field_errors.as_slice() {
            [error @ FieldError { pointer, detail, .. }] => {
                (pointer.clone(), code(error), detail.clone().into_owned())
            }
            other => panic!("{other:?} for {body}"),
        },
        other => panic!("{other:?} for {body}"),
    }
}

#[test]
fn in_members_that_no_rule_asks_for_they_pass() {
    let long = "9".repeat(500);
    for value in TORN.iter().chain(&VAST).copied().chain([&*long]) {
        for member in [
            format!("\"x\":{value}"),
            format!("\"x\":[0,{{\"y\":[[{value}]],\"url\":{value}}}]"),
            format!("\"x\":{value},\"x\":{value}"),
        ] {
            for contract in CONTRACTS {
                let body = with_member(ROOMDROP, &member);
                let read = Notification::parse(body.as_bytes(), contract).unwrap();
                let plain = strict(ROOMDROP).unwrap();
                assert_eq!((&read, read.subject()), (&plain, plain.subject()), "{body}");
            }
        }
    }
    for key in TORN {
        let body = with_member(ROOMDROP, &format!("{key}:1,\"x\":{{{key}:[{key}]}}"));
        assert!(strict(&body).is_ok(), "{body}");
    }
}

#[test]
fn a_field_of_which_only_the_form_is_asked_takes_them() {
    for value in TORN {
        for (sample, field) in [
            (TRANSCODED, "conf_num"),
            (TRANSCODED, "stage"),
            (TRANSCODED, "file_size"),
            (TRANSCODED, "recording"),
            (FILE_TRANSFER, "url"),
            (FILE_TRANSFER, "name"),
            (FILE_TRANSFER, "account"),
        ] {
            let body = with_value(sample, field, value);
            assert!(strict(&body).is_ok(), "{body}");
        }
    }
    for value in VAST {
        for field in ["conf_num", "stage", "file_size"] {
            let body = with_value(TRANSCODED, field, value);
            assert!(strict(&body).is_ok(), "{body}");
        }
        let body = with_value(TRANSCODED, "recording", value);
        let found = ("#/recording".to_owned(), "wrong_type", "found a number".to_owned());
        assert_eq!(field_error(&body, STRICT), found);
    }
}

#[test]
fn in_type_and_app_id_they_are_faults() {
    for field in ["type", "app_id"] {
        for contract in CONTRACTS {
            for value in TORN {
                let (pointer, code, detail) =
                    field_error(&with_value(ROOMDROP, field, value), contract);
                assert_eq!((pointer, code), (format!("#/{field}"), "wrong_type"));
                assert_eq!(detail, "the string holds half of a surrogate pair, which is no text");
            }
            for value in VAST {
                let (pointer, code, detail) =
                    field_error(&with_value(ROOMDROP, field, value), contract);
                assert_eq!((pointer, code), (format!("#/{field}"), "wrong_type"));
                assert_eq!(detail, "found a number");
            }
        }
    }
}

#[test]
fn a_room_that_is_one_of_them_is_no_subject() {
    let rounded = ["12345678901234567890123", "-1e300", "18446744073709551616"];
    for value in TORN.iter().chain(&VAST).chain(&rounded) {
        let body = with_value(ROOMDROP, "room_id", value);
        assert_eq!(strict(&body).unwrap().subject(), None, "{body}");
    }
}

#[test]
fn a_time_that_is_no_text_is_none() {
    for value in TORN {
        let body = with_value(ROOMDROP, "trans_date", value);
        let (pointer, code, _) = field_error(&body, STRICT);
        assert_eq!((&*pointer, code), ("#/trans_date", "wrong_type"));
        for contract in [ENVELOPE, LOOSE] {
            let read = Notification::parse(body.as_bytes(), contract).unwrap();
            assert_eq!(read.time(), None);
        }
    }
}

#[test]
fn a_time_before_1970_or_after_9999_is_accepted_and_left_out() {
    let texts =
        ["\"1969-12-31T23:59:59Z\"", "\"0000-01-01T00:00:00Z\"", "\"-1\"", "\"253402300800000\""];
    let numbers = ["-1", "-9007199254740993", "253402300800000", "18446744073709551616", "-1e300"];
    for date in texts.iter().chain(&numbers).chain(&VAST) {
        let body = with_value(ROOMDROP, "trans_date", date);
        assert_eq!(strict(&body).unwrap().time(), None, "{body}");
    }
    let body = with_value(ROOMDROP, "trans_date", "\"1970-01-01T00:00:00Z\"");
    assert_eq!(strict(&body).unwrap().time().unwrap().to_string(), "1970-01-01T00:00:00Z");
}

#[test]
fn what_else_is_asked_of_a_body_is_asked_of_theirs_too() {
    let torn = |member: &str| with_member(ROOMDROP, &format!("\"x\":\"\\ud800\",{member}"));
    for (member, name) in [(r#""typ\u0065":"roomdrop""#, "type"), (r#""\u0061pp_id":1"#, "app_id")]
    {
        let refused = strict(&torn(member)).map(drop).unwrap_err();
        assert!(matches!(refused, Invalid::RepeatedField { name: n, .. } if n == name));
    }
    for (levels, accepted) in [(32, true), (33, false)] {
        for (open, close) in [("[", "]"), ("{\"\\\"[\":", "}")] {
            let value = format!("{}0{}", open.repeat(levels - 1), close.repeat(levels - 1));
            assert_eq!(strict(&torn(&format!("\"y\":{value}"))).is_ok(), accepted, "{levels}");
        }
    }
    let body = torn("\"y\":0").replace("\"conf_num\"", "\"other\"");
    assert_eq!(field_error(&body, STRICT).0, "#/conf_num");
    assert!(strict(&format!("\u{feff}{}", torn("\"y\":[]"))).is_ok());
}
