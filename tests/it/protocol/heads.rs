//! What a head may look like: target, method, names, length.

use crate::protocol::is_accepted;
use crate::support::rig::{Rig, authorization};
use testkit::http::request;
use testkit::notification::{PATH, ROOMDROP};

/// What hyper takes of the lines of a head.
const MOST_FIELDS: usize = 100;

/// More than the bridge reads of a head, and more than the buffers of both sockets hold.
const LONG: usize = 10 * 1024 * 1024;

#[test]
fn a_query_or_an_absolute_target_is_the_same_path() {
    let rig = Rig::open();
    for target in ["/webhook?", "/webhook?a=b&c=%2F", "/webhook?/other", "http://any.test/webhook"]
    {
        let mut connection = rig.connect();
        connection.send(request("POST", target, &[], ROOMDROP));
        assert!(is_accepted(&connection.read(), ROOMDROP), "{target}");
    }
}

#[test]
fn the_path_is_the_operators() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--path", "/hooks/video-8d2f"));
    for (path, status) in [("/hooks/video-8d2f", 200), ("/hooks/video-8d2f?a", 200), (PATH, 404)] {
        let mut connection = rig.connect();
        connection.send(request("POST", path, &[], ROOMDROP));
        assert_eq!(connection.read().status, status, "{path}");
    }
}

#[test]
fn every_other_path_is_another_path() {
    let rig = Rig::open();
    for target in [
        "/",
        "/webhook/",
        "/webhook/?a",
        "//webhook",
        "/Webhook",
        "/web",
        "/webhooks",
        "/?/webhook",
        "http://any.test/",
        "http://any.test",
        "*",
    ] {
        let mut connection = rig.connect();
        connection.send(request("POST", target, &[], ROOMDROP));
        assert_eq!(connection.read().json()["code"], "not_found", "{target}");
    }
}

#[test]
fn every_other_method_is_answered_with_the_one_that_is_taken() {
    let rig = Rig::open();
    for method in ["GET", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "post", "PROPFIND"] {
        let mut connection = rig.connect();
        connection.send(request(method, PATH, &[], ""));
        let answer = connection.read();
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
}

#[test]
fn a_head_request_is_refused_bodyless_and_keeps_the_connection() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    connection.send(format!("HEAD {PATH} HTTP/1.1\r\nHost: test\r\n\r\n"));
    assert_eq!(connection.read_without_body().status, 405);

    connection.send(request("POST", PATH, &[], ROOMDROP));
    assert!(is_accepted(&connection.read(), ROOMDROP));
}

#[test]
fn names_and_tokens_are_read_in_any_case() {
    let rig = Rig::restricted();
    let authorization = authorization().replace("Basic", "bAsIC");
    let lines = [
        format!("POST {PATH} HTTP/1.1\r\nHOST: Test\r\naUTHORIZATION: {authorization}"),
        "content-ENCODING: Identity".to_owned(),
        "TRANSFER-encoding: CHUNKED".to_owned(),
        format!("\r\n{:x}\r\n{ROOMDROP}\r\n0\r\n\r\n", ROOMDROP.len()),
    ];
    let mut connection = rig.connect();

    connection.send(lines.join("\r\n"));

    assert!(is_accepted(&connection.read(), ROOMDROP));
}

#[test]
fn a_head_that_is_too_long_is_refused_and_disturbs_no_other() {
    let rig = Rig::open();
    let mut other = rig.connect();
    let long = "x".repeat(LONG);
    let many = "X: y\r\n".repeat(1000);
    let fields = |count| "X: y\r\n".repeat(count - 1);
    let just_over = "x".repeat(16 * 1024);
    for head in [
        format!("POST {PATH}?{long} HTTP/1.1\r\nHost: test\r\n\r\n"),
        format!("POST {PATH} HTTP/1.1\r\nHost: test\r\nX-Long: {long}\r\n\r\n"),
        format!("POST {PATH} HTTP/1.1\r\n{many}\r\n"),
        format!("POST {PATH} HTTP/1.1\r\nHost: test\r\nX-Long: {just_over}\r\n\r\n"),
        format!("POST {PATH} HTTP/1.1\r\nHost: test\r\n{}\r\n", fields(MOST_FIELDS + 1)),
    ] {
        let mut connection = rig.connect();
        connection.send(&head);
        let answer = connection.read();
        assert!(matches!(answer.status, 400 | 414 | 431), "{}: {}", answer.status, &head[..40]);
        assert!(connection.is_closed());
    }

    other.send(request("POST", PATH, &[], ROOMDROP));
    assert!(is_accepted(&other.read(), ROOMDROP));
    rig.wait_for_count("hookbridge_heads_refused_total", 5);
    assert_eq!(rig.outcomes(), [("published".to_owned(), 1)].into());
}

#[test]
fn what_is_not_http_is_answered_400_and_closed() {
    let rig = Rig::open();
    for bytes in [
        "nonsense\r\n\r\n".as_bytes(),
        b"POST /webhook HTTP/9.9\r\n\r\n",
        b"POST /webhook HTTP/1.1\r\nNo colon\r\n\r\n",
        b"POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /webhook HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", // as TLS begins
    ] {
        let mut connection = rig.connect();
        connection.send(bytes);
        let answer = connection.read();
        assert_eq!(answer.status, 400, "{}", bytes.escape_ascii());
        assert!(connection.is_closed(), "{}", bytes.escape_ascii());
    }
}
