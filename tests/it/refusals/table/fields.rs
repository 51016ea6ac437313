//! Fields that break the contract of their type, and the pointers that say where.

use crate::refusals::row::{MARKER, Row, marked, with, without};
use serde_json::{Value, json};
use testkit::notification::ROOMDROP;

const RECORDING: &str = include_str!("../../../samples/recording.json");
const TRANSCODED: &str = include_str!("../../../samples/transcoded.json");
const FILE_TRANSFER: &str = include_str!("../../../samples/file-transfer-awss3.json");

const MISSING: &str = "missing_field";
const WRONG: &str = "wrong_type";
const BLANK: &str = "blank";

/// The fields of every type, and then those of each.
const COMMON: [&str; 5] = ["#/type", "#/trans_date", "#/app_id", "#/room_id", "#/conf_num"];
const OWN: [(&str, &[&str]); 4] = [
    (ROOMDROP, &[]),
    (RECORDING, &["#/recording"]),
    (TRANSCODED, &["#/recording", "#/stage", "#/file_size"]),
    (FILE_TRANSFER, &["#/destination", "#/destination/name", "#/files", "#/files/0/url"]),
];

/// Each required field of each type, alone at fault in each way.
pub(super) fn of_any_type() -> Vec<Row> {
    let mut rows = Vec::new();
    for (sample, own) in OWN {
        for &pointer in COMMON.iter().chain(own) {
            let path = &pointer[1..];
            let mut row = |how: &str, body, code| {
                rows.push(Row::fields(
                    format!("{pointer} {how} in {sample}"),
                    body,
                    &[(pointer, code)],
                ));
            };
            row("missing", without(sample, path), MISSING);
            row("null", with(sample, path, Value::Null), WRONG);
            row("a boolean", with(sample, path, json!(false)), WRONG);
            let takes_text = !matches!(pointer, "#/destination" | "#/files");
            let blank = if takes_text { BLANK } else { WRONG };
            row("empty", with(sample, path, json!("")), blank);
            row("white space", with(sample, path, json!(" \t\u{a0}")), blank);
        }
    }
    rows
}

/// What only some fields can be, and more than one fault at once.
pub(super) fn of_one_type() -> Vec<Row> {
    let one = |(sample, pointer, value, code): (&str, &'static str, Value, &'static str)| {
        let body = with(sample, &pointer[1..], value.clone());
        Row::fields(format!("{pointer} is {value}"), body, &[(pointer, code)])
    };
    let mut rows: Vec<_> = values().into_iter().map(one).collect();
    rows.extend(unreadable());
    rows.extend(deep_faults());
    rows.extend(many_faults());
    rows
}

fn values() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let number_or_text = ["#/room_id", "#/conf_num", "#/stage", "#/file_size", "#/trans_date"];
    let mut values: Vec<_> = number_or_text
        .into_iter()
        .flat_map(|pointer| [json!([]), json!({}), json!(["1"])].map(|value| (pointer, value)))
        .map(|(pointer, value)| (TRANSCODED, pointer, value, WRONG))
        .collect();
    let no_times = [
        json!(-1.5),
        json!(1.5),
        json!(1_688_374_123.0),
        json!("-1.5"),
        json!("1.5"),
        json!("Unix Timestamp"),
        json!("2023-07-03"),
        json!("2023-07-03T08:48:43"),
        json!("2023-02-30T08:48:43Z"),
        json!("10000-01-01T00:00:00Z"),
        json!(MARKER),
    ];
    values.extend(no_times.map(|value| (ROOMDROP, "#/trans_date", value, WRONG)));
    let no_ids =
        [json!(1), json!({}), json!("x".repeat(257)), json!("é".repeat(129)), json!("a\nb")];
    values.extend(no_ids.map(|value| (ROOMDROP, "#/app_id", value, WRONG)));
    values.extend([
        (ROOMDROP, "#/type", json!(1), WRONG),
        (ROOMDROP, "#/type", json!(["roomdrop"]), WRONG),
        (RECORDING, "#/recording", json!(1), WRONG),
        (FILE_TRANSFER, "#/files", json!("http://media.example.com/a.mp4"), WRONG),
        (FILE_TRANSFER, "#/files", json!({"url": "a"}), WRONG),
        (FILE_TRANSFER, "#/destination", json!("awss3"), WRONG),
        (FILE_TRANSFER, "#/destination", json!([{"name": "awss3"}]), WRONG),
        (FILE_TRANSFER, "#/destination/host", json!(21), WRONG),
        (FILE_TRANSFER, "#/destination/account", json!({}), WRONG),
    ]);
    values
}

/// Faults below the value that was put in.
fn deep_faults() -> Vec<Row> {
    [
        (RECORDING, "/recording", json!({}), "#/recording/url", MISSING),
        (TRANSCODED, "/recording", json!({"url": null}), "#/recording/url", WRONG),
        (TRANSCODED, "/recording", json!({"url": " "}), "#/recording/url", BLANK),
        (RECORDING, "/recording", json!(["a", ""]), "#/recording/1", BLANK),
        (RECORDING, "/recording", json!([["a"]]), "#/recording/0", WRONG),
        (RECORDING, "/recording", json!(["a", {"uri": "b"}]), "#/recording/1/url", MISSING),
        (FILE_TRANSFER, "/files", json!(["a", 5]), "#/files/1", WRONG),
        (FILE_TRANSFER, "/files", json!(["a", {"url": 5}]), "#/files/1/url", WRONG),
        (FILE_TRANSFER, "/destination", json!({"host": null}), "#/destination/name", MISSING),
    ]
    .map(|(sample, pointer, value, fault, code)| {
        Row::fields(
            format!("{pointer} is {value}"),
            with(sample, pointer, value.clone()),
            &[(fault, code)],
        )
    })
    .into()
}

/// What is JSON by its grammar, and no text or number that could be read.
fn unreadable() -> Vec<Row> {
    ["#/type", "#/app_id", "#/trans_date"]
        .into_iter()
        .flat_map(|pointer| [r#""\ud800""#, r#""a\udc00\ud800""#, "1e400"].map(|it| (pointer, it)))
        // That is a time, only far off.
        .filter(|it| *it != ("#/trans_date", "1e400"))
        .map(|(pointer, text)| {
            let body = with(ROOMDROP, &pointer[1..], json!("here"));
            let body = body.replace("\"here\"", text);
            Row::fields(format!("{pointer} is {text}"), body, &[(pointer, WRONG)])
        })
        .collect()
}

/// Every fault is named at once, in the order of the contract.
fn many_faults() -> Vec<Row> {
    let empty = marked("{\"last\":0}");
    let wrong_in_all = json!({
        "files": [{"url": MARKER}, {"url": ""}, 7], "conf_num": [MARKER], "room_id": "",
        "app_id": null, "trans_date": MARKER, "type": "file-transfer",
        "destination": {"host": 1, "account": MARKER},
    });
    vec![
        Row::fields("no field at all", empty, &COMMON.map(|pointer| (pointer, MISSING))),
        Row::fields(
            "a post of the voice service",
            marked("{\"encrypted_data\":\"00\"}"),
            &COMMON.map(|pointer| (pointer, MISSING)),
        ),
        Row::fields(
            "every field at fault",
            wrong_in_all.to_string(),
            &[
                ("#/trans_date", WRONG),
                ("#/app_id", WRONG),
                ("#/room_id", BLANK),
                ("#/conf_num", WRONG),
                ("#/destination/name", MISSING),
                ("#/destination/host", WRONG),
                ("#/files/1/url", BLANK),
                ("#/files/2", WRONG),
            ],
        ),
        Row::fields(
            "twenty faults of one field",
            with(FILE_TRANSFER, "/files", vec![json!(""); 20].into()),
            &std::array::from_fn::<_, 16, _>(|index| (format!("#/files/{index}"), BLANK)),
        ),
    ]
}
