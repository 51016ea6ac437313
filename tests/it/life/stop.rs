//! The graceful end: nothing that was begun is lost, and nothing new begins.

use crate::life::{TOPIC, halves, running};
use crate::support::rig::SOON;
use rustix::process::Signal;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use testkit::bridge::Bridge;
use testkit::consumer;
use testkit::deadline::eventually;
use testkit::http::{Connection, Response, request};
use testkit::mock::MockKafka;
use testkit::notification::{PATH, ROOMDROP, numbered};

/// For longer than a sender that posts often lets a connection rest.
const UNUSED: Duration = Duration::from_millis(600);

/// Less than the end waits for such a sender.
const AT_ONCE: Duration = Duration::from_millis(400);

/// What half a head may take, more than once over, and less than an answer lingers.
const LAST_CALLS: Duration = Duration::from_millis(1500);

const TRIES: usize = 3;

#[test]
fn a_post_that_is_half_sent_is_finished_under_either_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut bridge, kafka) = running(|serve| serve);
        let (first, second) = halves(ROOMDROP);
        let mut connection = busy(&bridge, &first);

        end(&bridge, signal);
        connection.send(second);

        assert!(is_last(&connection.read()));
        assert!(connection.is_closed());
        assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
        assert_eq!(records(&kafka), [ROOMDROP]);
    }
}

#[test]
fn while_it_ends_it_is_not_ready_and_takes_no_new_connections() {
    let (mut bridge, _kafka) = running(|serve| serve);
    let (first, second) = halves(ROOMDROP);
    let mut connection = busy(&bridge, &first);

    end(&bridge, Signal::TERM);

    let (status, readiness) = bridge.readyz();
    assert_eq!((status, &readiness["checks"][0]["detail"]), (503, &"stopping".into()));
    eventually(SOON, "the webhook port is closed", || {
        let refused = TcpStream::connect(bridge.webhook());
        refused.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
    connection.send(second);
    assert_eq!(connection.read().status, 200);
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
}

#[test]
fn what_waits_to_be_accepted_is_still_served() {
    let (mut bridge, kafka) = running(|serve| serve.arg("--max-connections", "1"));
    let (first, second) = halves(&numbered(0));
    let mut accepted = busy(&bridge, &first);
    let mut waiting: Vec<_> = (1..=20).map(|post| send(&bridge, &numbered(post))).collect();

    end(&bridge, Signal::TERM);

    for connection in &mut waiting {
        assert!(is_last(&connection.read()));
    }
    accepted.send(second);
    assert!(is_last(&accepted.read()));
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
    let mut expected: Vec<_> = (0..=20).map(numbered).collect();
    expected.sort_unstable();
    assert_eq!(records(&kafka), expected);
}

#[test]
fn a_half_sent_head_is_finished_on_new_and_kept_connections() {
    let (mut bridge, _kafka) = running(|serve| serve);
    let post = request("POST", PATH, &[], ROOMDROP);
    let (first, second) = post.split_at(20);
    let [mut new, mut kept] = [(); 2].map(|()| Connection::open(bridge.webhook()));
    kept.send(&post);
    assert_eq!(kept.read().status, 200);
    for connection in [&mut new, &mut kept] {
        connection.send(first);
    }
    // It sees both, or rather what came after them.
    let mut marker = busy(&bridge, &halves(ROOMDROP).0);

    end(&bridge, Signal::TERM);

    for connection in [&mut new, &mut kept] {
        connection.send(second);
        assert!(is_last(&connection.read()));
    }
    marker.send(halves(ROOMDROP).1);
    assert!(is_last(&marker.read()));
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
}

#[test]
fn a_connection_between_posts_is_closed_in_good_order() {
    let (mut bridge, _kafka) = running(|serve| serve);
    let [mut kept, mut silent] = [(); 2].map(|()| Connection::open(bridge.webhook()));
    kept.send(request("POST", PATH, &[], ROOMDROP));
    let answer = kept.read();
    assert_eq!((answer.status, answer.header("connection")), (200, None));

    bridge.signal(Signal::TERM);

    assert!(kept.is_closed() && silent.is_closed());
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
}

#[test]
fn connections_that_are_unused_do_not_hold_the_end_up() {
    let ended = (0..TRIES).map(|_| {
        let (mut bridge, _kafka) = running(|serve| serve);
        let [mut kept, mut silent] = [(); 2].map(|()| Connection::open(bridge.webhook()));
        kept.send(request("POST", PATH, &[], ROOMDROP));
        assert_eq!(kept.read().status, 200);
        assert!(silent.is_silent_for(UNUSED));

        let asked = Instant::now();
        bridge.signal(Signal::TERM);

        assert!(kept.is_closed() && silent.is_closed());
        assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
        asked.elapsed()
    });
    // Others are busy too: the machine is given some tries.
    let best = ended.min().unwrap();
    assert!(best < AT_ONCE, "{best:?}");
}

#[test]
fn half_a_head_and_a_refused_post_do_not_hold_the_end_up() {
    let (mut bridge, _kafka) = running(|serve| serve);
    let [mut new, mut kept, mut refused] = [(); 3].map(|()| Connection::open(bridge.webhook()));
    new.send("P");
    kept.send(request("POST", PATH, &[], ROOMDROP));
    assert_eq!(kept.read().status, 200);
    kept.send("POST /web");
    refused.send("POST /elsewhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");
    assert_eq!(refused.read().status, 404);

    let asked = Instant::now();
    bridge.signal(Signal::TERM);
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());

    assert!(asked.elapsed() < LAST_CALLS, "{:?}", asked.elapsed());
}

#[test]
fn a_pooled_sender_loses_no_post_that_it_writes_at_the_end() {
    let (mut bridge, kafka) = running(|serve| serve);
    let mut pooled = Connection::open(bridge.webhook());
    pooled.send(request("POST", PATH, &[], numbered(1)));
    assert_eq!(pooled.read().status, 200);

    end(&bridge, Signal::TERM);
    pooled.send(request("POST", PATH, &[], numbered(2)));

    assert!(is_last(&pooled.read()));
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
    assert_eq!(records(&kafka), [numbered(1), numbered(2)]);
}

#[test]
fn posts_whose_acks_are_under_way_are_answered_before_it_ends() {
    let (mut bridge, kafka) = running(|serve| serve);
    // The producer knows its topic and its sequence, so that what follows waits for acks alone.
    assert_eq!(send(&bridge, &numbered(0)).read().status, 200);
    kafka.round_trip_time(Duration::from_secs(1));
    let mut senders: Vec<_> = (1..=5).map(|post| send(&bridge, &numbered(post))).collect();
    bridge.wait_for_metric("hookbridge_in_flight", SOON, |posts| posts == 5.0);

    end(&bridge, Signal::TERM);

    assert!(senders.iter_mut().all(|sender| is_last(&sender.read())));
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
    kafka.round_trip_time(Duration::ZERO);
    assert_eq!(records(&kafka), (0..=5).map(numbered).collect::<Vec<_>>());
}

/// Opens a connection whose post has arrived and is not whole.
fn busy(bridge: &Bridge, first: &[u8]) -> Connection {
    let mut connection = Connection::open(bridge.webhook());
    connection.send(first);
    bridge.wait_for_metric("hookbridge_in_flight", SOON, |posts| posts == 1.0);
    connection
}

/// Sends a post on a connection of its own.
fn send(bridge: &Bridge, body: &str) -> Connection {
    let mut connection = Connection::open(bridge.webhook());
    connection.send(request("POST", PATH, &[], body));
    connection
}

/// Signals, and waits until the end has begun.
fn end(bridge: &Bridge, signal: Signal) {
    bridge.signal(signal);
    eventually(SOON, "it is no longer ready", || bridge.readyz().0 == 503);
}

fn is_last(answer: &Response) -> bool {
    answer.status == 200 && answer.header("connection") == Some("close")
}

/// What is on the topic, in the order of the alphabet.
fn records(kafka: &MockKafka) -> Vec<String> {
    let seen = consumer::to_end(&kafka.bootstrap(), TOPIC);
    let mut values: Vec<_> =
        seen.into_iter().map(|seen| String::from_utf8(seen.value).unwrap()).collect();
    values.sort_unstable();
    values
}
