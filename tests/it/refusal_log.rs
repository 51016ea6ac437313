//! What the log says of posts that were refused: enough to find the sender and the mistake, and never
//! so much that it is a burden.

mod proxies;
mod undelivered;

use crate::support::HOOKBRIDGE;
use crate::support::rig::{PASSWORD, Rig, SOON, USER, authorization};
use rustix::process::Signal;
use serde_json::Value;
use testkit::bridge::Bridge;
use testkit::deadline::{eventually, wait_for};
use testkit::http::{self, basic, request};
use testkit::notification::{APP_ID, PATH, ROOMDROP};
use testkit::port::NOBODY;

/// The lines of one minute and one code, of posts that name a known user or of those that do not.
const LINES: usize = 5;

/// The lines about refused posts so far.
fn refusals(bridge: &Bridge) -> Vec<Value> {
    lines(bridge, "a post was refused")
}

fn lines(bridge: &Bridge, message: &str) -> Vec<Value> {
    let log = bridge.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["message"] == message).collect()
}

/// Waits for the line about the only refusal.
#[track_caller]
fn the_refusal(bridge: &Bridge) -> Value {
    wait_for(SOON, "the refusal is logged", || refusals(bridge).pop())
}

/// The line of a refusal by a bridge that knows [`USER`] and one that is bound to another project.
#[track_caller]
fn refused(post: impl AsRef<[u8]>) -> Value {
    let credentials = format!("{USER}:plain:{PASSWORD}\nbound:plain:{PASSWORD} other\n");
    let rig = Rig::on_mock(|serve| serve.credentials(credentials).arg("--max-body", "100KB"));
    let mut connection = rig.connect();
    connection.send(post);
    connection.read();
    let line = the_refusal(rig.bridge());
    assert_eq!(refusals(rig.bridge()).len(), 1);
    line
}

fn good_head(body: impl AsRef<[u8]>) -> Vec<u8> {
    request("POST", PATH, &[("Authorization", &authorization())], body)
}

#[track_caller]
fn holds(line: &Value, fields: &[(&str, Value)]) {
    for (field, value) in fields {
        assert_eq!(line[*field], *value, "{field} in {line}");
    }
}

#[test]
fn bad_fields_of_a_notification_are_logged_with_their_pointers() {
    let body = ROOMDROP.replace("room_id", "room").replace("conf_num", "conf");

    let line = refused(good_head(&body));

    holds(
        &line,
        &[
            ("level", "INFO".into()),
            ("outcome", "invalid_notification".into()),
            ("user", USER.into()),
            ("app_id", APP_ID.into()),
            ("type", "roomdrop".into()),
            ("pointers", "#/room_id #/conf_num".into()),
            ("reason", "#/room_id: the field is missing (and 1 more)".into()),
            ("bytes", body.len().into()),
            ("peer", "127.0.0.1".into()),
        ],
    );
}

#[test]
fn an_unknown_type_is_shown_escaped_and_cut() {
    let name = format!("\u{1b}[31m\u{202e}\n{}", "x".repeat(50_000));
    let body = ROOMDROP.replace("\"roomdrop\"", &Value::from(name).to_string());

    let line = refused(good_head(body));

    holds(&line, &[("outcome", "unknown_event".into()), ("app_id", APP_ID.into())]);
    let shown = line["type"].as_str().unwrap();
    assert!(shown.starts_with(r"\u{1b}[31m\u{202e}\nxxx") && shown.len() < 300, "{shown}");
}

#[test]
fn a_user_that_may_not_speak_for_a_project_is_named_with_it() {
    let authorization = basic("bound", PASSWORD);
    let line = refused(request("POST", PATH, &[("Authorization", &authorization)], ROOMDROP));
    holds(
        &line,
        &[
            ("outcome", "forbidden_app".into()),
            ("user", "bound".into()),
            ("app_id", APP_ID.into()),
            ("type", "roomdrop".into()),
        ],
    );
}

#[test]
fn a_body_that_is_no_json_is_logged_by_place_and_without_text() {
    let line = refused(good_head("{\"a\": hush-7f}"));
    holds(
        &line,
        &[
            ("outcome", "malformed_json".into()),
            ("user", USER.into()),
            ("app_id", Value::Null),
            ("reason", "expected value at line 1 column 7".into()),
        ],
    );
    assert!(!line.to_string().contains("hush"), "{line}");
}

#[test]
fn a_body_that_is_too_large_is_logged_with_its_declared_bytes() {
    let line = refused(good_head("x".repeat(100_001)));
    holds(&line, &[("outcome", "too_large".into()), ("bytes", 100_001.into())]);
}

#[test]
fn a_wrong_password_names_its_user_only_if_the_file_does() {
    for (user, named) in [(USER, Value::from(USER)), ("hush-7f", Value::Null), ("", Value::Null)] {
        for password in ["hush-8a", ""] {
            let authorization = basic(user, password);
            let headers = [("Authorization", authorization.as_str())];
            let line = refused(request("POST", PATH, &headers, ROOMDROP));
            holds(&line, &[("outcome", "unauthorized".into()), ("user", named.clone())]);
            assert!(!line.to_string().contains("hush"), "{line}");
        }
    }
}

#[test]
fn a_refusal_not_due_to_the_sender_is_a_warning_with_its_post() {
    let bridge = HOOKBRIDGE
        .serve(NOBODY)
        .credentials(format!("{USER}:plain:{PASSWORD}"))
        .arg("--ack-timeout", "100ms")
        .start();
    let headers = [("Authorization", &*authorization())];

    assert_eq!(http::post(bridge.webhook(), PATH, &headers, ROOMDROP).status, 503);

    holds(
        &the_refusal(&bridge),
        &[
            ("level", "WARN".into()),
            ("outcome", "unavailable".into()),
            ("user", USER.into()),
            ("app_id", APP_ID.into()),
            ("type", "roomdrop".into()),
            ("reason", "Kafka did not acknowledge it within --ack-timeout".into()),
            ("bytes", ROOMDROP.len().into()),
            ("peer", "127.0.0.1".into()),
        ],
    );
}

#[test]
fn a_sender_that_left_before_its_ack_failed_is_logged_too() {
    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().arg("--ack-timeout", "500ms").start();
    let mut connection = http::Connection::open(bridge.webhook());
    connection.send(request("POST", PATH, &[], ROOMDROP));
    bridge.wait_for_metric("hookbridge_in_flight", SOON, |posts| posts == 1.0);
    connection.reset();

    let line = the_refusal(&bridge);

    holds(&line, &[("outcome", "unavailable".into()), ("app_id", APP_ID.into())]);
}

#[test]
fn of_a_flood_a_few_are_logged_and_the_others_are_counted() {
    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().start();
    let mut connection = http::Connection::open(bridge.webhook());
    for _ in 0..100 {
        connection.send(request("GET", "/", &[], ""));
        connection.read();
    }
    // Another code has lines of its own.
    assert_eq!(http::post(bridge.webhook(), PATH, &[], "[]").status, 400);
    eventually(SOON, "the last refusal is logged", || {
        refusals(&bridge).iter().any(|line| line["outcome"] == "not_an_object")
    });
    let logged = refusals(&bridge).iter().filter(|line| line["outcome"] == "not_found").count();
    assert_eq!(logged, LINES);

    let mut bridge = bridge;
    bridge.signal(Signal::TERM);
    bridge.wait_exit(SOON);

    let more = lines(&bridge, "more posts were refused");
    assert_eq!(more.len(), 1, "{more:?}");
    holds(
        &more[0],
        &[
            ("outcome", "not_found".into()),
            ("named", "nobody".into()),
            ("left_out", (100 - LINES).into()),
        ],
    );
}

#[test]
fn wrong_passwords_of_unknown_users_hide_none_of_a_known_one() {
    let bridge = HOOKBRIDGE.serve(NOBODY).credentials(format!("{USER}:plain:{PASSWORD}")).start();
    let mut connection = http::Connection::open(bridge.webhook());
    let mut post = |user: &str| {
        let authorization = basic(user, "wrong");
        let headers = [("Authorization", authorization.as_str())];
        connection.send(request("POST", PATH, &headers, ROOMDROP));
        assert_eq!(connection.read().status, 401);
    };
    for _ in 0..2 * LINES {
        post("a-stranger");
    }

    post(USER);

    let line = wait_for(SOON, "the known user's refusal is logged", || {
        refusals(&bridge).into_iter().find(|line| line["user"] == USER)
    });
    holds(&line, &[("outcome", "unauthorized".into()), ("left_out", Value::Null)]);
    assert_eq!(refusals(&bridge).len(), LINES + 1);
}

#[test]
fn the_line_of_each_post_says_as_much() {
    let rig = Rig::on_mock(|serve| {
        serve
            .credentials(format!("{USER}:plain:{PASSWORD}"))
            .env("LOG", "hookbridge::bridge=info,post=debug")
    });
    for body in [ROOMDROP, &ROOMDROP.replace("room_id", "room")] {
        let mut connection = rig.connect();
        connection.send(good_head(body));
        connection.read();
    }

    let logged = wait_for(SOON, "both posts have their lines", || {
        let logged = lines(rig.bridge(), "post");
        (logged.len() == 2).then_some(logged)
    });

    for line in &logged {
        holds(
            line,
            &[
                ("user", USER.into()),
                ("app_id", APP_ID.into()),
                ("type", "roomdrop".into()),
                ("peer", "127.0.0.1".into()),
            ],
        );
    }
    holds(&logged[0], &[("outcome", "published".into()), ("bytes", ROOMDROP.len().into())]);
    assert!(logged[0]["ce_id"].is_string() && logged[0]["offset"].is_u64(), "{}", logged[0]);
    holds(
        &logged[1],
        &[("outcome", "invalid_notification".into()), ("pointers", "#/room_id".into())],
    );
    assert_eq!(refusals(rig.bridge()), [] as [Value; 0]);
}
