//! Senders that hang up while Kafka's ack is under way: their posts go on, and each is counted
//! once, by what became of it.

use crate::support::HOOKBRIDGE;
use crate::support::rig::{Rig, SOON};
use rustix::process::Signal;
use std::collections::HashSet;
use std::time::Duration;
use testkit::bridge::Bridge;
use testkit::consumer;
use testkit::deadline::let_pass;
use testkit::exposition::Exposition;
use testkit::http::{Connection, post, request};
use testkit::mock::MockKafka;
use testkit::notification::{PATH, ROOMDROP, numbered};

const SENDERS: usize = 1000;

/// Longer than it takes to open all connections.
const ACK: Duration = Duration::from_secs(2);

/// It lasts until librdkafka has given up too: behind the time-out of the posts, for which it looks
/// once a second. What a shorter one leaves under way may still arrive.
const OUTAGE: Duration = Duration::from_millis(2500);

const RECEIVED: &str = "hookbridge_received_total";
const CONNECTIONS: &str = "hookbridge_connections";

#[test]
fn a_thousand_senders_that_hung_up_are_published_once_each() {
    let rig = Rig::open();
    // The producer knows its topic and its sequence, so that what follows waits for acks alone.
    assert_eq!(rig.post(&[], ROOMDROP).status, 200);
    rig.mock().round_trip_time(ACK);

    send_and_hang_up(rig.bridge(), SENDERS);
    // They have all gone. Now every ack comes, also of what is under way.
    rig.mock().round_trip_time(Duration::ZERO);

    rig.wait_for_count(CONNECTIONS, 0);
    assert_eq!(rig.outcomes(), [("published".to_owned(), SENDERS as u64 + 1)].into());
    let records = rig.records();
    assert_eq!(records.len(), SENDERS + 1);
    let values: HashSet<_> = records.into_iter().map(|seen| seen.value).collect();
    assert!((0..SENDERS).all(|sender| values.contains(numbered(sender).as_bytes())));
}

#[test]
fn hung_up_senders_in_an_outage_are_counted_as_unavailable() {
    let rig = Rig::on_mock(|serve| serve.arg("--ack-timeout", "1s").no_auth());
    assert_eq!(rig.post(&[], ROOMDROP).status, 200);
    rig.mock().broker_down();

    send_and_hang_up(rig.bridge(), SENDERS);

    let expected = [("published", 1), ("unavailable", SENDERS as u64)];
    let expected = expected.map(|(outcome, count)| (outcome.to_owned(), count));
    assert_eq!(rig.outcomes(), expected.into());
    rig.wait_for_count(CONNECTIONS, 0);
    let_pass(OUTAGE);
    rig.mock().broker_up();
    rig.bridge().wait_ready(SOON);
    assert_eq!(rig.post(&[], numbered(SENDERS)).status, 200);
    // What was given up stays away: no late copies of posts that their senders will repeat.
    assert_eq!(rig.records().len(), 2);
}

#[test]
fn senders_that_hang_up_at_once_have_one_outcome_each() {
    let rig = Rig::open();
    for (sender, resets) in (0..200).zip([false, true].into_iter().cycle()) {
        let mut connection = rig.connect();
        connection.send(request("POST", PATH, &[], numbered(sender)));
        if resets {
            connection.reset();
        }
    }
    // Accepted behind all others.
    assert_eq!(rig.post(&[], ROOMDROP).status, 200);
    rig.wait_for_count(CONNECTIONS, 0);

    let outcomes = rig.outcomes();

    assert!(outcomes.keys().all(|outcome| ["published", "incomplete_body"].contains(&&**outcome)));
    let records: HashSet<_> = rig.records().into_iter().map(|seen| seen.value).collect();
    assert_eq!(records.len() as u64, outcomes["published"]);
    // Whoever closed in good order had sent everything.
    let mut closed = (0..200).step_by(2);
    assert!(closed.all(|sender| records.contains(numbered(sender).as_bytes())));
}

#[test]
fn an_end_right_behind_hang_ups_waits_for_their_acks() {
    let kafka = MockKafka::start();
    kafka.create_topic("events", 3);
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "events").no_auth();
    let mut bridge = serve.arg("-X", "message.max.bytes=1000000").start();
    bridge.wait_ready(SOON);
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    kafka.round_trip_time(Duration::from_secs(1));

    send_and_hang_up(&bridge, 50);
    bridge.signal(Signal::TERM);

    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
    kafka.round_trip_time(Duration::ZERO);
    assert_eq!(consumer::to_end(&kafka.bootstrap(), "events").len(), 51);
}

/// Sends posts, each on a connection of its own; when all have arrived, half of them hang up in
/// good order and half by a reset.
fn send_and_hang_up(bridge: &Bridge, senders: usize) {
    let before = Exposition::settled(bridge.admin()).value::<f64>(RECEIVED);
    let mut connections = Connection::open_many(bridge.webhook(), senders);
    for (sender, connection) in connections.iter_mut().enumerate() {
        connection.send(request("POST", PATH, &[], numbered(sender)));
    }
    bridge.wait_for_metric(RECEIVED, SOON, |received| received == before + senders as f64);
    for (sender, connection) in connections.into_iter().enumerate() {
        if sender % 2 == 0 {
            connection.reset();
        }
    }
}
