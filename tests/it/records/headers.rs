//! The headers of a record: what the request adds to them, and what it cannot change.

use crate::records::expected::{Expected, credentials};
use crate::records::variants::Variant;
use crate::support::rig::{Rig, USER, authorization};
use testkit::bridge::launch::Launch;
use testkit::either_kafka::EitherKafka;
use testkit::here;
use testkit::http::{basic, request};
use testkit::notification::{PATH, ROOMDROP, numbered};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn roomdrop() -> Expected {
    Expected::of(&Variant::new("a sample", ROOMDROP))
}

#[test]
fn the_content_type_is_fixed_whatever_the_sender_says() {
    let rig = Rig::open();
    for content_type in [
        "application/json",
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded",
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "nonsense",
        "",
    ] {
        let answer = rig.post(&[("Content-Type", content_type)], ROOMDROP);
        assert_eq!(answer.status, 200, "{content_type}");
    }
    let twice = [("Content-Type", "text/plain"), ("Content-Type", "text/html")];
    assert_eq!(rig.post(&twice, ROOMDROP).status, 200);
    assert_eq!(rig.post(&[], ROOMDROP).status, 200);

    let records = rig.records();
    assert_eq!(records.len(), 11);
    assert!(records.iter().all(|record| Expected::seen(record) == roomdrop()), "{records:?}");
}

#[test]
fn headers_of_the_request_that_look_like_a_records_stay_behind() {
    let rig = Rig::open();
    let headers = [
        ("ce_id", "1"),
        ("ce-id", "1"),
        ("ce_source", "elsewhere"),
        ("ce-specversion", "0.3"),
        ("hookbridge-user", "somebody"),
        ("X-Request-Id", "1"),
    ];

    assert_eq!(rig.post(&headers, ROOMDROP).status, 200);

    assert_eq!(Expected::seen(&rig.records()[0]), roomdrop());
}

#[test]
fn a_valid_trace_is_passed_on_and_any_other_is_left_out() {
    let future = PARENT.replacen("00", "cc", 1) + "-what-comes-later";
    let upper = PARENT.to_uppercase();
    let no_trace = PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
    let no_parent = PARENT.replace("00f067aa0ba902b7", &"0".repeat(16));
    let version_ff = PARENT.replacen("00", "ff", 1);
    let long = format!("{PARENT}-00");
    let traced = [
        (vec![("traceparent", PARENT)], roomdrop().with("traceparent", PARENT)),
        (
            vec![("Traceparent", PARENT), ("TraceState", "a=1,b=2")],
            roomdrop().with("traceparent", PARENT).with("tracestate", "a=1,b=2"),
        ),
        (
            vec![("tracestate", "a=1"), ("traceparent", PARENT), ("tracestate", "b=2")],
            roomdrop().with("traceparent", PARENT).with("tracestate", "a=1,b=2"),
        ),
        (vec![("traceparent", &*future)], roomdrop().with("traceparent", &future)),
    ];
    let untraced = [
        vec![("tracestate", "a=1")],
        vec![("traceparent", "")],
        vec![("traceparent", &PARENT[..54]), ("tracestate", "a=1")],
        vec![("traceparent", &*upper), ("tracestate", "a=1")],
        vec![("traceparent", &no_trace)],
        vec![("traceparent", &no_parent)],
        vec![("traceparent", &version_ff)],
        vec![("traceparent", &long)],
        vec![("traceparent", PARENT), ("traceparent", PARENT)],
    ];
    for kafka in EitherKafka::both(here!()) {
        let rig = Rig::on(kafka, here!(), 1, Launch::no_auth);
        let untraced = untraced.iter().map(|headers| (headers.clone(), roomdrop()));

        let (headers, expected): (Vec<_>, Vec<_>) = traced.iter().cloned().chain(untraced).unzip();
        for headers in &headers {
            assert_eq!(rig.post(headers, ROOMDROP).status, 200, "{headers:?}");
        }

        let records: Vec<_> = rig.records().iter().map(Expected::seen).collect();
        assert_eq!(records, expected);
    }
}

#[test]
fn the_user_is_named_and_nobody_where_nobody_is_asked() {
    let rig = Rig::on_mock(|serve| {
        serve.credentials(format!(
            "{}\nприёмник-2:plain:secret 5f3a9c1e7d2b4a0012c4e8f1",
            credentials()
        ))
    });
    for value in [authorization(), basic("приёмник-2", "secret")] {
        assert_eq!(rig.post(&[("Authorization", &value)], ROOMDROP).status, 200);
    }
    let users: Vec<_> = rig.records().iter().map(Expected::seen).collect();
    let expected = [USER, "приёмник-2"].map(|user| roomdrop().with("hookbridge-user", user));
    assert_eq!(users, expected);

    let open = Rig::open();
    assert_eq!(open.post(&[("Authorization", &authorization())], ROOMDROP).status, 200);
    assert_eq!(Expected::seen(&open.records()[0]), roomdrop());
}

#[test]
fn the_source_is_the_operators() {
    for source in ["https://bridge.example.com/eu?a=b#c", "urn:bridge:1", "//host/path", "eu/1"] {
        let rig = Rig::on_mock(|serve| serve.no_auth().arg("--source", source));
        assert_eq!(rig.post(&[], ROOMDROP).status, 200);
        assert_eq!(Expected::seen(&rig.records()[0]), roomdrop().with("ce_source", source));
    }
}

#[test]
fn a_room_that_cannot_be_a_subject_is_left_out() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--validation", "envelope"));
    let rooms = [r#""""#, r#"" ""#, r#""a\u0007b""#, "null", "[7]", "{}", "true"];
    for room in rooms {
        let body = ROOMDROP.replace(r#""64a1f0c2e4b0d7a1c3f9b210""#, room);
        assert_eq!(rig.post(&[], body).status, 200, "{room}");
    }

    let records = rig.records();
    assert_eq!(records.len(), rooms.len());
    assert!(records.iter().all(|record| record.header("ce_subject").is_none()), "{records:?}");
}

#[test]
fn posts_on_one_connection_do_not_lend_each_other_headers() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    let traced = request("POST", PATH, &[("traceparent", PARENT)], numbered(0));
    connection.send([traced, request("POST", PATH, &[], numbered(1))].concat());
    assert_eq!([connection.read().status, connection.read().status], [200, 200]);

    let parents: Vec<_> = rig
        .records()
        .iter()
        .map(|record| record.header("traceparent").map(str::to_owned))
        .collect();
    assert_eq!(parents, [Some(PARENT.to_owned()), None]);
}
