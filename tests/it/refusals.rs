//! Every "no" that a sender may get: a table of requests and refusals, and what holds for all.

mod answers;
mod bodies;
mod complete;
mod contracts;
mod order;
mod row;
mod set_ups;
mod table;

use crate::support::problem::Problem;
use crate::support::rig::{PASSWORD, Rig, SOON, authorization};
use row::{MARKER, Row, credentials};
use testkit::deadline::eventually;
use testkit::http::Response;

/// What a 401 asks for (RFC 7617).
const CHALLENGE: &str = "Basic realm=\"hookbridge\", charset=\"UTF-8\"";

#[test]
fn each_request_of_the_table_is_refused_without_echo_or_record() {
    let rig = Rig::on_mock(|serve| serve.credentials(credentials()).env("LOG", "trace"));

    let rows = table::rows();
    for row in &rows {
        let mut connection = rig.connect();
        connection.send(&row.request);
        check(row, &connection.read());
    }

    assert_eq!(rig.records(), []);
    eventually(SOON, "each post has its line in the log", || {
        rig.bridge().log().matches("\"target\":\"post\"").count() == rows.len()
    });
    let log = rig.bridge().log();
    // Of a body, project and type are logged, and nothing else.
    let logged = ["app_id", "type"].map(|field| format!("\"{field}\":\"{MARKER}\""));
    let log = logged.iter().fold(log, |log, field| log.replace(field, ""));
    for secret in [MARKER, PASSWORD, &authorization()["Basic ".len()..]] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

fn check(Row { why, status, outcome, faults, .. }: &Row, answer: &Response) {
    let problem = Problem::of(answer);
    assert_eq!((answer.status, problem.outcome()), (*status, *outcome), "{why}");
    let expected = faults.iter().map(|(pointer, code)| (&**pointer, *code));
    assert!(problem.faults().into_iter().eq(expected), "{why}: {:?}", problem.faults());
    assert!(!answer.text().contains(MARKER), "{why}");
    assert!(!answer.headers.iter().any(|(_, value)| value.contains(MARKER)), "{why}");
    for (name, expected) in [
        ("www-authenticate", (*status == 401).then_some(CHALLENGE)),
        ("allow", (*status == 405).then_some("POST")),
        ("retry-after", None), // of a 503 alone, and those are in tests of their own
    ] {
        assert_eq!(answer.header(name), expected, "{why}: {name}");
    }
}
