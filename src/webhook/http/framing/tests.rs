//! Heads that are sound and heads that are not, whole and in pieces of every length.

use super::*;

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
