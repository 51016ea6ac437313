//! Senders that leave while their post is under way: the post is carried through, and counted once.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::bridge::Bridge;
use crate::support::consumer;
use crate::support::http::{Connection, request};
use crate::support::mock::MockKafka;
use crate::support::notification::{APP_ID, ce_id, numbered};
use crate::support::rig::{PATH, Rig, SOON};

/// Longer than it takes to send all posts, so that every sender leaves in mid-wait.
const ROUND_TRIP: Duration = Duration::from_millis(400);
const SENDERS: usize = 1_000;

/// How a sender leaves.
#[derive(Clone, Copy)]
enum Leave {
    /// By FIN.
    Close,
    /// By RST.
    Reset,
}

/// Sends numbered posts and leaves each at once, by turns in both ways.
fn hang_up(rig: &Rig, posts: std::ops::Range<usize>) {
    for (number, leave) in posts.zip([Leave::Close, Leave::Reset].into_iter().cycle()) {
        let mut connection = rig.connect();
        connection.send(request("POST", PATH, &[], numbered(number)));
        match leave {
            Leave::Close => drop(connection),
            Leave::Reset => connection.reset(),
        }
    }
}

#[test]
fn a_thousand_senders_that_leave_in_mid_wait_have_one_outcome_each_and_lose_nothing_published() {
    let rig = Rig::open();
    rig.mock().round_trip_time(ROUND_TRIP);

    hang_up(&rig, 0..SENDERS);

    rig.wait_for_count("hookbridge_in_flight", 0);
    let outcomes = rig.outcomes();
    let published = outcomes.get("published").copied().unwrap_or(0);
    // A reset may overtake its own post: the bridge never had it whole.
    let gone = outcomes.get("incomplete_body").copied().unwrap_or(0);
    assert_eq!(published + gone, rig.count("hookbridge_received_total"), "{outcomes:?}");
    let records = rig.records();
    assert_eq!(records.len() as u64, published);
    let sent: BTreeSet<String> = (0..SENDERS).map(|n| ce_id(APP_ID, numbered(n))).collect();
    let seen: BTreeSet<String> =
        records.iter().filter_map(|record| record.header("ce_id").map(str::to_owned)).collect();
    assert_eq!(seen.len(), records.len(), "no record twice");
    assert!(seen.is_subset(&sent));
    // Whoever closed in peace had sent everything.
    assert!(published >= SENDERS as u64 / 2, "{outcomes:?}");
}

#[test]
fn senders_that_leave_while_kafka_is_away_are_counted_as_refused() {
    let rig = Rig::on_mock(|serve| serve.no_auth().env("ACK_TIMEOUT", "500ms"));
    rig.mock().broker_down();

    hang_up(&rig, 0..50);

    rig.wait_for_count("hookbridge_in_flight", 0);
    let outcomes = rig.outcomes();
    assert!(outcomes.keys().all(|o| ["unavailable", "incomplete_body"].contains(&o.as_str())));
    assert!(outcomes["unavailable"] >= 25, "{outcomes:?}");
    rig.mock().broker_up();
}

#[test]
fn a_stop_waits_for_the_posts_of_senders_that_have_left() {
    let mock = MockKafka::start();
    mock.create_topic("events", 3);
    let serve = Bridge::with(mock.bootstrap()).arg("--topic", "events").no_auth();
    let mut bridge = serve.start();
    bridge.wait_ready(SOON);
    mock.round_trip_time(ROUND_TRIP);
    for number in 0..20 {
        let mut connection = Connection::open(bridge.webhook());
        connection.send(request("POST", PATH, &[], numbered(number)));
    }
    bridge.wait_for_metric("hookbridge_received_total", SOON, |posts| posts == 20.0);

    bridge.signal(Signal::TERM);

    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
    assert_eq!(consumer::to_end(&mock.bootstrap(), "events").len(), 20);
}
