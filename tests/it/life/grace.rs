//! The end has bounds, and says what it left; only a second signal cuts it short.

use crate::life::{APART, halves, running};
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;
use rustix::process::Signal;
use std::time::{Duration, Instant};
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::deadline::let_pass;
use testkit::http::{Connection, post};
use testkit::notification::{PATH, ROOMDROP};

#[test]
fn a_body_that_never_comes_whole_ends_with_the_read_time_out() {
    let (mut bridge, _kafka) = running(|serve| serve.arg("--read-timeout", "1s"));
    let mut connections = half_sent(&bridge, 1);

    bridge.signal(Signal::TERM);

    let answer = connections[0].read();
    assert_eq!(refusal(&answer), (408, Outcome::TooSlow));
    assert_eq!(answer.header("connection"), Some("close"));
    drop(connections);
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
}

#[test]
fn a_head_that_never_comes_whole_ends_with_the_read_time_out() {
    let (mut bridge, _kafka) = running(|serve| serve.arg("--read-timeout", "1s"));
    let mut connection = Connection::open(bridge.webhook());
    connection.send("POST /webhook HTTP/1.1\r\nHost: ");
    bridge.wait_for_metric("hookbridge_connections", SOON, |open| open == 1.0);

    bridge.signal(Signal::TERM);

    assert!(connection.is_closed());
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
}

#[test]
fn the_grace_period_ends_it_with_1_and_logs_what_was_left() {
    for workers in ["1", "2"] {
        let (mut bridge, _kafka) = running(|serve| short(serve, "300ms").arg("--workers", workers));
        let connections = half_sent(&bridge, 8);

        bridge.signal(Signal::TERM);

        assert_eq!(bridge.wait_exit(SOON).code(), Some(1));
        let said = "the grace period is over and 8 posts were still under way";
        assert!(bridge.log().contains(said), "{}", bridge.log());
        drop(connections);
    }
}

#[test]
fn acks_that_miss_the_grace_period_are_left_and_counted() {
    let (mut bridge, kafka) =
        running(|serve| serve.arg("--grace", "2s").arg("--ack-timeout", "1600ms"));
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    kafka.round_trip_time(Duration::from_secs(10));
    let mut sender = half_sent(&bridge, 1).remove(0);

    bridge.signal(Signal::TERM);
    // An ack is waited for for less than the grace period: only a late post can be left.
    let_pass(Duration::from_millis(800));
    sender.send(halves(ROOMDROP).1);

    assert_eq!(bridge.wait_exit(SOON).code(), Some(1));
    assert!(bridge.log().contains("1 posts were still under way"), "{}", bridge.log());
    assert!(bridge.log().contains("the bridge ended before it was known"), "{}", bridge.log());
}

#[test]
fn the_longest_ack_timeout_ends_in_an_answer_also_in_a_stop() {
    let spool = tempfile::tempdir().unwrap();
    let folder = spool.path().to_str().unwrap();
    for (flags, status) in
        [(&["--grace", "3s"][..], 503), (&["--grace", "4s", "--spool", folder], 200)]
    {
        let flags = flags.iter().chain(&["--ack-timeout", "2500ms"]);
        let flags: Vec<_> = flags.map(|flag| (*flag).to_owned()).collect();
        let (mut bridge, kafka) = running(|serve| serve.args(&flags));
        assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
        kafka.round_trip_time(Duration::from_secs(10));
        let mut sender = half_sent(&bridge, 1).remove(0);
        sender.send(halves(ROOMDROP).1);

        bridge.signal(Signal::TERM);

        assert_eq!(sender.read().status, status, "{}", bridge.log());
        // No post was left, whatever is known of its record.
        assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for second in [Signal::TERM, Signal::INT] {
        let (mut bridge, _kafka) = running(|serve| serve.arg("--grace", "60s"));
        let connections = half_sent(&bridge, 1);
        bridge.signal(Signal::TERM);
        bridge.wait_for_log("ending", SOON);
        let_pass(APART);

        let asked = Instant::now();
        bridge.signal(second);

        assert_eq!(bridge.wait_exit(SOON).code(), Some(1));
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        assert!(bridge.log().contains("a second signal"), "{}", bridge.log());
        drop(connections);
    }
}

#[test]
fn signals_that_come_together_are_one() {
    let (mut bridge, _kafka) = running(|serve| serve.arg("--grace", "60s"));
    let mut connections = half_sent(&bridge, 1);

    // As `timeout` does, and as a shell does to a whole group.
    for signal in [Signal::TERM, Signal::INT, Signal::TERM] {
        bridge.signal(signal);
    }
    bridge.wait_for_log("ending", SOON);
    bridge.signal(Signal::TERM);

    connections[0].send(halves(ROOMDROP).1);
    assert_eq!(connections[0].read().status, 200);
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
}

#[test]
fn a_hangup_of_the_terminal_does_not_end_it() {
    let (bridge, _kafka) = running(|serve| serve);

    bridge.signal(Signal::HUP);

    bridge.wait_for_log("there is no file to be read again", SOON);
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
}

/// A short grace period, and a time-out below it.
fn short(serve: Launch, grace: &str) -> Launch {
    serve.arg("--grace", grace).arg("--ack-timeout", "50ms")
}

/// Connections whose posts have arrived and are not whole.
fn half_sent(bridge: &Bridge, count: u32) -> Vec<Connection> {
    let open = |_| {
        let mut connection = Connection::open(bridge.webhook());
        connection.send(halves(ROOMDROP).0);
        connection
    };
    let connections = (0..count).map(open).collect();
    bridge.wait_for_metric("hookbridge_in_flight", SOON, |posts| posts == f64::from(count));
    connections
}
