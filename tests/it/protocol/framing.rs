//! How a body is marked off: its length, chunks, a wait for 100 (Continue).

use crate::protocol::{head, is_accepted};
use crate::support::problem::refusal;
use crate::support::rig::{Rig, authorization};
use hookbridge::metrics::Outcome;
use testkit::http::request;
use testkit::notification::{PATH, ROOMDROP, numbered};

const EXPECT: (&str, &str) = ("Expect", "100-continue");

#[test]
fn a_chunked_body_is_the_sum_of_its_chunks() {
    let rig = Rig::open();
    let body = ROOMDROP.replace("64a1f0c2e4b0d7a1c3f9b210", "комната 📹");
    let mut connection = rig.connect();

    // Every boundary within a character is among them.
    connection.send(chunked(&body.bytes().map(|byte| vec![byte]).collect::<Vec<_>>()));
    assert!(is_accepted(&connection.read(), &body));
    connection.send(chunked(&[body.as_bytes()]));
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
    connection.send(chunked::<&str>(&[]));

    assert_eq!(refusal(&connection.read()), (400, Outcome::MalformedJson));
}

#[test]
fn a_sender_that_waits_for_a_100_gets_it_before_its_body() {
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
    let declared = |length: usize| format!("Expect: 100-continue\r\nContent-Length: {length}\r\n");
    let identified = format!("Authorization: {authorization}\r\n");
    let small = declared(ROOMDROP.len());
    for (head, status) in [
        (head(&small).replace(PATH, "/other"), 404),
        (head(&small).replace("POST", "PUT"), 405),
        (head(&small), 401),
        (head(&format!("{small}{identified}Content-Encoding: gzip\r\n")), 415),
        (head(&format!("{}{identified}", declared(1024 * 1024 + 1))), 413),
    ] {
        let mut connection = rig.connect();
        connection.send(&head);

        let answer = connection.read();
        assert_eq!(answer.status, status, "{head}");
        // The body may come now or not: nobody could distinguish it from the next post.
        assert_eq!(answer.header("connection"), Some("close"), "{head}");
        assert!(connection.is_closed(), "{head}");
    }
}

#[test]
fn a_sender_that_does_not_wait_for_its_100_is_answered_too() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    connection.send(request("POST", PATH, &[EXPECT], ROOMDROP));

    let mut answer = connection.read();
    if answer.status == 100 {
        answer = connection.read();
    }
    assert!(is_accepted(&answer, ROOMDROP));
}

/// A post whose body comes in these chunks.
fn chunked<T: AsRef<[u8]>>(chunks: &[T]) -> Vec<u8> {
    let mut post = head("Transfer-Encoding: chunked\r\n").into_bytes();
    for chunk in chunks.iter().map(AsRef::as_ref) {
        post.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    post.extend(b"0\r\n\r\n");
    post
}
