//! What is kept of an invalid post, and what stays refused.

use crate::dead_letters::{BOUND, BOUND_APP, DEAD_LETTERED, code, post_as, serve};
use crate::support::problem::refusal;
use crate::support::rig::{SOON, USER};
use hookbridge::metrics::Outcome;
use serde_json::{Value, json};
use tempfile::tempdir;
use testkit::consumer::{self, Seen};
use testkit::deadline::eventually;
use testkit::exposition::Exposition;
use testkit::http::{basic, post};
use testkit::mock::MockKafka;
use testkit::notification::{APP_ID, PATH, ROOMDROP, ce_id, of_length};

/// Invalid bodies, their codes, and the project where it can be told.
fn letters() -> Vec<(Vec<u8>, &'static str, Option<&'static str>)> {
    let unknown = ROOMDROP.replace("roomdrop", "quiz");
    vec![
        (b"\xff\x00no text".to_vec(), "malformed_json", None),
        (Vec::new(), "malformed_json", None),
        (b"[1]".to_vec(), "not_an_object", None),
        (ROOMDROP.replacen('{', "{\"app_id\":\"a\",", 1).into(), "repeated_field", None),
        (unknown.into(), "unknown_event", Some(APP_ID)),
        (
            br#"{"type":"roomdrop","app_id":"app-1"}"#.to_vec(),
            "invalid_notification",
            Some("app-1"),
        ),
    ]
}

#[test]
fn an_invalid_post_is_kept_verbatim_with_its_reason() {
    let kafka = mock();
    let bridge = serve(kafka.bootstrap(), "events", "dead").arg("-X", LIMIT).start();
    bridge.wait_ready(SOON);

    let answers: Vec<Value> = letters()
        .iter()
        .map(|(body, ..)| {
            let answer = post_as(USER, &bridge, body);
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, Some("application/json"))
            );
            answer.json()
        })
        .collect();

    let kept = consumer::to_end(&kafka.bootstrap(), "dead");
    assert_eq!(consumer::to_end(&kafka.bootstrap(), "events"), []);
    assert_eq!(kept.len(), answers.len());
    for ((body, reason, app_id), answer) in letters().into_iter().zip(&answers) {
        let record = kept.iter().find(|record| record.value == body).expect("it is kept");
        assert_eq!(code(record), reason);
        assert_eq!(record.key.as_deref(), app_id.map(str::as_bytes), "{reason}");
        let id = ce_id(app_id.unwrap_or_default(), &body);
        assert_eq!(record.header("ce_id"), Some(&*id));
        assert_eq!(record.header("hookbridge-user"), Some(USER));
        assert!(
            record.header("hookbridge-received").is_some() && record.header("ce_type").is_none()
        );
        let errors: Value =
            serde_json::from_str(record.header("hookbridge-errors").unwrap()).unwrap();
        let detail = record.header("hookbridge-detail").unwrap();
        let mut told =
            json!({"status": "dead_lettered", "id": id, "code": reason, "detail": detail});
        if errors != json!([]) {
            told["errors"] = errors;
        }
        assert_eq!(*answer, told);
    }
    assert_eq!(answers[5]["errors"][0]["pointer"], "#/trans_date");
    assert_eq!(bridge.metric(DEAD_LETTERED), answers.len() as f64);
    assert!(bridge.log().contains("a post was kept as a dead letter"), "{}", bridge.log());
}

#[test]
fn strangers_foreign_projects_and_large_bodies_stay_refused() {
    let kafka = mock();
    let serve = serve(kafka.bootstrap(), "events", "dead").arg("-X", "message.max.bytes=4000");
    let bridge = serve.arg("--max-body", "8000").start();
    bridge.wait_ready(SOON);
    let foreign = r#"{"app_id":"app-2"}"#;
    let encoded = [
        ("Authorization", &*basic(USER, crate::support::rig::PASSWORD)),
        ("Content-Encoding", "gzip"),
    ];

    let stranger = post(bridge.webhook(), PATH, &[], "no json");
    assert_eq!(refusal(&stranger), (401, Outcome::Unauthorized));
    let encoded = post(bridge.webhook(), PATH, &encoded, "no json");
    assert_eq!(refusal(&encoded), (415, Outcome::UnsupportedEncoding));
    assert_eq!(refusal(&post_as(BOUND, &bridge, foreign)), (403, Outcome::ForbiddenApp));
    let too_large = post_as(USER, &bridge, "x".repeat(8001));
    assert_eq!(refusal(&too_large), (413, Outcome::TooLarge));
    // Neither topic takes it.
    for body in [of_length(5000), "x".repeat(5000)] {
        assert_eq!(refusal(&post_as(USER, &bridge, body)), (413, Outcome::RecordRefused));
    }
    let own = format!("{{\"app_id\":\"{BOUND_APP}\"}}");
    assert_eq!(post_as(BOUND, &bridge, own).status, 200);
    assert_eq!(post_as(BOUND, &bridge, "no json").status, 200, "nobody's project");

    assert_eq!(consumer::to_end(&kafka.bootstrap(), "dead").len(), 2);
    assert_eq!(consumer::to_end(&kafka.bootstrap(), "events"), []);
    Exposition::settled(bridge.admin());
}

#[test]
fn while_kafka_is_away_dead_letters_wait_on_disk_like_others() {
    let (kafka, spool) = (mock(), tempdir().unwrap());
    let serve = MockKafka::flags(serve(kafka.bootstrap(), "events", "dead"));
    let bridge = serve.arg("--spool", spool.path().to_str().unwrap()).start();
    let is_up = |up| bridge.wait_for_metric("hookbridge_kafka_up", SOON, |value| value == up);
    is_up(1.0);
    bridge.wait_for_metric(crate::dead_letters::UP, SOON, |up| up == 1.0);
    kafka.broker_down();
    is_up(0.0);
    eventually(SOON, "posts go to disk", || bridge.readyz().1.to_string().contains("spooling"));

    for (body, ..) in letters() {
        assert_eq!(post_as(USER, &bridge, body).status, 200);
    }
    assert_eq!(post_as(USER, &bridge, ROOMDROP).status, 200);
    let waiting = letters().len() as f64 + 1.0;
    assert_eq!(bridge.metric("hookbridge_spool_records"), waiting);
    kafka.broker_up();

    bridge.wait_for_metric("hookbridge_spool_drained_total", SOON, |drained| drained == waiting);
    let mut kept = consumer::to_end(&kafka.bootstrap(), "dead");
    let facts = |record: &Seen| (record.value.clone(), code(record).to_owned(), record.key.clone());
    kept.sort_by_key(facts);
    let mut expected: Vec<_> = letters()
        .into_iter()
        .map(|(body, code, app_id)| (body, code.to_owned(), app_id.map(Into::into)))
        .collect();
    expected.sort();
    assert_eq!(kept.iter().map(facts).collect::<Vec<_>>(), expected);
    assert_eq!(consumer::to_end(&kafka.bootstrap(), "events").len(), 1);
    assert_eq!(bridge.metric(DEAD_LETTERED), letters().len() as f64);
}

/// A mock does not name its topics' limits.
const LIMIT: &str = "message.max.bytes=1000000";

fn mock() -> MockKafka {
    let kafka = MockKafka::start();
    kafka.create_topic("events", 3);
    kafka.create_topic("dead", 3);
    kafka
}
