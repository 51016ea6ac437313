//! The checks are in their order: a request that fails several is answered for the first alone.

use crate::refusals::row::{authorization_of_bound, credentials};
use crate::refusals::table::heads::MAX_BODY;
use crate::support::problem::Problem;
use crate::support::rig::{Rig, USER};
use hookbridge::metrics::Outcome::{
    self, ForbiddenApp, InvalidNotification, MalformedJson, MethodNotAllowed, NotAnObject,
    NotFound, RepeatedField, TooLarge, Unauthorized, Unavailable, UnknownEvent,
    UnsupportedEncoding,
};
use testkit::http::{basic, request};
use testkit::notification::{PATH, ROOMDROP, of_length};

/// Not among the projects of the credential that posts.
const FOREIGN: &str = "60b7e2d49f1c3a0019ad5577";

#[test]
fn a_request_with_every_fault_is_mended_one_check_at_a_time() {
    let rig = Rig::on_mock(|serve| serve.credentials(credentials()).arg("--ack-timeout", "300ms"));
    rig.mock().broker_down();
    let wrong = basic(USER, "wrong");
    let good = authorization_of_bound();
    let large = "x".repeat(MAX_BODY + 1);
    let foreign = ROOMDROP.replace("5f3a9c1e7d2b4a0012c4e8f1", FOREIGN);
    let gzip = Some(("Content-Encoding", "gzip"));
    let steps = [
        ("GET", "/other", &wrong, gzip, &*large, NotFound),
        ("GET", PATH, &wrong, gzip, &large, MethodNotAllowed),
        ("POST", PATH, &wrong, gzip, &large, Unauthorized),
        ("POST", PATH, &good, gzip, &large, UnsupportedEncoding),
        ("POST", PATH, &good, None, &large, TooLarge),
        ("POST", PATH, &good, None, "[{\"type\":1,\"type\":2},]", MalformedJson),
        ("POST", PATH, &good, None, "[{\"type\":1,\"type\":2}]", NotAnObject),
        ("POST", PATH, &good, None, "{\"type\":\"cdr\",\"type\":\"cdr\"}", RepeatedField),
        ("POST", PATH, &good, None, "{\"type\":\"cdr\"}", UnknownEvent),
        ("POST", PATH, &good, None, &foreign.replace("room_id", "room"), InvalidNotification),
        ("POST", PATH, &good, None, &foreign, ForbiddenApp),
        ("POST", PATH, &good, None, ROOMDROP, Unavailable),
    ];

    for (method, path, authorization, coding, body, outcome) in steps {
        let mut headers = vec![("Authorization", &**authorization)];
        headers.extend(coding);
        let mut connection = rig.connect();
        connection.send(request(method, path, &headers, body));
        assert_eq!(Problem::of(&connection.read()).outcome(), outcome);
    }
}

#[test]
fn what_the_head_decides_is_answered_before_the_body_comes() {
    let rig = Rig::on_mock(|serve| serve.credentials(credentials()));
    let good = authorization_of_bound();
    let wrong = basic(USER, "wrong");
    for (method, path, authorization, coding, length, outcome) in [
        ("POST", "/other", &wrong, "gzip", MAX_BODY, NotFound),
        ("PUT", PATH, &wrong, "gzip", MAX_BODY, MethodNotAllowed),
        ("POST", PATH, &wrong, "gzip", MAX_BODY, Unauthorized),
        ("POST", PATH, &good, "gzip", MAX_BODY, UnsupportedEncoding),
        ("POST", PATH, &good, "identity", MAX_BODY + 1, TooLarge),
    ] {
        let mut connection = rig.connect();
        connection.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: {authorization}\r\n\
             Content-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n"
        ));
        assert_eq!(Problem::of(&connection.read()).outcome(), outcome);
    }
}

#[test]
fn a_record_too_large_for_the_topic_is_refused_last_of_all() {
    let rig =
        Rig::on_mock(|serve| serve.credentials(credentials()).arg("-X", "message.max.bytes=2000"));
    let good = authorization_of_bound();
    let large = of_length(2500);
    let foreign = large.replace("5f3a9c1e7d2b4a0012c4e8f1", FOREIGN);
    for (body, outcome) in [(&foreign, ForbiddenApp), (&large, Outcome::RecordRefused)] {
        let answer = rig.post(&[("Authorization", &good)], body);
        assert_eq!(Problem::of(&answer).outcome(), outcome);
    }
}
