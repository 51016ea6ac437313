//! Bodies that are not JSON, not one object, or ambiguous, and types that nobody knows.

use crate::refusals::row::{MARKER, Row, marked, with};
use hookbridge::metrics::Outcome::{MalformedJson, NotAnObject, RepeatedField, UnknownEvent};
use testkit::notification::ROOMDROP;

/// Rows about bodies as JSON.
pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<_> = malformed()
        .into_iter()
        .map(|(why, body)| Row::post(why, body, 400, MalformedJson))
        .collect();
    rows.extend(not_an_object().map(|body| Row::post(&body, &body, 400, NotAnObject)));
    rows.extend(repeated().map(|(why, body)| Row::post(why, body, 400, RepeatedField)));
    rows.extend(unknown_types().map(|name| {
        let body = with(ROOMDROP, "/type", (*name).into());
        Row::post(format!("type {name}"), body, 422, UnknownEvent)
    }));
    rows
}

fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let good = marked(ROOMDROP);
    let ignored = |value: &[u8]| {
        let (before, after) = ("{\"ignored\":".as_bytes(), &good.as_bytes()[1..]);
        [before, value, b",", after].concat()
    };
    let nested = |open: &str, close: &str, depth: usize| {
        // The object itself is the first level.
        ignored(format!("{}0{}", open.repeat(depth - 1), close.repeat(depth - 1)).as_bytes())
    };
    let unclosed = |open: &str, depth| ignored(open.repeat(depth).as_bytes());
    vec![
        ("nothing", Vec::new()),
        ("white space alone", b" \r\n\t ".into()),
        ("a byte order mark alone", "\u{feff}".into()),
        ("two byte order marks", format!("\u{feff}\u{feff}{good}").into()),
        ("a byte order mark behind white space", format!(" \u{feff}{good}").into()),
        ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a trailing NUL", format!("{good}\0").into()),
        ("a second value", format!("{good}{good}").into()),
        ("a form", format!("type=roomdrop&app_id={MARKER}").into()),
        ("a sentence", format!("{MARKER} says hello").into()),
        ("single quotes", good.replace('"', "'").into()),
        ("curly quotes", good.replace('"', "\u{201c}").into()),
        ("a comment", good.replacen('{', "{/* */", 1).into()),
        ("a trailing comma", good.replace("\n}", ",\n}").into()),
        ("a key without quotes", good.replacen('{', &format!("{{{MARKER}:1,"), 1).into()),
        ("a raw line break in a string", ignored(format!("\"{MARKER}\n\"").as_bytes())),
        ("0xFF in an ignored value", ignored(b"\"\xff\"")),
        ("0xFF in an ignored key", ignored(b"{\"\xff\":1}")),
        ("an overlong slash", ignored(b"\"\xc0\xaf\"")),
        ("a surrogate in UTF-8", ignored(b"\"\xed\xa0\x80\"")),
        ("an unknown escape", ignored(br#""\x41""#)),
        ("an escape of three digits behind half a pair", ignored(br#""\ud800\u12x""#)),
        ("a control character in an ignored key", ignored(b"{\"\x01\":1e400}")),
        ("a number without its exponent", ignored(b"1e400e")),
        ("a number that begins with zero", ignored(b"01")),
        ("a number that ends with a point", ignored(b"1.")),
        ("NaN", ignored(b"NaN")),
        ("33 levels of arrays", nested("[", "]", 33)),
        ("33 levels of objects", nested("{\"a\":", "}", 33)),
        ("100,000 levels of arrays", nested("[", "]", 100_000)),
        ("100,000 levels of objects", nested("{\"a\":", "}", 100_000)),
        ("100,000 levels that are never closed", unclosed("[", 100_000)),
    ]
}

fn not_an_object() -> impl Iterator<Item = String> {
    [
        format!("[{}]", marked(ROOMDROP)),
        format!("[\"roomdrop\",\"{MARKER}\",\"a\",\"1\",\"2\"]"),
        format!("\"{MARKER}\""),
        "[]".to_owned(),
        "1688374123".to_owned(),
        "null".to_owned(),
        "true".to_owned(),
        "\u{feff} []".to_owned(),
    ]
    .into_iter()
}

fn repeated() -> impl Iterator<Item = (String, String)> {
    let app_id = "\"app_id\":\"5f3a9c1e7d2b4a0012c4e8f1\"";
    [
        "\"type\":\"roomdrop\"",
        "\"type\":null",
        "\"\\u0074ype\":\"roomdrop\"",
        "\"t\\u0079\\u0070e\":{}",
        app_id,
        "\"app_id\":[]",
        "\"app\\u005fid\":\"other\"",
    ]
    .into_iter()
    .flat_map(|member| {
        let first = marked(ROOMDROP).replacen('{', &format!("{{{member},"), 1);
        let last = marked(ROOMDROP).replacen("\n}", &format!(",{member}\n}}"), 1);
        [(format!("{member} first"), first), (format!("{member} last"), last)]
    })
}

fn unknown_types() -> impl Iterator<Item = &'static &'static str> {
    ["cdr", "Roomdrop", "ROOMDROP", " roomdrop", "room-drop", "file_transfer", "ж", MARKER].iter()
}
