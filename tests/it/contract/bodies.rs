//! Bodies that are notifications, nearly or wholly.
//!
//! Left out is what no schema can say (`hookbridge::webhook::documents::json_schema`): limits in bytes of
//! what is no ASCII, leap years and leap seconds, whole numbers with a fraction, fields that are there twice.

use fastrand::Rng;
use serde_json::{Value, json};

/// As the provider sends them, and as others might.
pub(super) const SAMPLES: [&str; 8] = [
    include_str!("../../samples/roomdrop.json"),
    include_str!("../../samples/roomdrop-numbers.json"),
    include_str!("../../samples/recording.json"),
    include_str!("../../samples/recording-url-objects.json"),
    include_str!("../../samples/transcoded.json"),
    include_str!("../../samples/file-transfer-awss3.json"),
    include_str!("../../samples/bad/missing-app-id.json"),
    include_str!("../../samples/bad/missing-type.json"),
];

/// Changes of one body at the most.
const CHANGES: usize = 2;

/// The body of this number: a sample with some of its fields changed, or none.
pub(super) fn made_up(number: u64) -> Value {
    let mut random = Rng::with_seed(number);
    let sample = SAMPLES[random.usize(..SAMPLES.len())];
    let mut body: Value = serde_json::from_str(sample).unwrap();
    for _ in 0..random.usize(..=CHANGES) {
        let object = body.as_object_mut().unwrap();
        let names: Vec<_> = object.keys().cloned().collect();
        let Some(name) = random.choice(names) else { continue };
        if random.u8(..4) == 0 {
            object.remove(&name);
        } else {
            let value = of_field(&name, &mut random).unwrap_or_else(|| any(&mut random));
            object.insert(name, value);
        }
    }
    body
}

/// What a field of this name might hold; half of the time what any might.
fn of_field(name: &str, random: &mut Rng) -> Option<Value> {
    let of = |texts: &[&str], random: &mut Rng| Value::from(texts[random.usize(..texts.len())]);
    let url = json!("https://example.com/a.mp4");
    let link = |random: &mut Rng| {
        let links = [json!({ "url": url }), json!({ "url": " " }), json!({}), json!({ "url": 7 })];
        links[random.usize(..links.len())].clone()
    };
    if random.bool() {
        return None;
    }
    Some(match name {
        "type" => {
            of(&["roomdrop", "recording", "file-transfer", "another", "Roomdrop", "other"], random)
        }
        "app_id" => match random.u8(..4) {
            0 => "x".repeat(256).into(),
            1 => "x".repeat(257).into(),
            _ => of(&["a\u{7f}b", "a\nb", "a\n", "\u{feff}", "ж", "\u{85}"], random),
        },
        "trans_date" => of(
            &[
                "1688374123",
                "-5",
                "1688374123\n",
                "1e9",
                "2023-07-03T08:48:43Z",
                "2023-07-03 08:48:43.5+05:30",
                "2023-07-03t08:48:43z",
                "2023-07-03T08:48:43Z\n",
                "2023-07-03T08:48:43",
                "2023-13-03T08:48:43Z",
                "2023-04-31T08:48:43Z",
                "2023-02-30T08:48:43Z",
                "2023-12-31T08:48:43Z",
                "2023-07-03X08:48:43Z",
                "2023-07-03T24:00:00Z",
                "2023-07-03T08:48:43+0530",
                "0000-01-01T00:00:00Z",
            ],
            random,
        ),
        "recording" | "files" => match random.u8(..4) {
            0 => link(random),
            1 => json!([url, link(random)]),
            2 => json!([url, any(random)]),
            _ => json!([]),
        },
        "destination" => {
            let mut destination = json!({ "name": "awss3" });
            let members = ["name", "host", "account"];
            destination[members[random.usize(..members.len())]] = any(random);
            destination
        }
        _ => return None,
    })
}

/// A value of any kind.
fn any(random: &mut Rng) -> Value {
    let values = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-3),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!(" \t\u{3000}\u{a0}"),
        json!("\u{85}\u{2028}"),
        json!("\u{200b}"),
        json!("text"),
        json!([]),
        json!(["text", ""]),
        json!([[]]),
        json!({}),
        json!({ "url": "text" }),
    ];
    values[random.usize(..values.len())].clone()
}
