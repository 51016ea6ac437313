//! What is refused because of its bytes alone.

use super::{CONTRACTS, ROOMDROP, SAMPLES, STRICT, strict};
use crate::webhook::notification::Notification;
use crate::webhook::notification::field_error::JsonType;
use crate::webhook::notification::invalid::Invalid;

/// Line, column and detail of a body that is malformed under every contract.
fn malformed(body: &[u8]) -> (usize, usize, String) {
    let [refused, others @ ..] =
        CONTRACTS.map(|contract| Notification::parse(body, contract).unwrap_err());
    assert!(others.iter().all(|other| *other == refused));
    let Invalid::MalformedJson { line, column, detail } = refused else {
        panic!("{refused:?} for {}", String::from_utf8_lossy(body))
    };
    (line, column, detail)
}

/// A sound post with one more member, whose JSON is given.
fn roomdrop_with(member: &[u8]) -> Vec<u8> {
    let end = ROOMDROP.rfind('}').unwrap();
    [&ROOMDROP.as_bytes()[..end], b",", member, b"}"].concat()
}

#[test]
fn a_body_cut_at_any_byte_is_malformed() {
    for sample in SAMPLES.map(str::trim_end) {
        for length in 0..sample.len() {
            malformed(&sample.as_bytes()[..length]);
        }
    }
}

#[test]
fn the_first_problem_is_located_without_the_body() {
    let trailing_comma = include_bytes!("../../../../tests/samples/bad/trailing-comma.json");
    assert_eq!(malformed(trailing_comma), (10, 1, "trailing comma".to_owned()));
    assert_eq!(malformed(b""), (1, 0, "EOF while parsing a value".to_owned()));
    assert_eq!(malformed(b"{\n \"a\": secret}"), (2, 7, "expected value".to_owned()));
    assert_eq!(malformed(b"{\"a\": [1e999, 1,]}"), (1, 17, "expected value".to_owned()));
    let invalid = (1, 7, "invalid UTF-8".to_owned());
    assert_eq!(malformed(b"{\"a\":\"\xff\"}"), invalid);
    assert_eq!(malformed(b"\xef\xbb\xbf{\"a\":\"\xff\"}"), invalid);
    assert_eq!(malformed(b"{\"a\": [1, 1,]}"), (1, 13, "trailing comma".to_owned()));
    assert_eq!(malformed(b"{\n\n \"\xff\": 1}"), (3, 3, "invalid UTF-8".to_owned()));
    let refused = strict("{").unwrap_err();
    assert_eq!(refused.to_string(), "EOF while parsing an object at line 1 column 1");
}

#[test]
fn the_samples_of_the_documentation_do_not_parse_as_pasted() {
    for body in [
        r#"{ "type": "roomdrop", "trans_date": "1", /* In UTC */ "app_id": "a" }"#,
        r"{ “type”: “recording”, “app_id”: “a” }",
        r#"{ "type": "transcoded", "app_id": "a", }"#,
        r"{ 'type': 'roomdrop', 'app_id': 'a' }",
        r#"{ type: "roomdrop", app_id: "a" }"#,
        "type=roomdrop&app_id=a",
    ] {
        malformed(body.as_bytes());
    }
}

#[test]
fn a_form_is_named_with_the_place_where_it_is_no_json() {
    let expected =
        "the body is a form (application/x-www-form-urlencoded), send the JSON itself as the body";
    let (line, column, detail) = malformed(b"payload=%7B%22type%22%3A%22roomdrop%22%7D");
    assert_eq!((line, column, detail), (1, 1, format!("{expected}: expected value")));
    let (.., detail) = malformed(b"type=roomdrop&app_id=secret");
    assert!(detail.starts_with(expected) && !detail.contains("secret"), "{detail}");
    assert!(!malformed(b"{type=roomdrop}").2.contains("form"));
}

#[test]
fn nothing_may_come_behind_the_object() {
    for tail in ["\0", "{}", ",", "]", "}", "x", "\u{feff}", "\u{a0}", "\u{b}"] {
        malformed(format!("{ROOMDROP}{tail}").as_bytes());
    }
    malformed(format!("\u{feff}\u{feff}{ROOMDROP}").as_bytes());
    malformed(format!("\0{ROOMDROP}").as_bytes());
    malformed(format!(" \u{feff}{ROOMDROP}").as_bytes());
    malformed("\u{feff}".as_bytes());
    malformed(b"[] []");
}

#[test]
fn what_the_grammar_forbids_is_refused_in_ignored_members_too() {
    for member in [
        &br#""x":"\u12g4""#[..],
        br#""x":"\ud800\u12""#,
        br#""\ud800\x":1"#,
        br#""x":"\x""#,
        b"\"x\":\"\xff\"",
        b"\"\xff\":1",
        b"\"x\":\"\xc0\xaf\"",
        b"\"x\":\"\xed\xa0\x80\"",
        b"\"x\":\"\n\"",
        b"\"x\":\"\0\"",
        b"\"\x01\":1",
        br#""x":1e"#,
        br#""x":-1e400.1"#,
        br#""x":1e400e"#,
        br#""x":-"#,
        br#""x":01"#,
        br#""x":.5"#,
        br#""x":+1"#,
        br#""x":NaN"#,
        br#""x":nul"#,
        br#""x":True"#,
        br#""x":[1,]"#,
        br#""x":[1 2]"#,
        br#""x":{1:2}"#,
        br#""x":{"a"}"#,
        br"x:1",
    ] {
        malformed(&roomdrop_with(member));
        let nested = [&br#""x":[0,{"y":{"#[..], member, b"}}]"].concat();
        malformed(&roomdrop_with(&nested));
        let behind = [&br#""y":["\ud800",1e400],"#[..], member].concat();
        malformed(&roomdrop_with(&behind));
    }
}

#[test]
fn nesting_ends_at_32_levels() {
    for (open, close) in [("[", "]"), ("{\"x\":", "}")] {
        let nested = |levels: usize| {
            let inner = format!("{}0{}", open.repeat(levels - 1), close.repeat(levels - 1));
            roomdrop_with(format!("\"x\":{inner}").as_bytes())
        };
        assert!(Notification::parse(&nested(32), STRICT).is_ok());
        for levels in [33, 34, 127, 128, 129, 100_000] {
            let (_, _, detail) = malformed(&nested(levels));
            assert_eq!(detail, "nested deeper than 32 levels");
            let beside = [b",\"y\":1e400}".as_slice()].concat();
            let mut torn = nested(levels);
            torn.pop();
            torn.extend(beside);
            assert_eq!(malformed(&torn).2, "nested deeper than 32 levels");
        }
    }
    malformed("[".repeat(100_000).as_bytes());
    malformed("{\"recording\":".repeat(100_000).as_bytes());
    malformed(format!("{}{}", "[".repeat(33), "]".repeat(33)).as_bytes());
    let body = format!("{}{}", "[".repeat(32), "]".repeat(32));
    assert_eq!(strict(&body), Err(Invalid::NotAnObject { found: JsonType::Array }));
}

#[test]
fn the_bracket_that_is_too_deep_is_located_either_way() {
    let (open, close) = ("[".repeat(40), "]".repeat(40));
    for before in [r#""x":"#, r#""y":1e400,"x":"#, r#""y":["\ud800["],"recording":"#] {
        let body = format!("{{\n{before}{open}\n\n{close},\n\"z\":\"{open}\"}}");
        let place = (2, before.len() + 32, "nested deeper than 32 levels".to_owned());
        assert_eq!(malformed(body.as_bytes()), place, "{body}");
    }
}

#[test]
fn nesting_is_limited_in_known_members_too() {
    for (member, levels_outside) in [
        (r#"{"recording":"#, 1),
        (r#"{"recording":[{"url":"#, 3),
        (r#"{"destination":{"name":"#, 2),
        (r#"{"app_id":"#, 1),
    ] {
        let body = |levels: usize| {
            let inside = levels - levels_outside;
            let close = member.chars().rev().filter_map(|open| match open {
                '{' => Some('}'),
                '[' => Some(']'),
                _ => None,
            });
            let close: String = close.collect();
            format!("{member}{}{}{close}", "[".repeat(inside), "]".repeat(inside))
        };
        assert!(matches!(strict(&body(32)), Err(Invalid::InvalidNotification { .. })));
        malformed(body(33).as_bytes());
    }
}

#[test]
fn a_body_that_is_no_object_is_named_by_its_type() {
    let batch = include_str!("../../../../tests/samples/bad/array-batch.json");
    for (body, found, words) in [
        (batch, JsonType::Array, "an array"),
        (r#"["roomdrop","1","a"]"#, JsonType::Array, "an array"),
        ("\u{feff}\"roomdrop\" ", JsonType::String, "a string"),
        ("\"\"", JsonType::String, "a string"),
        ("17", JsonType::Number, "a number"),
        ("-0.5", JsonType::Number, "a number"),
        ("-1e400", JsonType::Number, "a number"),
        (r#""\udead""#, JsonType::String, "a string"),
        (r#"["\ud800"]"#, JsonType::Array, "an array"),
        ("true", JsonType::Boolean, "a boolean"),
        ("null", JsonType::Null, "null"),
    ] {
        let refused = strict(body).unwrap_err();
        assert_eq!(refused, Invalid::NotAnObject { found }, "{body}");
        assert_eq!(refused.to_string(), format!("found {words} instead of an object"));
    }
}

#[test]
fn type_and_app_id_come_once_however_they_are_written() {
    for (member, name) in [
        (r#""type":"roomdrop""#, "type"),
        (r#""typ\u0065":"roomdrop""#, "type"),
        (r#""type":null"#, "type"),
        (r#""app_id":"5f3a9c1e7d2b4a0012c4e8f1""#, "app_id"),
        (r#""\u0061pp_id":"5f3a9c1e7d2b4a0012c4e8f1""#, "app_id"),
        (r#""app\u005fid":{}"#, "app_id"),
    ] {
        for contract in CONTRACTS {
            let body = roomdrop_with(member.as_bytes());
            let refused = Notification::parse(&body, contract).unwrap_err();
            assert!(matches!(refused, Invalid::RepeatedField { name: n, .. } if n == name));
            assert_eq!(refused.to_string(), format!("`{name}` is given more than once"));
        }
    }
}

#[test]
fn a_member_that_is_null_at_first_is_repeated_too() {
    for body in [r#"{"type":null,"type":"roomdrop"}"#, r#"{"app_id":null,"app_id":"a"}"#] {
        let refused = strict(body).unwrap_err();
        assert!(matches!(&refused, Invalid::RepeatedField { about, .. } if about.app_id.is_none()));
    }
}

#[test]
fn a_repeat_counts_at_the_top_alone_and_only_in_what_is_json() {
    let body = roomdrop_with(br#""x":{"type":1,"type":2,"app_id":1,"app_id":2}"#);
    assert!(Notification::parse(&body, STRICT).is_ok());
    malformed(&roomdrop_with(br#""type":"roomdrop","x":1e"#));
}
