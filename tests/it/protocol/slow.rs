//! Senders that take their time: long between posts, short within one.

use crate::protocol::{head, is_accepted};
use crate::support::problem::refusal;
use crate::support::rig::Rig;
use hookbridge::metrics::Outcome;
use std::time::{Duration, Instant};
use testkit::bridge::launch::Launch;
use testkit::deadline::wait_for;
use testkit::http::{Connection, request};
use testkit::notification::{PATH, ROOMDROP, numbered};

const READ: Duration = Duration::from_millis(300);
const IDLE: Duration = Duration::from_secs(3);

/// Until a wait of [`READ`] is noticed on a busy machine; under the default of `--read-timeout`.
const LATE: Duration = Duration::from_secs(8);

fn impatient(serve: Launch) -> Launch {
    serve.no_auth().arg("--read-timeout", "300ms").arg("--idle-timeout", "3s")
}

#[test]
fn a_head_that_is_not_whole_in_time_closes_the_connection() {
    let rig = Rig::on_mock(impatient);
    let mut connection = rig.connect();
    let begun = Instant::now();

    connection.send("POST /webhook HT");

    assert!(connection.is_closed());
    assert!((READ..LATE).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    assert_eq!(rig.outcomes().len(), 0);
}

#[test]
fn a_head_that_comes_byte_by_byte_gains_no_time() {
    let rig = Rig::on_mock(impatient);
    let mut connection = rig.connect();
    let begun = Instant::now();

    connection.send("POST /webhook HTTP/1.1\r\nX: ");
    wait_for(LATE, "the connection is closed", || connection.try_send("x").err());

    assert!(begun.elapsed() >= READ);
}

#[test]
pub(crate) fn a_body_that_is_late_is_refused_and_the_connection_closed() {
    let rig = Rig::on_mock(impatient);
    let mut connection = rig.connect();
    let post = request("POST", PATH, &[], ROOMDROP);
    let begun = Instant::now();

    connection.send(&post[..post.len() - 1]);

    is_too_slow(connection, begun);
}

#[test]
fn a_body_that_comes_byte_by_byte_gains_no_time() {
    let rig = Rig::on_mock(impatient);
    let mut connection = rig.connect();
    let begun = Instant::now();

    connection.send(head("Transfer-Encoding: chunked\r\n"));
    wait_for(LATE, "an answer or the close", || {
        // It would be chunks for an hour.
        let sent = connection.try_send("1\r\n \r\n");
        (sent.is_err() || !connection.is_silent_for(Duration::from_millis(20))).then_some(())
    });

    is_too_slow(connection, begun);
}

#[test]
fn the_time_of_a_post_begins_with_the_first_byte_of_its_head() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--read-timeout", "3s"));
    let mut connection = rig.connect();
    let begun = Instant::now();

    // Half of the time goes with the head.
    connection.send("POST /webhook HTTP/1.1\r\nHost: test\r\n");
    assert!(connection.is_silent_for(Duration::from_millis(1500)));
    connection.send("Content-Length: 184\r\n\r\n{");

    assert_eq!(refusal(&connection.read()), (408, Outcome::TooSlow));
    assert!(begun.elapsed() < Duration::from_millis(4500), "{:?}", begun.elapsed());
}

#[test]
fn a_connection_between_posts_ends_by_the_idle_time_out_alone() {
    let rig = Rig::on_mock(impatient);
    let mut connection = rig.connect();

    let mut last = Instant::now();
    for session in 0..2 {
        last = Instant::now();
        connection.send(request("POST", PATH, &[], numbered(session)));
        assert!(is_accepted(&connection.read(), &numbered(session)));
        assert!(connection.is_silent_for(READ * 2), "closed after post {session}");
    }

    assert!(connection.is_closed());
    assert!((IDLE..LATE).contains(&last.elapsed()), "{:?}", last.elapsed());
}

#[test]
fn a_connection_that_says_nothing_ends_with_the_read_time_out() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--read-timeout", "300ms"));
    let opened = Instant::now();
    let mut connection = rig.connect();

    assert!(connection.is_closed());
    assert!((READ..LATE).contains(&opened.elapsed()), "{:?}", opened.elapsed());
}

fn is_too_slow(mut connection: Connection, begun: Instant) {
    let answer = connection.read();
    assert_eq!(refusal(&answer), (408, Outcome::TooSlow));
    assert!((READ..LATE).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(connection.is_closed());
}
