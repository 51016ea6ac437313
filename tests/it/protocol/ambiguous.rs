//! Requests whose end is in doubt: one fixed answer, a closed connection, and no second record.
//!
//! Each is followed by a post that is sound, which would be accepted if the end were found there.

use crate::protocol::in_doubt::{self, CHUNKS, InDoubt};
use crate::protocol::{head, is_accepted};
use crate::support::rig::Rig;
use testkit::http::{Connection, Response, request};
use testkit::notification::{PATH, ROOMDROP, numbered};

#[test]
fn lengths_that_are_in_doubt_are_refused() {
    refuses_each(in_doubt::lengths());
}

#[test]
fn codings_and_chunks_that_are_in_doubt_are_refused() {
    refuses_each(in_doubt::codings());
    refuses_each(in_doubt::chunks());
}

#[test]
fn lines_and_hosts_that_are_in_doubt_are_refused() {
    refuses_each(in_doubt::lines_and_hosts());
}

#[test]
fn sound_posts_on_one_connection_are_answered_in_their_order() {
    let rig = Rig::open();
    let chunked = |body: &str| {
        let size = format!("00{:X} ;ext=\"a;b\"", body.len());
        let chunks = format!("{size}\r\n{body}\r\n0\r\nX: y\r\n\r\n");
        format!("{}{chunks}", head("Transfer-Encoding: Chunked\r\n")).into_bytes()
    };
    let sized = |body: &str| request("POST", PATH, &[("Expect", "100-continue")], body);
    let mut connection = rig.connect();

    connection.send([chunked(&numbered(0)), b"\r\n".to_vec(), sized(&numbered(1))].concat());
    connection.send([request("GET", PATH, &[], ""), chunked(&numbered(2))].concat());

    for (index, status) in [(0, 200), (1, 200), (1, 405), (2, 200)] {
        let answer = past_100(&mut connection);
        assert_eq!(answer.status, status);
        assert!(status != 200 || is_accepted(&answer, &numbered(index)), "{index}");
    }
    assert_eq!(rig.records().len(), 3);
}

#[test]
fn a_post_in_doubt_behind_a_sound_one_is_refused_alone() {
    let rig = Rig::open();
    let mut connection = rig.connect();
    let both = head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n");

    let sound = request("POST", PATH, &[], ROOMDROP);
    connection.send([&*sound, both.as_bytes(), CHUNKS.as_bytes(), &sound].concat());

    assert!(is_accepted(&connection.read(), ROOMDROP));
    assert_eq!(connection.read().json()["code"], "invalid_head");
    assert!(connection.is_closed());
    assert_eq!(rig.records().len(), 1);
}

/// Sends each with a sound post behind it: one 400 with this code, no other answer, and no record.
#[track_caller]
fn refuses_each(cases: Vec<InDoubt>) {
    let rig = Rig::open();
    for (case, code) in cases {
        let mut connection = rig.connect();
        connection.send([case.as_bytes(), &request("POST", PATH, &[], ROOMDROP)].concat());
        let answer = connection.read();
        assert_eq!(answer.status, 400, "{case:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{case:?}");
        match code {
            Some(code) => assert_eq!(answer.json()["code"], code, "{case:?}"),
            None => assert_eq!(answer.text(), "", "{case:?}"),
        }
        connection.half_close();
        assert!(connection.is_closed(), "{case:?}");
    }
    assert_eq!(rig.records(), []);
}

fn past_100(connection: &mut Connection) -> Response {
    let answer = connection.read();
    if answer.status == 100 { connection.read() } else { answer }
}
