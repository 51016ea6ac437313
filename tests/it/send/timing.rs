//! Rates, latencies and connections, before a server whose answers are the test's.

use crate::send::stand_in::{Reply, StandIn};
use crate::send::{send, summary};
use std::time::Duration;

#[test]
fn a_latency_counts_from_when_its_post_was_due() {
    let half_a_second = |post| match post {
        0 => Reply::AcceptAfter(Duration::from_millis(500)),
        _ => Reply::Accept,
    };
    let server = StandIn::start(half_a_second);

    let flags = ["--rate=100", "--count=50", "--output=json"];
    let said = summary(send(server.addr(), &flags).run(), 0);

    // Each had waited for the first: 500 ms, 490 ms, and so on, though its own answer came at once.
    let median = said["latency"]["p50"].as_f64().unwrap();
    assert!(median > 0.2, "{said}");
    assert_eq!((&said["posts"], &said["unsent"]), (&50.into(), &0.into()));
}

#[test]
fn a_rate_that_is_not_reached_is_said_and_the_rest_given_up() {
    let server = StandIn::start(|_| Reply::AcceptAfter(Duration::from_millis(100)));

    let ran = send(server.addr(), &["--rate=1000", "--duration=100ms"]).run();
    let (out, err) = ran.badly(1);

    assert!(out.contains("1,000/s were asked for and not reached: every connection"), "{out}");
    assert!(out.contains("try more --connections"), "{out}");
    assert!(out.contains("posts were due and never sent"), "{out}");
    assert!(err.starts_with("hookbridge: due and not sent in time: "), "{err}");
    assert!(server.posts() < 30, "it does not go on for ever");
}

#[test]
fn a_post_on_a_connection_that_was_closed_before_takes_another() {
    let server = StandIn::start(|_| Reply::AcceptAndClose);

    let said = summary(send(server.addr(), &["--rate=20", "--count=5", "--output=json"]).run(), 0);

    assert_eq!(said["accepted"], 5);
    assert_eq!((server.posts(), server.connections()), (5, 5));
}

#[test]
fn a_post_whose_connection_breaks_is_not_repeated() {
    let server = StandIn::start(|post| if post == 1 { Reply::Break } else { Reply::Accept });

    let said = summary(send(server.addr(), &["--count=4", "--output=json"]).run(), 1);

    assert_eq!((server.posts(), &said["accepted"]), (4, &3.into()));
    let broken = &said["answers"][1];
    assert_eq!((&broken["status"], &broken["code"]), (&serde_json::Value::Null, &"broken".into()));
}

#[test]
fn connections_are_kept_unless_each_post_is_to_have_its_own() {
    let server = StandIn::start(|_| Reply::Accept);

    send(server.addr(), &["--count=6", "--connections=2"]).run().well();
    assert!(server.connections() <= 2, "{}", server.connections());
    let before = server.connections();
    send(server.addr(), &["--count=6", "--new-connections"]).run().well();

    assert_eq!(server.connections() - before, 6);
}
