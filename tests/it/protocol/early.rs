//! Answers that come before the body: they can be read, and the connection is kept or closed as
//! they say.

use crate::protocol::framing::{head, is_accepted};
use crate::support::http::{Connection, basic, request};
use crate::support::notification::{ROOMDROP, numbered};
use crate::support::rig::{PATH, Rig, authorization};

/// More than the buffers of both sockets hold: the sender is still writing when it is answered.
const LARGE: usize = 10 * 1024 * 1024;

const SENDERS: usize = 5;

#[test]
fn a_sender_that_writes_all_of_a_large_body_first_then_reads_its_401() {
    let rig = Rig::restricted();
    for _ in 0..SENDERS {
        let mut connection = rig.connect();

        connection.send(request("POST", PATH, &[], "x".repeat(LARGE)));

        assert_eq!(connection.read().status, 401);
        assert!(connection.is_closed());
    }
}

#[test]
fn a_sender_that_writes_all_of_a_large_body_first_then_reads_its_413() {
    let rig = Rig::open();
    for _ in 0..SENDERS {
        let mut connection = rig.connect();

        connection.send(request("POST", PATH, &[], "x".repeat(LARGE)));

        assert_eq!(connection.read().status, 413);
        assert!(connection.is_closed());
    }
}

#[test]
fn a_sender_of_many_chunks_reads_its_413_when_it_has_written_them_all() {
    let rig = Rig::open();
    let chunk = format!("{LARGE:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(LARGE));
    for _ in 0..SENDERS {
        let mut connection = rig.connect();

        connection.send(head("Transfer-Encoding: chunked\r\n"));
        connection.send(&chunk);

        assert_eq!(connection.read().status, 413);
        assert!(connection.is_closed());
    }
}

#[test]
fn a_first_post_without_credentials_is_challenged_and_the_connection_takes_the_second() {
    let rig = Rig::restricted();
    let authorization = authorization();
    let mut connection = rig.connect();

    for session in 0..3 {
        connection.send(request("POST", PATH, &[], numbered(session)));
        let challenge = connection.read();
        assert_eq!(challenge.status, 401);
        assert_eq!(challenge.header("connection"), None);

        let headers = [("Authorization", &*authorization)];
        connection.send(request("POST", PATH, &headers, numbered(session)));
        assert!(is_accepted(&connection.read(), &numbered(session)));
    }
}

#[test]
fn every_early_answer_to_a_small_body_keeps_the_connection() {
    let rig = Rig::restricted();
    let authorization = authorization();
    let wrong = basic("video", "wrong");
    let mut connection = rig.connect();
    for (method, path, headers, status) in [
        ("POST", "/other", vec![], 404),
        ("PUT", PATH, vec![], 405),
        ("POST", PATH, vec![("Authorization", &*wrong)], 401),
        ("POST", PATH, vec![("Authorization", &*authorization), ("Content-Encoding", "gzip")], 415),
    ] {
        connection.send(request(method, path, &headers, ROOMDROP));
        assert_eq!(connection.read().status, status);
    }

    take_one_more(connection);
}

#[test]
fn an_early_answer_waits_for_the_rest_of_a_small_body_that_is_on_its_way() {
    let rig = Rig::restricted();
    let mut connection = rig.connect();
    let post = request("POST", PATH, &[], ROOMDROP);
    let (first, second) = post.split_at(post.len() - 40);

    connection.send(first);
    connection.send(second);
    let challenge = connection.read();

    assert_eq!((challenge.status, challenge.header("connection")), (401, None));
    take_one_more(connection);
}

#[test]
fn an_early_answer_to_a_body_that_does_not_come_closes_the_connection() {
    let rig = Rig::restricted();
    let mut connection = rig.connect();

    connection.send(head("Content-Length: 184\r\n"));

    let challenge = connection.read();
    assert_eq!((challenge.status, challenge.header("connection")), (401, Some("close")));
    assert!(connection.is_closed());
}

/// The connection is kept in earnest: the next post is taken.
fn take_one_more(mut connection: Connection) {
    connection.send(request("POST", PATH, &[("Authorization", &authorization())], ROOMDROP));
    assert!(is_accepted(&connection.read(), ROOMDROP));
}
