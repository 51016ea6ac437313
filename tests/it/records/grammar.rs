//! What JSON's grammar allows and many a reader cannot hold: it reaches the topic byte for byte.

use crate::support::rig::Rig;
use testkit::bridge::launch::Launch;
use testkit::consumer::Seen;
use testkit::either_kafka::EitherKafka;
use testkit::here;
use testkit::http::Response;
use testkit::notification::{APP_ID, ROOMDROP, ce_id};

/// The room of [`ROOMDROP`], and its time.
const ROOM: &str = "\"64a1f0c2e4b0d7a1c3f9b210\"";
const DATE: &str = "\"1688374123\"";
const TIME: &str = "2023-07-03T08:48:43Z";

#[test]
fn what_nobody_reads_is_checked_by_its_grammar_alone() {
    let digits = "7".repeat(4000);
    let members = [
        r#""x":"\ud800""#,
        r#""x":"\udc00\ud800 and \ud83d\ude00""#,
        r#""\ud800":{"\udfff":["\ud83d"]}"#,
        r#""x":1e400"#,
        r#""x":[{"a":[-123456.789e9999]}]"#,
        r#""x":"\ud800","x":1e400"#,
        &format!("\"x\":{digits}"),
        &format!("\"x\":-{digits}.{digits}E-{digits}"),
    ];
    let bodies = members.map(|member| ROOMDROP.replacen('{', &format!("{{{member},"), 1));
    let with_mark = format!("\u{feff}{}", bodies[0]);

    for kafka in EitherKafka::both(here!()) {
        let rig = Rig::on(kafka, here!(), 1, Launch::no_auth);
        for body in bodies.iter().chain([&with_mark]) {
            let answer = rig.post(&[], body);
            assert_eq!((answer.status, id(&answer)), (200, ce_id(APP_ID, body)), "{body}");
        }

        let records = rig.records();
        let values: Vec<_> = records.iter().map(|record| record.value.as_slice()).collect();
        let sent = bodies.iter().chain([&with_mark]).map(String::as_bytes);
        assert!(sent.eq(values), "the posted bytes, untouched");
        for record in &records {
            assert_eq!(record.header("ce_subject"), Some(ROOM.trim_matches('"')));
            assert_eq!(record.header("ce_time"), Some(TIME));
        }
    }
}

#[test]
fn a_room_that_is_no_text_is_no_subject_and_all_else_is_there() {
    let rig = Rig::open();
    let rooms = [r#""\ud800""#, r#""room \udead""#, "1e400", "12345678901234567890123"];
    for room in rooms {
        assert_eq!(rig.post(&[], ROOMDROP.replace(ROOM, room)).status, 200, "{room}");
    }

    let records = rig.records();
    assert_eq!(records.len(), rooms.len());
    for record in &records {
        assert_eq!(record.key.as_deref(), Some(APP_ID.as_bytes()));
        assert_eq!((record.header("ce_subject"), record.header("ce_time")), (None, Some(TIME)));
    }
}

#[test]
fn a_time_before_1970_or_after_9999_is_left_out() {
    let dates = [
        (r#""1969-12-31T23:59:59.999Z""#, None),
        (r#""0000-01-01T00:00:00Z""#, None),
        (r#""9999-12-31T23:59:59-01:00""#, None),
        ("253402300800000", None),
        (r#""-1""#, None),
        (r#""253402300800001""#, None),
        ("-1688374123", None),
        ("-12345678901234567890123", None),
        ("1e400", None),
        ("0", Some("1970-01-01T00:00:00Z")),
        ("253402300799999", Some("9999-12-31T23:59:59.999Z")),
    ];
    // One project each, so that their records differ.
    let key = |date: &str| date.replace('"', "");
    let body = |date| ROOMDROP.replace(DATE, date).replace(APP_ID, &key(date));
    for validation in ["documented", "envelope"] {
        let rig = Rig::on_mock(|serve| serve.no_auth().arg("--validation", validation));
        for (date, _) in dates {
            assert_eq!(rig.post(&[], body(date)).status, 200, "{date}");
        }

        let records = rig.records();
        assert_eq!(records.len(), dates.len());
        for (date, time) in dates {
            let of = |key: String| move |record: &&Seen| record.key == Some(key.clone().into());
            let record = records.iter().find(of(key(date))).unwrap();
            assert_eq!(record.header("ce_time"), time, "{date}");
            assert_eq!(record.value, body(date).into_bytes());
        }
    }
}

fn id(answer: &Response) -> String {
    answer.json()["id"].as_str().unwrap_or_default().to_owned()
}
