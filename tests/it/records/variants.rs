//! The forms in which the provider is known to send its notifications, or may.

use std::fmt::Write as _;

/// A body, and what cannot be read from it without a calendar.
pub(super) struct Variant {
    pub(super) why: String,
    pub(super) body: String,
    /// `trans_date` in RFC 3339.
    pub(super) time: Option<String>,
}

/// The fields of every notification but the first, and the time that they name.
const COMMON: &str = r#""trans_date":"1688374123","app_id":"5f3a9c1e7d2b4a0012c4e8f1","room_id":"64a1f0c2e4b0d7a1c3f9b210","conf_num":"64a2035be4b0d7a1c3f9b2d4""#;
const TIME: &str = "2023-07-03T08:48:43Z";

/// More URLs than a session of 250 has, in a body over this.
const URLS: usize = 2100;
const LARGE: usize = 256 * 1024;

impl Variant {
    /// A body that names [`TIME`].
    pub(super) fn new(why: impl Into<String>, body: impl Into<String>) -> Self {
        Self::at(why, body, Some(TIME))
    }

    /// A body that names another time, or none.
    pub(super) fn at(why: impl Into<String>, body: impl Into<String>, time: Option<&str>) -> Self {
        Self { why: why.into(), body: body.into(), time: time.map(str::to_owned) }
    }
}

/// Every one of them that the documented contract takes.
pub(super) fn all() -> Vec<Variant> {
    [dates(), numbers(), recordings(), deliveries(), texts(), vec![large()]]
        .into_iter()
        .flatten()
        .collect()
}

fn event(name: &str, own: &str) -> String {
    format!(r#"{{"type":"{name}",{COMMON}{own}}}"#)
}

fn dates() -> Vec<Variant> {
    [
        (r#""1688374123""#, TIME),
        ("1688374123", TIME),
        ("1688374123456", "2023-07-03T08:48:43.456Z"),
        (r#""1688374123456""#, "2023-07-03T08:48:43.456Z"),
        (r#""2023-07-03T08:48:43.456Z""#, "2023-07-03T08:48:43.456Z"),
        (r#""2023-07-03T10:48:43+02:00""#, TIME),
        (r#""2023-07-03T01:18:43-07:30""#, TIME),
        ("0", "1970-01-01T00:00:00Z"),
        ("99999999999", "5138-11-16T09:46:39Z"),
        ("100000000000", "1973-03-03T09:46:40Z"),
        ("253402300799999", "9999-12-31T23:59:59.999Z"),
    ]
    .map(|(date, time)| {
        let body = event("roomdrop", "").replace(r#""1688374123""#, date);
        Variant::at(format!("the date {date}"), body, Some(time))
    })
    .into()
}

fn numbers() -> Vec<Variant> {
    let own = r#","recording":"a","stage":1,"file_size":4294967297"#;
    let room = |room: &str| {
        let body = event("roomdrop", "").replace(r#""64a1f0c2e4b0d7a1c3f9b210""#, room);
        Variant::new(format!("the room {room}"), body)
    };
    let mut variants = Vec::from(["7", "0", "18446744073709551615"].map(room));
    variants.push(Variant::new("stage and size as numbers", event("transcoded", own)));
    variants.push(Variant::new(
        "the session as a number",
        event("roomdrop", "").replace(r#""64a2035be4b0d7a1c3f9b2d4""#, "1688371002917"),
    ));
    variants
}

/// Under either type.
fn recordings() -> Vec<Variant> {
    let forms = [
        r#""http://media.example.com/a.mp4""#,
        r#"["http://media.example.com/a.mp4","http://media.example.com/b.mp4"]"#,
        r#"[{"url":"http://media.example.com/a.mp4","size":"1"},{"url":"b"}]"#,
        r#"["a",{"url":"b"}]"#,
        r#"{"url":"http://media.example.com/a.mp4"}"#,
        "[]",
        r#"["s3://bucket/with space/ж.mkv","sftp://host/a","c:\\a.mkv","?"]"#,
    ];
    let of = |form: &&str| {
        let recording = format!(r#","recording":{form}"#);
        let transcoded = format!(r#"{recording},"stage":"1","file_size":"48219377""#);
        [
            Variant::new(format!("recording {form}"), event("recording", &recording)),
            Variant::new(format!("transcoded {form}"), event("transcoded", &transcoded)),
        ]
    };
    forms.iter().flat_map(of).collect()
}

fn deliveries() -> Vec<Variant> {
    let destinations = [
        r#"{"name":"awss3","account":"example-delivery"}"#,
        r#"{"name":"awss3","account":""}"#,
        r#"{"name":"ftp","host":"ftp.example.com"}"#,
        r#"{"name":"sftp","host":"sftp.example.com","account":null}"#,
        r#"{"name":"ssh","host":""}"#,
        r#"{"name":"ssh","host":null}"#,
        r#"{"name":"google-drive","folder":["a"]}"#,
        r#"{"name":"azure"}"#,
    ]
    .map(|destination| (destination, r#"[{"url":"http://media.example.com/a.mkv"}]"#));
    let files = ["[]", r#"["a"]"#, r#"[{"url":"a"},"b",{"url":"c","kind":"chat"}]"#]
        .map(|files| (r#"{"name":"awss3"}"#, files));
    let variant = |(destination, files)| {
        let own = format!(r#","destination":{destination},"files":{files}"#);
        Variant::new(format!("{files} to {destination}"), event("file-transfer", &own))
    };
    destinations.into_iter().chain(files).map(variant).collect()
}

/// The same notification in other words, letters and white space.
fn texts() -> Vec<Variant> {
    let plain = event("roomdrop", "");
    let first = |member: &str| plain.replacen('{', &format!("{{{member},"), 1);
    let backwards = r#"{"conf_num":"64a2035be4b0d7a1c3f9b2d4","room_id":"64a1f0c2e4b0d7a1c3f9b210","app_id":"5f3a9c1e7d2b4a0012c4e8f1","trans_date":"1688374123","type":"roomdrop"}"#;
    vec![
        Variant::new("keys in another order", backwards),
        Variant::new("a byte order mark", format!("\u{feff}{plain}")),
        Variant::new("white space around", format!("\r\n\t {plain} \n\n")),
        Variant::new("white space inside", plain.replace(':', " :\t").replace(',', "\n,\r\n  ")),
        Variant::new(
            "letters as escapes",
            plain.replace("type", r"\u0074ype").replace("5f3", r"5\u00663"),
        ),
        Variant::new("escaped slashes", plain.replace("64a1f0c2", r"64\/a1\/f0c2")),
        Variant::new(
            "letters beyond ASCII",
            plain.replace("64a1f0c2", "комната 📹").replace("5f3a", "приложение"),
        ),
        Variant::new("a key that the page mentions once", first(r#""conf_key":"123456""#)),
        Variant::new("a null that nobody asks for", first(r#""file_size":null"#)),
        Variant::new(
            "unknown keys at every depth",
            first(r#""x":{"type":[null,{"app_id":{"url":1}}]}"#),
        ),
        Variant::new(
            "numbers that other parsers round",
            first(r#""x":[1e300,0.1e1,12345678901234567890123]"#),
        ),
        Variant::new("a room that is there twice", first(r#""room_id":"not this one""#)),
        Variant::new("an empty key", first(r#""":"""#)),
    ]
}

/// A long session whose sender escapes slashes, as PHP does.
fn large() -> Variant {
    let mut urls = String::new();
    for stream in 1..=URLS {
        let comma = if stream == 1 { "" } else { "," };
        write!(
            urls,
            r#"{comma}"http:\/\/media.example.com\/64a1f0c2e4b0d7a1c3f9b210\/64a2035be4b0d7a1c3f9b2d4\/64a2035be4b0d7a1c3f9b2d4-stream-{stream:06}-video.mkv""#
        )
        .unwrap();
    }
    let body = event("recording", &format!(r#","recording":[{urls}]"#));
    assert!(body.len() > LARGE, "{} bytes", body.len());
    Variant::new(format!("{URLS} URLs"), body)
}
