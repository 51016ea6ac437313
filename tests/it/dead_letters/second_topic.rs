//! A dead-letter topic that takes nothing: notifications go on.

use crate::dead_letters::refused_by_kafka::random;
use crate::dead_letters::{DEAD_LETTERED, UP, post_as, serve};
use crate::support::problem::refusal;
use crate::support::rig::{SOON, USER};
use crate::support::spool::{SpoolFolder, record, records};
use hookbridge::metrics::Outcome;
use std::time::Duration;
use tempfile::tempdir;
use testkit::consumer;
use testkit::deadline::eventually;
use testkit::exposition::Exposition;
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::notification::ROOMDROP;

/// A client doubts a missing topic for half a minute unless it is told otherwise.
const DOUBT: &str = "topic.metadata.propagation.max.ms=1000";
/// Until a topic that was made is used by a bridge that has found it missing.
const MADE: Duration = Duration::from_secs(20);

#[test]
fn a_missing_dead_letter_topic_stops_no_notification() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = here!().replace("::", "-");
    let (dead, spool) = (format!("{topic}-dead"), tempdir().unwrap());
    kafka.create_topic(&topic, 1, &[]);
    let serve = serve(kafka.bootstrap(), &topic, &dead).arg("-X", DOUBT);
    let with_spool = serve.clone().arg("--spool", spool.path().to_str().unwrap());
    let bridges = [serve.start(), with_spool.start()];

    for bridge in &bridges {
        let missing = "the dead-letter topic takes no records";
        bridge.wait_for_log(missing, SOON);
        bridge.wait_ready(SOON);
        let checks = bridge.readyz().1["checks"].clone();
        let check = checks.as_array().unwrap().last().unwrap().clone();
        assert_eq!((&check["name"], &check["ok"]), (&"dead_letter_topic".into(), &false.into()));
        assert_eq!(refusal(&post_as(USER, bridge, "no json")), (503, Outcome::Unavailable));
        eventually(SOON, "the topic that is away is named", || {
            let said = post_as(USER, bridge, "no json");
            said.status == 503 && said.text().contains("the topic of dead letters takes no records")
        });
        assert_eq!(post_as(USER, bridge, ROOMDROP).status, 200);
        assert_eq!((bridge.metric(UP), bridge.metric("hookbridge_kafka_up")), (0.0, 1.0));
        assert_eq!(bridge.metric("hookbridge_spool_appended_total"), 0.0);
    }
    kafka.create_topic(&dead, 1, &[]);
    for bridge in &bridges {
        bridge.wait_for_metric(UP, SOON, |up| up == 1.0);
        eventually(MADE, "it is kept", || post_as(USER, bridge, "no json").status == 200);
        assert_eq!(bridge.metric(DEAD_LETTERED), 1.0);
        Exposition::settled(bridge.admin());
    }
    // One that was answered 503 may be there nevertheless.
    assert!(consumer::to_end(&kafka.bootstrap(), &dead).len() >= 2);
    assert_eq!(consumer::to_end(&kafka.bootstrap(), &topic).len(), 2);
}

#[test]
fn dead_letters_on_disk_hold_notifications_up_for_a_bounded_time() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = here!().replace("::", "-");
    kafka.create_topic(&topic, 1, &[("max.message.bytes", "4000")]);
    let dead = records("no-such-dead-letters", "app-1", 0..2);
    // Each would wait for its ten seconds if they were tried one by one.
    let refused = (5..8).map(|number| record(&topic, "app-1", number, &random(6000)));
    let folder = SpoolFolder::of(dead.chain(records(&topic, "app-1", 2..5)).chain(refused));
    let serve = serve(kafka.bootstrap(), &topic, "no-such-dead-letters");

    let serve = serve.arg("--spool", folder.dir()).arg("--missing-topic-timeout", "2s");
    let bridge = serve.start();

    let quarantined = "hookbridge_spool_quarantined_total{what=\"row\"}";
    bridge.wait_for_metric(quarantined, MADE, |rows| rows == 5.0);
    let is_direct = || bridge.readyz().1.to_string().contains("direct, 0 waiting");
    eventually(MADE, "posts go to Kafka", is_direct);
    assert_eq!(consumer::to_end(&kafka.bootstrap(), &topic).len(), 3);
    assert_eq!(bridge.metric("hookbridge_spool_dead_lettered_total"), 0.0);
}
