//! What came of one post.
//!
//! Promise: accepted is a 200 whose body says so, and nothing else.

use crate::cli::http_client::{Answer, HttpError};
use crate::cli::ledger::ACCEPTED;
use crate::error_chain::error_chain;
use http::StatusCode;
use serde::Deserialize;
use std::borrow::Cow;

/// Of an answer that says no code: of no bridge, as a proxy's own.
const NO_CODE: &str = "no_code";
/// The most characters of a code and of a detail: both are the other side's words.
const CODE: usize = 40;
const DETAIL: usize = 200;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PostResult {
    /// None without an answer.
    pub(super) status: Option<StatusCode>,
    pub(super) code: Cow<'static, str>,
    /// Why it was not accepted.
    pub(super) detail: Option<String>,
    /// Of a post that was accepted.
    pub(super) id: Option<String>,
}

/// The body of the 200.
#[derive(Deserialize)]
struct AcceptedAnswer<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    id: Option<String>,
    /// Why it is a dead letter.
    code: Option<String>,
    detail: Option<String>,
}

/// What is read of a refusal (RFC 9457).
#[derive(Deserialize)]
struct ProblemDetail {
    code: Option<String>,
    detail: Option<String>,
}

impl PostResult {
    /// Of an answer.
    pub(super) fn of(answer: &Answer) -> Self {
        let status = Some(answer.status);
        if answer.status == StatusCode::OK
            && let Ok(said) = serde_json::from_slice::<AcceptedAnswer<'_>>(&answer.body)
        {
            // The one of nearly all posts costs no text of its own.
            let code = match said.status.as_ref() {
                ACCEPTED => Cow::Borrowed(ACCEPTED),
                other => cut(other, CODE).into(),
            };
            let why = said.code.zip(said.detail);
            let detail = why.map(|(code, detail)| cut(&format!("{code}: {detail}"), DETAIL));
            return Self { status, code, detail, id: said.id };
        }
        let problem: Option<ProblemDetail> = serde_json::from_slice(&answer.body).ok();
        let (code, detail) = problem.map_or((None, None), |problem| (problem.code, problem.detail));
        Self {
            status,
            code: code.map_or(NO_CODE.into(), |code| cut(&code, CODE).into()),
            detail: detail.map(|detail| cut(&detail, DETAIL)),
            id: None,
        }
    }

    /// Of a post that has no answer.
    pub(super) fn of_error(error: &HttpError) -> Self {
        let code = match error {
            HttpError::Connect { .. } => "no_connection",
            HttpError::Tls { .. } | HttpError::Clear { .. } => "no_tls",
            HttpError::Unsent | HttpError::Exchange(_) | HttpError::Body(_) => "broken",
            HttpError::Silent => "no_answer",
        };
        let detail = Some(cut(&error_chain(error), DETAIL));
        Self { status: None, code: code.into(), detail, id: None }
    }

    /// Whether the bridge has it.
    pub(super) fn is_accepted(&self) -> bool {
        self.status == Some(StatusCode::OK) && self.code == ACCEPTED
    }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::time::Duration;

    fn result(status: u16, body: &'static str) -> PostResult {
        let status = StatusCode::from_u16(status).unwrap();
        let body = Bytes::from_static(body.as_bytes());
        PostResult::of(&Answer { status, body, took: Duration::ZERO })
    }

    #[test]
    fn only_a_200_that_says_so_is_accepted() {
        let good = result(200, r#"{"status":"accepted","id":"ab"}"#);
        assert!(good.is_accepted());
        assert_eq!(good.id.as_deref(), Some("ab"));
        for (status, body, code) in [
            (200, "<html>", NO_CODE),
            (200, r#"{"status":"dead_lettered","id":"ab"}"#, "dead_lettered"),
            (201, r#"{"status":"accepted","id":"ab"}"#, NO_CODE),
            (503, r#"{"code":"unavailable","detail":"later"}"#, "unavailable"),
            (502, "", NO_CODE),
        ] {
            let other = result(status, body);
            assert!(!other.is_accepted(), "{body}");
            assert_eq!(other.code, code, "{body}");
        }
    }

    #[test]
    fn a_dead_letter_says_why_it_is_one() {
        let said = r#"{"status":"dead_lettered","code":"unknown_event","detail":"`type` is new"}"#;
        assert_eq!(result(200, said).detail.as_deref(), Some("unknown_event: `type` is new"));
    }

    #[test]
    fn the_words_of_the_other_side_are_cut() {
        let body = Box::leak(format!("{{\"code\":\"{}\"}}", "x".repeat(1000)).into_boxed_str());
        assert_eq!(result(400, body).code.len(), CODE);
    }
}
