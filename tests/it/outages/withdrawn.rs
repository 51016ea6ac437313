//! Rights that are taken away under load and given back, of a user who logs in behind TLS: nothing
//! that was answered 200 is lost, and the right is named.

use std::time::Duration;

use tempfile::tempdir;
use testkit::consumer;
use testkit::deadline::{eventually, throughout};
use testkit::here;
use testkit::kafka::acls::Operation;
use testkit::senders::{Load, Senders};

use crate::outages::login::{PASSWORD, USER};
use crate::outages::secured::{Listener, Secured};
use crate::outages::{KAFKA_UP, RECOVERED, assert_taken, detail};
use crate::support::rig::SOON;

/// Longer than the pause between two probes with traffic would be without acks.
const WATCHED: Duration = Duration::from_secs(3);

#[test]
fn rights_to_see_and_to_write_are_withdrawn_and_given_back() {
    let Some(secured) = Secured::shared(here!()) else { return };
    let topic = "withdrawn";
    secured.create_topic(topic, USER);
    let temp = tempdir().unwrap();
    let serve = secured.log_in("SCRAM-SHA-512", [USER, PASSWORD], topic);
    let plain = serve.clone().start();
    let spooling = serve.arg("--spool", temp.path().to_str().unwrap()).start();
    for bridge in [&plain, &spooling] {
        bridge.wait_ready(SOON);
    }
    let senders = [&plain, &spooling].map(|bridge| Load::steady(4).start(bridge.webhook()));
    for bridge in [&plain, &spooling] {
        eventually(SOON, "posts are published", || detail(bridge, "kafka").starts_with("acks"));
    }

    // Whoever may write may see.
    secured.kafka.forbid(USER, Operation::Describe, topic);
    throughout(WATCHED, || assert_eq!(spooling.metric(KAFKA_UP), 1.0, "{}", spooling.readyz().1));
    secured.kafka.forbid(USER, Operation::Write, topic);
    let advice = format!(
        "no right to see the topic (Describe), nor to write to it, which this gives: kafka-acls.sh \
         --bootstrap-server {} --add --allow-principal User:{USER} --operation Write --operation \
         Describe --topic {topic}",
        secured.address(Listener::Login)
    );
    for bridge in [&plain, &spooling] {
        eventually(SOON, "the rights are named", || detail(bridge, "kafka").contains(&advice));
        bridge.wait_for_log(&advice, SOON);
        assert_eq!(bridge.metric(KAFKA_UP), 0.0);
    }
    assert_eq!(plain.readyz().0, 503);
    eventually(SOON, "posts are kept", || detail(&spooling, "spool").starts_with("spooling"));
    for operation in [Operation::Write, Operation::Describe] {
        secured.kafka.allow(USER, operation, topic);
    }

    for bridge in [&plain, &spooling] {
        bridge.wait_ready(RECOVERED);
        eventually(SOON, "posts are acked", || bridge.metric(KAFKA_UP) == 1.0);
    }
    eventually(SOON, "the spool is empty", || detail(&spooling, "spool").starts_with("direct"));
    let [plain, kept] = senders.map(Senders::stop);
    kept.assert_statuses(&[200]);
    let records = consumer::to_end(&secured.kafka.bootstrap(), topic);
    plain.assert_kept(&records);
    kept.assert_kept(&records);
}

#[test]
fn nobody_misses_the_right_to_write_idempotently() {
    let Some(secured) = Secured::shared(here!()) else { return };
    let topic = "idempotent";
    secured.create_topic(topic, USER);
    secured.kafka.allow(USER, Operation::IdempotentWrite, topic);
    let serve = secured.log_in("SCRAM-SHA-256", [USER, PASSWORD], topic);
    let bridge = serve.clone().start();
    bridge.wait_ready(SOON);
    let senders = Load::steady(4).start(bridge.webhook());
    eventually(SOON, "posts are published", || detail(&bridge, "kafka").starts_with("acks"));

    secured.kafka.forbid(USER, Operation::IdempotentWrite, topic);

    throughout(WATCHED, || assert_eq!(bridge.metric(KAFKA_UP), 1.0, "{}", bridge.readyz().1));
    let posted = senders.stop();
    posted.assert_statuses(&[200]);
    posted.assert_kept(&consumer::to_end(&secured.kafka.bootstrap(), topic));
    let another = serve.start();
    another.wait_ready(SOON);
    assert_taken(&another);
}
