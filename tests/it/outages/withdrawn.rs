//! Rights that are taken away under load and given back, of a user who logs in behind TLS: nothing
//! that was answered 200 is lost, and the right is named.

use crate::outages::login::{PASSWORD, USER};
use crate::outages::secured::{Listener, Secured};
use crate::outages::{KAFKA_UP, assert_taken, detail};
use crate::support::rig::SOON;
use std::time::Duration;
use tempfile::tempdir;
use testkit::consumer;
use testkit::deadline::{eventually, throughout};
use testkit::here;
use testkit::kafka::acls::Operation;
use testkit::senders::{Load, Senders};

/// Longer than the pause between two probes with traffic would be without acks.
const WATCHED: Duration = Duration::from_secs(3);

#[test]
fn rights_to_see_and_to_write_are_withdrawn_and_given_back() {
    let Some(secured) = Secured::shared(here!()) else { return };
    // One for each bridge, since both are posted the same.
    let topics = ["refusing", "keeping"];
    let temp = tempdir().unwrap();
    let bridges = topics.map(|topic| {
        secured.create_topic(topic, USER);
        let serve = secured.log_in("SCRAM-SHA-512", [USER, PASSWORD], topic);
        let spool = ["--spool", temp.path().to_str().unwrap()];
        let bridge = if topic == "keeping" { serve.arg(spool[0], spool[1]) } else { serve }.start();
        bridge.wait_ready(SOON);
        (bridge, topic)
    });
    let senders = bridges.each_ref().map(|(bridge, _)| Load::steady(4).start(bridge.webhook()));
    for (bridge, topic) in &bridges {
        eventually(SOON, "posts are published", || detail(bridge, "kafka").starts_with("acks"));
        secured.kafka.forbid(USER, Operation::Describe, topic);
    }

    // Whoever may write may see.
    throughout(WATCHED, || {
        assert!(bridges.iter().all(|(bridge, _)| bridge.metric(KAFKA_UP) == 1.0));
    });
    for (bridge, topic) in &bridges {
        secured.kafka.forbid(USER, Operation::Write, topic);
        let advice = format!(
            "no right to see the topic (Describe), nor to write to it, which this gives: \
             kafka-acls.sh --bootstrap-server {} --add --allow-principal User:{USER} --operation \
             Write --operation Describe --topic {topic}",
            secured.address(Listener::Login)
        );
        eventually(SOON, "the rights are named", || detail(bridge, "kafka").contains(&advice));
        bridge.wait_for_log(&advice, SOON);
        assert_eq!(bridge.metric(KAFKA_UP), 0.0);
    }
    let [(refusing, _), (keeping, _)] = &bridges;
    assert_eq!(refusing.readyz().0, 503);
    eventually(SOON, "posts are kept", || detail(keeping, "spool").starts_with("spooling"));
    for (bridge, topic) in &bridges {
        for operation in [Operation::Write, Operation::Describe] {
            secured.kafka.allow(USER, operation, topic);
        }
        bridge.wait_ready(SOON);
        eventually(SOON, "posts are acked", || bridge.metric(KAFKA_UP) == 1.0);
    }

    eventually(SOON, "the spool is empty", || detail(keeping, "spool").starts_with("direct"));
    let posted = senders.map(Senders::stop);
    posted[1].assert_statuses(&[200]);
    for (posted, topic) in posted.iter().zip(topics) {
        posted.assert_kept(&consumer::to_end(&secured.kafka.bootstrap(), topic));
    }
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
