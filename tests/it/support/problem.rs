//! What a refusal looks like: a problem document (RFC 9457), read strictly.

use hookbridge::metrics::Outcome;
use serde::Deserialize;
use testkit::http::Response;

/// A refusal that is well-formed.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Problem {
    r#type: String,
    title: String,
    status: u16,
    code: String,
    pub(crate) detail: String,
    errors: Option<Vec<FieldError>>,
}

/// One field at fault.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldError {
    pointer: String,
    code: String,
    expected: String,
    detail: String,
}

impl Problem {
    /// Reads an answer; panics where it is no refusal, or not one as it should be.
    #[track_caller]
    pub(crate) fn of(answer: &Response) -> Self {
        let text = answer.text();
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{text}");
        let problem: Self = serde_json::from_str(text).unwrap();
        assert_eq!(problem.status, answer.status, "{text}");
        assert_eq!(problem.r#type, format!("urn:hookbridge:{}", problem.code), "{text}");
        assert_ne!(problem.errors, Some(Vec::new()), "no list is better than an empty one");
        let errors = problem.errors.iter().flatten();
        let texts = errors.flat_map(|error| [&error.expected, &error.detail]);
        for text in texts.chain([&problem.title, &problem.detail]) {
            assert!(!text.trim().is_empty(), "{problem:?}");
        }
        problem
    }

    /// Which refusal it is.
    #[track_caller]
    pub(crate) fn outcome(&self) -> Outcome {
        let found = Outcome::ALL.iter().find(|outcome| outcome.as_str() == self.code);
        *found.unwrap_or_else(|| panic!("no outcome is called {}", self.code))
    }

    /// Where the fields at fault are, and what is wrong with each.
    pub(crate) fn faults(&self) -> Vec<(&str, &str)> {
        let errors = self.errors.iter().flatten();
        errors.map(|error| (&*error.pointer, &*error.code)).collect()
    }
}

/// The status and the outcome of a refusal.
#[track_caller]
pub(crate) fn refusal(answer: &Response) -> (u16, Outcome) {
    (answer.status, Problem::of(answer).outcome())
}
