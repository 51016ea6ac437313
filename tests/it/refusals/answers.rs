//! What refusals say in words: where a body breaks, what else is wrong, and nothing to those who
//! fail to identify themselves.

use crate::refusals::row::{credentials, good_head, with};
use crate::refusals::table;
use crate::support::problem::Problem;
use crate::support::rig::Rig;
use hookbridge::metrics::Outcome;
use testkit::http::Response;
use testkit::notification::ROOMDROP;

#[test]
fn every_401_is_the_same_answer_for_any_wrong_credentials() {
    let rig = Rig::on_mock(|serve| serve.credentials(credentials()));
    let unauthorized = table::rows().into_iter().filter(|row| row.outcome == Outcome::Unauthorized);

    let answers: Vec<_> = unauthorized.map(|row| send(&rig, &row.request)).collect();

    for answer in &answers {
        assert_eq!(answer.status, 401);
        assert_eq!(but_date(answer), but_date(&answers[0]));
        assert_eq!(answer.text(), answers[0].text());
    }
    assert!(answers.len() > 10);
}

#[test]
fn a_parse_error_is_placed_by_line_and_column() {
    let rig = Rig::open();
    for (body, place) in [
        (&b"{\n  \"a\": 1,\n}"[..], "line 3 column 1"),
        (b"{\"a\":1}\0", "line 1 column 8"),
        (b"{\n\"a\": \"\xff\"}", "line 2 column 7"),
        (b"", "line 1 column 0"),
    ] {
        let problem = Problem::of(&rig.post(&[], body));
        assert!(problem.detail.ends_with(place), "{}: {}", body.escape_ascii(), problem.detail);
    }
}

#[test]
fn a_form_is_named_as_one() {
    let rig = Rig::open();
    let encoded = "application/x-www-form-urlencoded";
    let part = "--X\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n{}\r\n--X--";
    for (body, kind) in [
        ("payload=%7B%22type%22%3A%22roomdrop%22%7D", encoded),
        ("type=roomdrop&app_id=5f3a", encoded),
        (part, "multipart/form-data"),
    ] {
        let answer = rig.post(&[("Content-Type", kind)], body);
        let problem = Problem::of(&answer);
        assert_eq!((answer.status, problem.outcome()), (400, Outcome::MalformedJson));
        let expected = format!("the body is a form ({kind}), send the JSON itself as the body");
        assert!(problem.detail.starts_with(&expected), "{}", problem.detail);
    }
    // As `curl --data` names whatever it sends.
    assert_eq!(rig.post(&[("Content-Type", encoded)], ROOMDROP).status, 200);
    let problem = Problem::of(&rig.post(&[("Content-Type", encoded)], "{"));
    assert!(!problem.detail.contains("form"), "{}", problem.detail);
}

#[test]
fn a_post_of_the_voice_service_gets_a_hint() {
    let rig = Rig::open();
    let body = "{\"encrypted_data\":\"00\"}";
    let headers = [("x-algoritm", "aes"), ("x-format", "json"), ("x-encoding", "base64")];

    let problem = Problem::of(&rig.post(&headers, body));

    assert!(problem.detail.contains("voice"), "{}", problem.detail);
}

#[test]
fn more_faults_than_are_listed_are_counted() {
    let rig = Rig::restricted();
    let body = with(include_str!("../../samples/recording.json"), "/recording", vec![0; 20].into());

    let problem = Problem::of(&send(&rig, &good_head(body)));

    assert_eq!(problem.faults().len(), 16);
    assert!(problem.detail.contains("19 more"), "{}", problem.detail);
}

fn send(rig: &Rig, request: &[u8]) -> Response {
    let mut connection = rig.connect();
    connection.send(request);
    connection.read()
}

/// The headers that could distinguish one answer from another.
fn but_date(answer: &Response) -> Vec<&(String, String)> {
    answer.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("date")).collect()
}
