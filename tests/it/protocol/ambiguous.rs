//! Requests whose end is in doubt: one fixed answer, a closed connection, and no second record.
//!
//! Each is followed by a post that is sound, which would be accepted if the end were found there.

use crate::protocol::{head, is_accepted};
use crate::support::rig::Rig;
use testkit::http::{Connection, Response, request};
use testkit::notification::{PATH, ROOMDROP, numbered};

/// What is refused by the bridge, which hyper would take.
const INVALID: Option<&str> = Some("invalid_head");
/// What hyper reads to a fault in the body.
const BROKEN: Option<&str> = Some("incomplete_body");
/// What hyper refuses before anybody else sees it.
const BARE: Option<&str> = None;

/// A body of five bytes, in chunks.
const CHUNKS: &str = "5\r\n[1,2]\r\n0\r\n\r\n";

#[test]
fn lengths_that_are_in_doubt_are_refused() {
    let cases = [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", INVALID),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", INVALID),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", INVALID),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", INVALID),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", BARE),
        ("Content-Length: 5, 5\r\n", BARE),
        ("Content-Length: +5\r\n", BARE),
        ("Content-Length: -5\r\n", BARE),
        ("Content-Length: 0x10\r\n", BARE),
        ("Content-Length: 5_0\r\n", BARE),
        ("Content-Length: 5 5\r\n", BARE),
        ("Content-Length: 5.0\r\n", BARE),
        ("Content-Length:\r\n", BARE),
        ("Content-Length : 5\r\n", BARE),
        ("Content-Length\t: 5\r\n", BARE),
        (" Content-Length: 5\r\n", BARE),
        ("Content-Length: 18446744073709551616\r\n", BARE),
        ("Content-Length: 5\0\r\n", BARE),
        ("Content-Length:\r\n 5\r\n", BARE),
        ("X: y\r\n folded\r\nContent-Length: 5\r\n", BARE),
        ("X: a\0b\r\nContent-Length: 5\r\n", BARE),
        ("X: a\rb\r\nContent-Length: 5\r\n", BARE),
    ];
    refuses_each(cases.map(|(lines, code)| (format!("{}[1,2]", head(lines)), code)));
}

#[test]
fn codings_and_chunks_that_are_in_doubt_are_refused() {
    let chunked = head("Transfer-Encoding: chunked\r\n");
    let codings = [
        ("Transfer-Encoding: gzip, chunked\r\n", INVALID),
        ("Transfer-Encoding: chunked, chunked\r\n", INVALID),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", INVALID),
        ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", INVALID),
        ("Transfer-Encoding: chunked, gzip\r\n", BARE),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", BARE),
        ("Transfer-Encoding: identity\r\n", BARE),
        ("Transfer-Encoding: xchunked\r\n", BARE),
        ("Transfer-Encoding:\r\n", BARE),
        ("Transfer-Encoding : chunked\r\n", BARE),
        ("Transfer-Encoding: \0chunked\r\n", BARE),
        ("Transfer-Encoding:\r\n chunked\r\n", BARE),
    ];
    let chunks = [
        "5\n[1,2]\r\n0\r\n\r\n",
        "5\r\n[1,2]\n0\r\n\r\n",
        "5\r\n[1,2]\r\n0\n\n",
        "5;a\n[1,2]\r\n0\r\n\r\n",
        "5\r\n[1,2]0\r\n\r\n",
        "4\r\n[1,2]\r\n0\r\n\r\n",
        "0x5\r\n[1,2]\r\n0\r\n\r\n",
        "+5\r\n[1,2]\r\n0\r\n\r\n",
        "-5\r\n[1,2]\r\n0\r\n\r\n",
        " 5\r\n[1,2]\r\n0\r\n\r\n",
        "5 5\r\n[1,2]\r\n0\r\n\r\n",
        "\r\n[1,2]\r\n0\r\n\r\n",
        "10000000000000005\r\n[1,2]\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n[1,2]\r\n0\r\n\r\n",
    ];
    refuses_each(codings.map(|(lines, code)| (format!("{}{CHUNKS}", head(lines)), code)));
    refuses_each(chunks.map(|chunks| (format!("{chunked}{chunks}"), BROKEN)));
    let old = "Transfer-Encoding: chunked\r\n";
    refuses_each([(format!("POST {PATH} HTTP/1.0\r\n{old}\r\n{CHUNKS}"), BARE)]);
}

#[test]
fn lines_and_hosts_that_are_in_doubt_are_refused() {
    let length = "Content-Length: 5";
    let cases = [
        (format!("POST {PATH} HTTP/1.1\r\n{length}\r\n\r\n"), INVALID),
        (format!("POST http://test{PATH} HTTP/1.1\r\n{length}\r\n\r\n"), INVALID),
        (format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nHost: a\r\n{length}\r\n\r\n"), INVALID),
        (format!("POST {PATH} HTTP/1.0\r\nHost: a\r\nHost: a\r\n{length}\r\n\r\n"), INVALID),
        (format!("POST {PATH} HTTP/1.1\nHost: a\n{length}\n\n"), INVALID),
        (format!("POST {PATH} HTTP/1.1\r\nHost: a\r\n{length}\n\r\n"), INVALID),
        (format!("POST {PATH} HTTP/1.1\r\nHost: a\r\n{length}\r\n\n"), INVALID),
        (format!("\nPOST {PATH} HTTP/1.1\r\nHost: a\r\n{length}\r\n\r\n"), INVALID),
        (format!("POST {PATH} HTTP/1.1\r\nHost : a\r\n{length}\r\n\r\n"), BARE),
        (format!("POST  {PATH} HTTP/1.1\r\nHost: a\r\n{length}\r\n\r\n"), BARE),
        (format!("POST {PATH}\r\nHost: a\r\n{length}\r\n\r\n"), BARE),
        (format!("POST {PATH} HTTP/2.0\r\nHost: a\r\n{length}\r\n\r\n"), BARE),
    ];
    refuses_each(cases.map(|(head, code)| (format!("{head}[1,2]"), code)));
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
fn refuses_each<const N: usize>(cases: [(String, Option<&str>); N]) {
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
