//! What an operator reads of a start and of an outage: who runs, one line for the outage, how old what
//! is known is, and what brokers that cannot work probably are.

use crate::outages::{BACK, PUBLISHED, detail, timed_post};
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use std::time::Duration;
use tempfile::tempdir;
use testkit::deadline::{eventually, let_pass};
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::mock::MockKafka;
use testkit::senders::Load;

/// Long enough for every line of an outage's beginning.
const OUTAGE: Duration = Duration::from_secs(6);

#[test]
fn the_first_line_says_what_runs() {
    let temp = tempdir().unwrap();
    let spool = temp.path().join("spool");
    let serve = HOOKBRIDGE.serve("127.0.0.1:1").credentials("video:plain:hush-6c1f\n");
    let serve = serve.arg("--spool", spool.to_str().unwrap()).arg("--topic", "logged");
    let bridge = serve.arg("--max-body", "1MiB").start();

    let log = bridge.log();
    // Only a warning about a file that it reads may come before.
    let first = log.lines().find(|line| !line.contains("secret_file")).unwrap();
    let first: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(first["message"], "hookbridge starts", "{log}");
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
    assert!(first["commit"].is_string() && first["librdkafka"].is_string(), "{first}");
    assert_eq!(first["brokers"], "127.0.0.1:1");
    assert_eq!(first["topic"], "logged");
    assert_eq!(first["spool"], spool.to_str().unwrap());
    assert_eq!((&first["users"], &first["max_body"]), (&1.into(), &"1.0 MiB".into()));
}

#[test]
fn an_outage_is_one_line_its_end_two_and_readiness_has_an_age() {
    let kafka = MockKafka::start();
    kafka.create_topic("events", 3);
    let temp = tempdir().unwrap();
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "events").no_auth();
    let serve = serve.arg("--spool", temp.path().to_str().unwrap());
    let bridge = MockKafka::flags(serve).start();
    bridge.wait_ready(SOON);
    let senders = Load::paced(50, 4).start(bridge.webhook());
    bridge.wait_for_metric(PUBLISHED, SOON, |published| published > 20.0);
    let before = bridge.log().lines().count();

    kafka.broker_down();
    let_pass(OUTAGE);

    let log = bridge.log();
    let outage: Vec<_> = log.lines().skip(before).collect();
    assert!(outage.len() == 1 && outage[0].contains("kafka is away"), "{outage:#?}");
    let kafka_check = detail(&bridge, "kafka");
    assert!(kafka_check.contains("; away for "), "{kafka_check}");
    let topic = detail(&bridge, "topic");
    assert!(
        topic.starts_with("events: not known now, seen ") && topic.contains("s ago"),
        "{topic}"
    );

    let before = log.lines().count();
    kafka.broker_up();
    eventually(SOON, "posts go to Kafka", || detail(&bridge, "spool").starts_with("direct"));
    senders.stop().assert_statuses(&[200]);
    let log = bridge.log();
    let end: Vec<_> = log.lines().skip(before).collect();
    assert!(end.len() <= 3 && end[0].contains("kafka is there"), "{end:#?}");
    bridge.wait_for_log("the spool is empty, posts go to kafka again", BACK);
}

#[test]
fn the_first_line_of_an_outage_says_how_many_wait() {
    let temp = tempdir().unwrap();
    let serve = HOOKBRIDGE.serve("127.0.0.1:1").arg("--topic", "events").no_auth();
    let serve = serve.arg("--spool", temp.path().to_str().unwrap());
    let mut before = serve.clone().start();
    for _ in 0..3 {
        assert_eq!(timed_post(before.webhook()).0.status, 200);
    }
    before.kill();

    let bridge = serve.start();

    bridge.wait_for_log("kafka is away", SOON);
    let log = bridge.log();
    let away = log.lines().find(|line| line.contains("kafka is away")).unwrap();
    assert!(away.contains("\"waiting\":3"), "{away}");
}

#[test]
fn brokers_that_cannot_work_are_explained_and_fill_no_log() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let bridge = HOOKBRIDGE.serve(kafka.controller()).arg("--topic", "events").no_auth().start();

    eventually(SOON, "it is logged", || {
        detail(&bridge, "kafka").contains("is this the port of a controller")
    });
    assert_eq!(timed_post(bridge.webhook()).0.status, 503);
    let_pass(OUTAGE);
    let log = bridge.log();
    assert!(log.lines().count() < 10, "{log}");
    let away = log.lines().find(|line| line.contains("kafka is away")).unwrap();
    assert!(away.contains("is this the port of a controller"), "{away}");
}
