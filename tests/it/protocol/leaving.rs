//! Senders that leave: after their body, and before its end.

use crate::protocol::{head, is_accepted};
use crate::support::problem::refusal;
use crate::support::rig::Rig;
use hookbridge::metrics::Outcome;
use std::time::Duration;
use testkit::http::request;
use testkit::notification::{PATH, ROOMDROP};

const INCOMPLETE: &str = "hookbridge_outcomes_total{outcome=\"incomplete_body\"}";

#[test]
fn a_sender_that_half_closes_after_its_body_gets_its_answer() {
    let rig = Rig::open();
    // The answer comes long after the close.
    rig.mock().round_trip_time(Duration::from_millis(300));
    for body in [ROOMDROP, "[]"] {
        let mut connection = rig.connect();

        connection.send(request("POST", PATH, &[], body));
        connection.half_close();

        let answer = connection.read();
        assert_eq!(answer.status, if body == ROOMDROP { 200 } else { 400 });
        assert!(connection.is_closed());
    }
}

#[test]
fn a_half_close_after_pipelined_posts_gets_all_answers() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    connection.send(request("POST", PATH, &[], ROOMDROP).repeat(5));
    connection.half_close();

    for _ in 0..5 {
        assert!(is_accepted(&connection.read(), ROOMDROP));
    }
    assert!(connection.is_closed());
}

#[test]
pub(crate) fn a_half_close_within_a_body_is_answered_as_incomplete() {
    let rig = Rig::open();
    for post in half_posts() {
        let mut connection = rig.connect();

        connection.send(&post);
        connection.half_close();

        let answer = connection.read();
        assert_eq!(refusal(&answer), (400, Outcome::IncompleteBody));
        assert!(connection.is_closed());
    }
    assert_eq!(rig.outcomes(), [("incomplete_body".to_owned(), 2)].into());
}

#[test]
fn a_sender_that_leaves_within_its_body_is_always_counted() {
    let rig = Rig::open();
    for (post, counted) in half_posts().into_iter().zip([2, 4]) {
        let [mut closes, mut resets] = [(); 2].map(|()| rig.connect());
        for connection in [&mut closes, &mut resets] {
            connection.send(&post);
        }
        rig.wait_for_count("hookbridge_in_flight", 2);
        drop(closes);
        resets.reset();
        rig.wait_for_count(INCOMPLETE, counted);
    }
}

#[test]
fn a_sender_that_leaves_with_its_100_is_counted() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    connection.send(head("Expect: 100-continue\r\nContent-Length: 184\r\n"));
    assert_eq!(connection.read().status, 100);
    drop(connection);

    rig.wait_for_count(INCOMPLETE, 1);
}

#[test]
fn a_sender_that_was_refused_before_it_left_counts_as_refused() {
    let rig = Rig::restricted();
    for (post, counted) in half_posts().into_iter().zip([2, 4]) {
        let [mut closes, mut resets] = [(); 2].map(|()| rig.connect());
        for connection in [&mut closes, &mut resets] {
            connection.send(&post);
        }
        drop(closes);
        resets.reset();
        rig.wait_for_count("hookbridge_received_total", counted);
        assert_eq!(rig.outcomes(), [("unauthorized".to_owned(), counted)].into());
    }
}

#[test]
fn a_body_whose_chunks_are_broken_is_incomplete() {
    let rig = Rig::open();
    for chunks in ["zz\r\n", "5\r\n{\"a\":1}\r\n0\r\n\r\n", "ffffffffffffffffff\r\n{"] {
        let mut connection = rig.connect();

        connection.send(head("Transfer-Encoding: chunked\r\n"));
        connection.send(chunks);

        let answer = connection.read();
        assert_eq!(refusal(&answer), (400, Outcome::IncompleteBody));
        assert!(connection.is_closed(), "{chunks}");
    }
}

/// The half of a post whose length is given, and of one in chunks.
fn half_posts() -> [Vec<u8>; 2] {
    let post = request("POST", PATH, &[], ROOMDROP);
    let chunked = format!("{}5\r\n{{\"a\":\r\n", head("Transfer-Encoding: chunked\r\n"));
    [post[..post.len() - 10].to_vec(), chunked.into_bytes()]
}
