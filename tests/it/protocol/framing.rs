//! How a body is marked off: its length, chunks, a wait for 100 (Continue).

use std::fmt::Write as _;

use crate::support::http::{Response, request};
use crate::support::notification::{APP_ID, ROOMDROP, ce_id, numbered};
use crate::support::rig::{PATH, Rig, authorization};

const EXPECT: (&str, &str) = ("Expect", "100-continue");

#[test]
fn a_chunked_body_is_the_sum_of_its_chunks() {
    let rig = Rig::open();
    let body = ROOMDROP.replace("64a1f0c2e4b0d7a1c3f9b210", "комната 📹");
    let mut connection = rig.connect();

    // Every boundary within a character is among them.
    connection.send(chunked(&body.bytes().map(|byte| vec![byte]).collect::<Vec<_>>(), ""));
    assert!(is_accepted(&connection.read(), &body));
    connection.send(chunked(&[body.as_bytes()], ""));
    assert!(is_accepted(&connection.read(), &body));

    let records = rig.records();
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record.value == body.as_bytes()));
}

#[test]
fn chunks_may_come_one_by_one_with_extensions_and_trailers() {
    let rig = Rig::open();
    let mut connection = rig.connect();
    let (first, second) = ROOMDROP.split_at(17);

    connection.send(head("Transfer-Encoding: chunked\r\nTrailer: Digest\r\n"));
    connection.send(format!("{:x};name=\"value\"\r\n{first}\r\n", first.len()));
    connection.send(format!("{:X}\r\n{second}\r\n", second.len()));
    connection.send("0\r\nDigest: sha-256=none\r\n\r\n");
    assert!(is_accepted(&connection.read(), ROOMDROP));

    connection.send(request("POST", PATH, &[], numbered(1)));
    assert!(is_accepted(&connection.read(), &numbered(1)));
}

#[test]
fn an_empty_chunked_body_is_an_empty_body() {
    let rig = Rig::open();

    let mut connection = rig.connect();
    connection.send(chunked::<&str>(&[], ""));

    assert_eq!(connection.read().json()["code"], "malformed_json");
}

#[test]
fn a_sender_that_waits_for_a_100_gets_it_before_its_body_and_200_after_it() {
    let rig = Rig::restricted();
    let mut connection = rig.connect();
    let authorization = authorization();
    let post = request("POST", PATH, &[EXPECT, ("Authorization", &authorization)], ROOMDROP);
    let (head, body) = post.split_at(post.len() - ROOMDROP.len());

    for _ in 0..2 {
        connection.send(head);
        assert_eq!(connection.read().status, 100);
        connection.send(body);
        assert!(is_accepted(&connection.read(), ROOMDROP));
    }
}

#[test]
fn a_sender_that_waits_for_a_100_in_vain_reads_why() {
    let rig = Rig::restricted();
    let authorization = authorization();
    let too_large = (1024 * 1024 + 1).to_string();
    let head = |path: &str, fields: &str| format!("POST {path} HTTP/1.1\r\n{fields}\r\n");
    let expect = "Host: test\r\nExpect: 100-continue\r\nContent-Length: ";
    for (head, status) in [
        (head(PATH, &format!("{expect}184\r\n")), 401),
        (head("/other", &format!("{expect}184\r\n")), 404),
        (head(PATH, &format!("{expect}{too_large}\r\nAuthorization: {authorization}\r\n")), 413),
        (
            head(
                PATH,
                &format!(
                    "{expect}9\r\nContent-Encoding: gzip\r\nAuthorization: {authorization}\r\n"
                ),
            ),
            415,
        ),
    ] {
        let mut connection = rig.connect();
        connection.send(&head);

        let answer = connection.read();
        assert_eq!(answer.status, status, "{head}");
        // The body may come now or not: nobody could tell it from the next post.
        assert_eq!(answer.header("connection"), Some("close"), "{head}");
        assert!(connection.is_closed(), "{head}");
    }
}

#[test]
fn a_sender_that_does_not_wait_for_its_100_is_answered_all_the_same() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    connection.send(request("POST", PATH, &[EXPECT], ROOMDROP));

    let mut answer = connection.read();
    if answer.status == 100 {
        answer = connection.read();
    }
    assert!(is_accepted(&answer, ROOMDROP));
}

/// A body of these chunks and trailers.
fn chunked<T: AsRef<[u8]>>(chunks: &[T], trailers: &str) -> Vec<u8> {
    let mut post = head("Transfer-Encoding: chunked\r\n").into_bytes();
    for chunk in chunks.iter().map(AsRef::as_ref) {
        post.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    post.extend(format!("0\r\n{trailers}\r\n").bytes());
    post
}

/// The head of a post with these lines.
pub(super) fn head(lines: &str) -> String {
    format!("POST {PATH} HTTP/1.1\r\nHost: test\r\n{lines}\r\n")
}

/// A post of the old version with these lines.
pub(super) fn http_1_0(lines: &str, body: &str) -> String {
    let mut post = format!("POST {PATH} HTTP/1.0\r\nContent-Length: {}\r\n", body.len());
    write!(post, "{lines}\r\n{body}").unwrap();
    post
}

/// Whether this is the 200 of that notification of [`APP_ID`].
pub(super) fn is_accepted(answer: &Response, body: &str) -> bool {
    answer.status == 200 && answer.json()["id"] == ce_id(APP_ID, body)
}
