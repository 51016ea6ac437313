//! Heads that are sound and heads that are not, whole and in pieces of every length.

use super::*;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use proptest::collection::vec;
use proptest::prelude::proptest;
use proptest::sample::select;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncWriteExt as _, duplex};
use tokio::runtime::Builder;

/// What requests are made of, sound or not.
const PARTS: [&str; 30] = [
    HEAD,
    HEAD,
    HEAD,
    "GET / HTTP/1.0\r\n",
    "GET / HTTP/1.1\r\n",
    "Host: b\r\n",
    "Content-Length: 2\r\n",
    "Content-Length: 0\r\n",
    "content-length: 02\r\n",
    "Content-Length: +2\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding: CHUNKED\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "X: y\r\n",
    "X : y\r\n",
    "\r\n",
    "\r\n",
    "\r\n",
    "\n",
    "\r",
    "{}",
    "2\r\n{}\r\n",
    "2;a=\"b\" \r\n{}\r\n",
    "2\n{}\r\n",
    "0\r\n",
    "0\r\n\r\n",
    "00 \r\n\r\n",
    "\0",
];
/// More than all answers to so many parts.
const ROOM: usize = 64 * 1024;

const HEAD: &str = "POST /webhook HTTP/1.1\r\nHost: a\r\n";

/// How many heads are sound, and the fault behind them, however the bytes come.
fn follow(bytes: &str) -> (u64, Option<HeadFault>) {
    let whole = Framing::default().follow(bytes.as_bytes());
    for piece in 1..bytes.len() {
        let mut framing = Framing::default();
        let (mut sound, mut fault) = (0, None);
        for bytes in bytes.as_bytes().chunks(piece) {
            let (more, found) = framing.follow(bytes);
            sound += more;
            fault = fault.or(found);
        }
        assert_eq!((sound, fault), whole, "in pieces of {piece}: {bytes:?}");
    }
    whole
}

#[test]
fn requests_behind_one_another_are_kept_apart() {
    let empty = format!("{HEAD}\r\n");
    let sized = format!("{HEAD}cOntent-length:\t 3 \r\n\r\n\n\r\n");
    let chunked = format!(
        "{HEAD}Transfer-Encoding: Chunked\r\n\r\n2;a=b\r\n\r\n\r\n0A \r\n0123456789\r\n0\r\nX: y\r\n\r\n"
    );
    let old = "POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n";
    let all = [&empty, &sized, "\r\n", &chunked, old, &sized].concat();
    assert_eq!(follow(&all), (5, None));
    assert_eq!(follow(&all.repeat(2)), (10, None));
}

#[test]
fn a_head_that_can_be_read_in_two_ways_is_not_sound_and_nor_is_what_follows() {
    for (lines, fault) in [
        ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", HeadFault::Length),
        ("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", HeadFault::Length),
        ("Content-Length: 3\r\nContent-Length: 3\r\n", HeadFault::Length),
        ("Content-Length: +3\r\n", HeadFault::Length),
        ("Content-Length: 3, 3\r\n", HeadFault::Length),
        ("Content-Length: 18446744073709551616\r\n", HeadFault::Length),
        ("Content-Length:\r\n", HeadFault::Length),
        ("Transfer-Encoding: gzip, chunked\r\n", HeadFault::Coding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", HeadFault::Coding),
        ("X: y\n", HeadFault::LineEnd),
        ("Host: b\r\n", HeadFault::Host),
    ] {
        let sound = format!("{HEAD}\r\n");
        assert_eq!(
            follow(&format!("{sound}{HEAD}{lines}\r\n{sound}")),
            (1, Some(fault)),
            "{lines}"
        );
    }
    assert_eq!(follow("POST / HTTP/1.1\r\n\r\n"), (0, Some(HeadFault::Host)));
    assert_eq!(follow("POST / HTTP/1.0\r\n\r\n"), (1, None));
    assert_eq!(follow("\nPOST / HTTP/1.0\r\n\r\n"), (0, Some(HeadFault::LineEnd)));
}

#[test]
fn behind_chunks_in_doubt_no_head_is_sound() {
    let sound = format!("{HEAD}\r\n");
    for chunks in [
        "2\n{}\r\n0\r\n\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "2\r\n{}x\r\n",
        "0x2\r\n",
        "10000000000000000\r\n",
        "\r\n",
    ] {
        let (heads, fault) =
            follow(&format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{chunks}{sound}"));
        assert_eq!(heads, 1, "{chunks:?}");
        assert!(fault.is_some(), "{chunks:?}");
    }
}

#[test]
fn a_line_without_an_end_is_kept_to_a_bound() {
    let mut framing = Framing::default();
    let piece = [b'x'; 1024];
    let faults = (0..100).filter_map(|_| framing.follow(&piece).1).count();
    assert_eq!((faults, framing.begun.capacity()), (1, 0));
}

/// How many requests hyper finds in these bytes.
fn found_by_hyper(bytes: &str) -> u64 {
    let found = AtomicU64::new(0);
    let (mut sender, server) = duplex(ROOM);
    let service = service_fn(|request: Request<Incoming>| {
        found.fetch_add(1, Ordering::Relaxed);
        async {
            drop(request.into_body().collect().await);
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    Builder::new_current_thread().build().unwrap().block_on(async {
        sender.write_all(bytes.as_bytes()).await.unwrap();
        sender.shutdown().await.unwrap();
        let connection =
            http1::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service);
        drop(connection.await);
    });
    found.load(Ordering::Relaxed)
}

proptest! {
    #[test]
    fn hyper_finds_no_request_that_is_not_followed(parts in vec(select(&PARTS[..]), 1..24)) {
        let bytes = parts.concat();
        let (sound, fault) = follow(&bytes);
        let found = found_by_hyper(&bytes);
        assert!(found <= sound || fault.is_some(), "{found} of {sound} in {bytes:?}");
    }
}
