//! A real broker that is killed, and one that freezes, under steady posts.

use crate::outages::{
    BACK, KAFKA_UP, PUBLISHED, RECOVERED, assert_counted, assert_taken, timed_post,
};
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use testkit::bridge::Bridge;
use testkit::consumer;
use testkit::exposition::Exposition;
use testkit::here;
use testkit::kafka::{RealKafka, SHORT_SESSION};
use testkit::senders::{Load, Senders};

const TOPIC: &str = "events";
const UNAVAILABLE: &str = "hookbridge_outcomes_total{outcome=\"unavailable\"}";

#[test]
fn a_bridge_older_than_kafka_is_ready_soon_after_it() {
    let Some(mut kafka) = RealKafka::own(here!(), SHORT_SESSION) else { return };
    kafka.create_topic(TOPIC, 6, &[]);
    kafka.kill();
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", TOPIC).no_auth();
    let bridge = serve.start();
    assert_eq!(timed_post(bridge.webhook()).0.status, 503);

    kafka.start_again();

    bridge.wait_ready(BACK);
    assert_eq!(bridge.metric(KAFKA_UP), 1.0);
    assert_taken(&bridge);
    Exposition::settled(bridge.admin());
}

#[test]
fn no_accepted_post_is_lost_or_overtaken_by_a_killed_broker() {
    let Some(mut kafka) = RealKafka::own(here!(), SHORT_SESSION) else { return };
    let (bridge, senders) = steady_posts(&kafka);

    kafka.kill();
    bridge.wait_for_metric(KAFKA_UP, SOON, |up| up == 0.0);
    kafka.start_again();

    assert_recovered(&bridge);
    assert_kept(&kafka, &bridge, senders);
}

#[test]
fn no_accepted_post_is_lost_or_overtaken_by_a_frozen_broker() {
    let Some(kafka) = RealKafka::own(here!(), &[]) else { return };
    let (bridge, senders) = steady_posts(&kafka);

    kafka.freeze();
    bridge.wait_for_metric(KAFKA_UP, SOON, |up| up == 0.0);
    // About four seconds: the client gives its connection up and dials in vain.
    bridge.wait_for_metric(UNAVAILABLE, SOON, |refused| refused > 600.0);
    assert_eq!(bridge.readyz().0, 503);
    kafka.thaw();

    assert_recovered(&bridge);
    assert_kept(&kafka, &bridge, senders);
}

/// A bridge in front of a new topic, and senders whose posts it takes.
fn steady_posts(kafka: &RealKafka) -> (Bridge, Senders) {
    kafka.create_topic(TOPIC, 6, &[]);
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", TOPIC).no_auth();
    let bridge = serve.arg("--ack-timeout", "1s").start();
    bridge.wait_ready(SOON);
    let senders = Load::steady(8).start(bridge.webhook());
    bridge.wait_for_metric(PUBLISHED, SOON, |published| published > 100.0);
    (bridge, senders)
}

/// Waits until it is ready and posts are taken again. To be called when the broker answers.
#[track_caller]
fn assert_recovered(bridge: &Bridge) {
    let before = bridge.metric(PUBLISHED);
    bridge.wait_for_metric(PUBLISHED, RECOVERED, |published| published > before + 10.0);
    assert_eq!(bridge.readyz().0, 200);
    bridge.wait_for_metric(PUBLISHED, SOON, |published| published > before + 300.0);
}

/// Ends the posts; checks the accounts and the promise.
#[track_caller]
fn assert_kept(kafka: &RealKafka, bridge: &Bridge, senders: Senders) {
    let posted = senders.stop();
    posted.assert_statuses(&[200, 503]);
    assert!(posted.count(503) > 0);
    assert_counted(bridge, &posted);
    posted.assert_kept(&consumer::to_end(&kafka.bootstrap(), TOPIC));
}
