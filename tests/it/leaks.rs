//! Nothing leaks: all that the bridge says, at its most talkative, held against all that it was told.

use crate::protocol::head;
use crate::support::HOOKBRIDGE;
use crate::support::rig::{Rig, SOON};
use std::fs;
use testkit::http::{Connection, Response, basic, get, request};
use testkit::mock::MockKafka;
use testkit::notification::{PATH, ROOMDROP};

/// In the file in the clear, and posted.
const PASSWORD: &str = "s3cret-4f1d";
/// Posted, and wrong.
const WRONG: &str = "wr0ng-9b2c";
/// A password in the field of the user.
const MISPLACED: &str = "m1splaced-77aa";
/// Within bodies, and where nothing is looked for.
const BODY: &str = "b0dy-5e6f";
/// In headers that mean nothing here.
const HEADER: &str = "h3ader-c0de";
/// Of the user at Kafka.
const KAFKA: &str = "k4fka-1a2b";
/// A hash of the file.
const HASH: &str = "$2y$04$abcdefghijklmnopqrstuu3C6u2sQjFttrT16nmXgxlk/de0mfCmu";

/// What would tell a stranger what runs here.
const NAMES: [&str; 9] = [
    env!("CARGO_PKG_VERSION"),
    "hyper",
    "tokio",
    "rust",
    "librdkafka",
    "serde",
    "::",
    ".rs",
    "panick",
];

#[test]
fn no_secret_is_said_anywhere_and_no_answer_tells_what_runs() {
    let file = format!("video:plain:{PASSWORD}\nhashed:{HASH}\n");
    let rig =
        Rig::on_mock(|serve| serve.credentials(file).env("LOG", "trace").arg("-X", "debug=all"));

    let answers: Vec<_> = requests().iter().map(|request| answer(&rig, request)).collect();

    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    for status in [200, 400, 401, 404, 405, 413, 415, 422, 431] {
        assert!(statuses.contains(&status), "no {status} among {statuses:?}");
    }
    let mut told: Vec<_> = answers.iter().map(|answer| ("an answer", shown(answer))).collect();
    for answer in &told {
        let is_told = NAMES.iter().find(|name| answer.1.to_lowercase().contains(*name));
        assert_eq!(is_told, None, "{}", answer.1);
    }
    let admin = rig.bridge().admin();
    told.extend(["/metrics", "/readyz", "/livez"].map(|path| (path, shown(&get(admin, path)))));
    told.push(("the log", rig.bridge().log()));
    let pid = rig.bridge().pid().as_raw_nonzero();
    told.push(("ps", fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap()));
    let tokens = ["video", "hashed", "nobody"].map(|user| {
        [PASSWORD, WRONG].map(|password| basic(user, password)["Basic ".len()..].to_owned())
    });
    let secrets = [PASSWORD, WRONG, MISPLACED, BODY, HEADER, HASH, "abcdefghijkl"];
    for (place, text) in &told {
        for secret in secrets.into_iter().chain(tokens.iter().flatten().map(String::as_str)) {
            assert!(!text.contains(secret), "{secret} is in {place}: {}", around(text, secret));
        }
    }
    assert!(told.iter().any(|(_, text)| text.contains("\"level\":\"DEBUG\"")), "it said little");
}

#[test]
fn the_secret_of_the_bridge_at_kafka_is_said_nowhere() {
    let login =
        ["security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN", "sasl.username=bridge"];
    let secret = format!("sasl.password={KAFKA}");
    let set = login.into_iter().chain([&*secret, "debug=all"]).collect::<Vec<_>>().join("\n");
    let kafka = MockKafka::start();
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).no_auth();
    let bridge = serve.env("LOG", "trace").env("KAFKA_PROPERTY", set).start();
    bridge.wait_for_log("kafka is away", SOON);

    let answers = ["/metrics", "/readyz"].map(|path| shown(&get(bridge.admin(), path)));

    for text in answers.into_iter().chain([bridge.log()]) {
        assert!(!text.contains(KAFKA), "{}", around(&text, KAFKA));
    }
}

/// One request for each way in which a secret could come.
fn requests() -> Vec<Vec<u8>> {
    let good = basic("video", PASSWORD);
    let marked = ROOMDROP.replacen('{', &format!("{{\"{BODY}\":\"{BODY}\","), 1);
    let as_user = |authorization: &str, headers: &[(&str, &str)], body: &str| {
        let all: Vec<_> =
            [("Authorization", authorization), ("X-Secret", HEADER), ("Cookie", HEADER)]
                .into_iter()
                .chain(headers.iter().copied())
                .collect();
        request("POST", PATH, &all, body)
    };
    let token = format!("Authorization: {good}\r\nX-Secret: {HEADER}\r\n");
    let mut requests = vec![
        as_user(&good, &[], &marked),
        as_user(&basic("video", WRONG), &[], &marked),
        as_user(&basic("hashed", WRONG), &[], &marked),
        as_user(&basic("nobody", PASSWORD), &[], &marked),
        as_user(&basic(MISPLACED, "x"), &[], &marked),
        as_user(&format!("Bearer {WRONG}"), &[], &marked),
        as_user(&good, &[("Content-Encoding", HEADER)], &marked),
        as_user(&good, &[], &marked[1..]),
        as_user(&good, &[], &format!("{{\"type\":\"roomdrop\",\"trans_date\":\"{BODY}\"}}")),
        as_user(&good, &[], &format!("[\"{BODY}\"]")),
        request("POST", &format!("/{HEADER}"), &[("Authorization", &good)], &marked),
        request("PUT", PATH, &[("Authorization", &good)], &marked),
        head(&format!("{token}Content-Length: 9000000\r\n")).into(),
        head(&format!("{token}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")).into(),
        head(&format!("{token}Content-Length: {BODY}\r\n")).into(),
        head(&format!("{token}{HEADER} : x\r\n")).into(),
        head(&format!("{token}X: {}\r\n", HEADER.repeat(4000))).into(),
        head(&format!("{token}{}\r\n", format!("X: {HEADER}\r\n").repeat(120))).into(),
        format!("{WRONG}\r\n\r\n").into(),
    ];
    requests
        .push(format!("{}{BODY}", head(&format!("{token}Transfer-Encoding: chunked\r\n"))).into());
    requests
}

fn answer(rig: &Rig, request: &[u8]) -> Response {
    let mut connection: Connection = rig.connect();
    connection.send(request);
    connection.read()
}

fn shown(answer: &Response) -> String {
    format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body))
}

/// What stands before and behind it.
fn around(text: &str, secret: &str) -> String {
    let at = text.find(secret).unwrap();
    let line = text[..at].rfind('\n').map_or(0, |before| before + 1);
    text[line..].lines().next().unwrap().to_owned()
}
