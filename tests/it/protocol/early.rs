//! Answers that come before the body: they can be read, and the connection is kept or closed as
//! they say.

use crate::protocol::{head, is_accepted};
use crate::support::rig::{Rig, SOON, authorization};
use testkit::deadline::wait_for;
use testkit::http::{Connection, basic, request};
use testkit::notification::{PATH, ROOMDROP, numbered, of_length};

/// More than the buffers of both sockets hold: the sender is still writing when it is answered.
const LARGE: usize = 10 * 1024 * 1024;

/// More than comes with the head, little enough to be read for the sake of the connection.
const MORE_THAN_ONE_READ: usize = 60_000;

const SENDERS: usize = 5;

#[test]
fn a_sender_that_writes_a_whole_large_body_reads_its_401() {
    let rig = Rig::restricted();
    for _ in 0..SENDERS {
        assert_eq!(write_all_then_read(&rig, large("POST", PATH, &[])), 401);
    }
}

#[test]
fn a_sender_that_writes_a_whole_large_body_reads_its_413() {
    let rig = Rig::open();
    let chunk = format!("{LARGE:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(LARGE));
    let chunked = head("Transfer-Encoding: chunked\r\n") + &chunk;
    for _ in 0..SENDERS {
        assert_eq!(write_all_then_read(&rig, large("POST", PATH, &[])), 413);
        assert_eq!(write_all_then_read(&rig, &chunked), 413);
    }
}

#[test]
fn a_sender_that_writes_a_whole_large_body_reads_any_answer() {
    let rig = Rig::restricted();
    let authorization = authorization();
    let gzip = [("Authorization", &*authorization), ("Content-Encoding", "gzip")];
    for (method, path, headers, status) in
        [("POST", "/other", &[][..], 404), ("PUT", PATH, &[], 405), ("POST", PATH, &gzip, 415)]
    {
        assert_eq!(write_all_then_read(&rig, large(method, path, headers)), status);
    }
}

#[test]
fn a_sender_that_never_stops_writing_is_cut_off() {
    let rig = Rig::open();
    let mut connection = rig.connect();
    let chunk = format!("{LARGE:x}\r\n{}\r\n", "x".repeat(LARGE));

    connection.send(head("Transfer-Encoding: chunked\r\n"));
    wait_for(SOON, "the connection is closed", || connection.try_send(&chunk).err());

    rig.wait_for_count("hookbridge_connections", 0);
    assert_eq!(rig.outcomes(), [("too_large".to_owned(), 1)].into());
}

#[test]
fn a_silent_sender_is_let_go_after_an_early_answer() {
    let rig = Rig::restricted();
    let mut connection = rig.connect();

    connection.send(head(&format!("Content-Length: {LARGE}\r\n")));

    assert_eq!(connection.read().status, 401);
    assert!(connection.is_closed());
    rig.wait_for_count("hookbridge_connections", 0);
}

#[test]
fn a_challenged_first_post_leaves_the_connection_to_the_second() {
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
fn an_early_answer_waits_for_the_rest_of_a_body_under_way() {
    let rig = Rig::restricted();
    let mut connection = rig.connect();

    connection.send(request("POST", PATH, &[], of_length(MORE_THAN_ONE_READ)));
    let challenge = connection.read();

    assert_eq!((challenge.status, challenge.header("connection")), (401, None));
    take_one_more(connection);
}

#[test]
fn an_early_answer_to_an_absent_body_closes_the_connection() {
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

fn large(method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request(method, path, headers, "x".repeat(LARGE))
}

/// The status of the answer, which is followed by a close in good order.
#[track_caller]
fn write_all_then_read(rig: &Rig, request: impl AsRef<[u8]>) -> u16 {
    let mut connection = rig.connect();
    connection.send(request);
    let status = connection.read().status;
    assert!(connection.is_closed());
    status
}
