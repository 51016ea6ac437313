//! Requests whose end is in doubt, each with what the bridge says to it: a 400 in any case.
//!
//! Their bodies are no notifications.

use crate::protocol::head;
use testkit::notification::PATH;

/// What is refused by the bridge, which hyper would take.
const INVALID: Option<&str> = Some("invalid_head");
/// What hyper reads to a fault in the body.
const BROKEN: Option<&str> = Some("incomplete_body");
/// What hyper refuses before anybody else sees it.
const BARE: Option<&str> = None;

/// A body of five bytes, in chunks.
pub(super) const CHUNKS: &str = "5\r\n[1,2]\r\n0\r\n\r\n";

/// A request, and the code of the 400 where it has one.
pub(crate) type InDoubt = (String, Option<&'static str>);

/// All of them.
pub(crate) fn all() -> Vec<InDoubt> {
    [lengths(), codings(), chunks(), lines_and_hosts()].concat()
}

/// By their lengths.
pub(super) fn lengths() -> Vec<InDoubt> {
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
    cases.map(|(lines, code)| (format!("{}[1,2]", head(lines)), code)).into()
}

/// By how their bodies are coded.
pub(super) fn codings() -> Vec<InDoubt> {
    let cases = [
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
    let cases = cases.map(|(lines, code)| (format!("{}{CHUNKS}", head(lines)), code));
    let old = format!("POST {PATH} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{CHUNKS}");
    cases.into_iter().chain([(old, BARE)]).collect()
}

/// By their chunks.
pub(super) fn chunks() -> Vec<InDoubt> {
    let chunked = head("Transfer-Encoding: chunked\r\n");
    let cases = [
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
    cases.map(|chunks| (format!("{chunked}{chunks}"), BROKEN)).into()
}

/// By what else is in a head.
pub(super) fn lines_and_hosts() -> Vec<InDoubt> {
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
    cases.map(|(head, code)| (format!("{head}[1,2]"), code)).into()
}
