//! Posts that were refused because their records did not become durable: the line says why.

use crate::refusal_log::{holds, lines, refusals, the_refusal};
use crate::support::HOOKBRIDGE;
use crate::support::rig::{Rig, SOON};
use serde_json::Value;
use tempfile::TempDir;
use testkit::bridge::Bridge;
use testkit::deadline::{eventually, wait_for};
use testkit::here;
use testkit::http::post;
use testkit::kafka::RealKafka;
use testkit::notification::{PATH, ROOMDROP, of_length};
use testkit::port::NOBODY;

/// Enough for [`ROOMDROP`] with its headers.
const LIMIT: &str = "4000";
const OVER: usize = 5000;

/// Waits until a line has this reason.
#[track_caller]
fn wait_for_reason(bridge: &Bridge, outcome: &str, begins: &str) -> Value {
    let is_it = |line: &Value| {
        line["outcome"] == outcome
            && line["reason"].as_str().is_some_and(|it| it.starts_with(begins))
    };
    wait_for(SOON, begins, || refusals(bridge).into_iter().find(is_it))
}

#[test]
fn a_post_while_kafka_is_known_to_be_away_says_it_was_untried() {
    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().start();
    eventually(SOON, "Kafka is known to be away", || lines(&bridge, "kafka is away").len() == 1);

    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 503);

    let reason = "Kafka is known to be away, and there is no spool";
    holds(&the_refusal(&bridge), &[("level", "WARN".into()), ("reason", reason.into())]);
}

#[test]
fn a_record_over_a_limit_says_whose_it_is_with_both_sizes() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("-X", format!("message.max.bytes={LIMIT}")));
    let answer = rig.post(&[], of_length(OVER));
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("the limit of this server"), "{}", answer.text());
    let line = wait_for_reason(rig.bridge(), "record_refused", "a record of 5");
    let reason = line["reason"].as_str().unwrap();
    let of = "is over 4000, the message.max.bytes of --kafka-property or --kafka-config";
    assert!(reason.ends_with(of), "{reason}");

    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = here!().replace("::", "-");
    kafka.create_topic(&topic, 1, &[("max.message.bytes", LIMIT)]);
    let bridge = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", &topic).no_auth().start();
    bridge.wait_for_log("learnt the largest record", SOON);
    let answer = post(bridge.webhook(), PATH, &[], of_length(OVER));
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("the limit of the topic"), "{}", answer.text());
    let line = wait_for_reason(&bridge, "record_refused", "a record of 5");
    let reason = line["reason"].as_str().unwrap();
    assert!(reason.contains("is over 4000, the topic's max.message.bytes"), "{reason}");
}

#[test]
fn a_topic_that_the_brokers_do_not_show_is_named_as_that() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let folder = TempDir::new().unwrap();
    let spool = folder.path().to_str().unwrap();
    let bridge = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "mistyped").no_auth();
    let bridge = bridge.arg("--spool", spool).start();
    eventually(SOON, "the topic is denied", || {
        post(bridge.webhook(), PATH, &[], ROOMDROP).status == 503
    });
    wait_for_reason(&bridge, "unavailable", "the brokers answer and do not show the topic");
}

#[test]
fn a_record_that_kafka_refuses_has_the_code() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = here!().replace("::", "-");
    kafka.create_topic(&topic, 1, &[("cleanup.policy", "delete")]);
    let bridge = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", &topic).no_auth().start();
    bridge.wait_ready(SOON);
    kafka.set_topic(&topic, "max.message.bytes", LIMIT);

    // What is known of the limit is the old one.
    assert_eq!(post(bridge.webhook(), PATH, &[], of_length(OVER)).status, 503);

    let reason = "Kafka did not acknowledge it: MessageSizeTooLarge";
    wait_for_reason(&bridge, "unavailable", reason);
}
