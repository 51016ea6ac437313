//! One row of the table: a request, and the refusal that it gets.

use crate::support::rig::{PASSWORD, USER, authorization};
use hookbridge::metrics::Outcome;
use serde_json::Value;
use testkit::http::{basic, request};
use testkit::notification::{APP_ID, PATH};

/// It is in every body that can hold it, and may be nowhere else.
pub(super) const MARKER: &str = "m4rk3r-7e0a";

/// The user that may speak for [`APP_ID`] alone; its password is [`PASSWORD`] too.
const BOUND: &str = "bound";

/// A request, and the refusal that it gets.
pub(super) struct Row {
    pub(super) why: String,
    pub(super) request: Vec<u8>,
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    /// The pointer and the code of each fault.
    pub(super) faults: Vec<(String, &'static str)>,
}

/// The credentials that the table is written for.
pub(super) fn credentials() -> String {
    format!("{USER}:plain:{PASSWORD}\n{BOUND}:plain:{PASSWORD} {APP_ID}\n")
}

/// The `Authorization` header of the user that is bound to [`APP_ID`].
pub(super) fn authorization_of_bound() -> String {
    basic(BOUND, PASSWORD)
}

impl Row {
    /// A request as it is on the wire.
    pub(super) fn new(
        why: impl Into<String>,
        request: impl Into<Vec<u8>>,
        status: u16,
        outcome: Outcome,
    ) -> Self {
        Self { why: why.into(), request: request.into(), status, outcome, faults: Vec::new() }
    }

    /// A post whose head is good.
    pub(super) fn post(
        why: impl Into<String>,
        body: impl AsRef<[u8]>,
        status: u16,
        outcome: Outcome,
    ) -> Self {
        Self::new(why, good_head(body), status, outcome)
    }

    /// A post whose fields are at fault.
    pub(super) fn fields(
        why: impl Into<String>,
        body: impl AsRef<[u8]>,
        faults: &[(impl AsRef<str>, &'static str)],
    ) -> Self {
        let faults = faults.iter().map(|(pointer, code)| (pointer.as_ref().to_owned(), *code));
        let row = Self::post(why, body, 422, Outcome::InvalidNotification);
        Self { faults: faults.collect(), ..row }
    }
}

/// A post with this body that the head does not refuse.
pub(super) fn good_head(body: impl AsRef<[u8]>) -> Vec<u8> {
    request("POST", PATH, &[("Authorization", &authorization())], body)
}

/// A sample with [`MARKER`] as a key, within a key and as a value.
pub(super) fn marked(sample: &str) -> String {
    sample.replacen(
        '{',
        &format!("{{\"{MARKER}\":[\"{MARKER}\",{{\"x{MARKER}\":\"\\u0021{MARKER}\"}}],"),
        1,
    )
}

/// A marked sample with another value at `pointer`.
pub(super) fn with(sample: &str, pointer: &str, value: Value) -> String {
    edited(sample, pointer, |parent, key| match parent {
        Value::Object(members) => drop(members.insert(key.to_owned(), value)),
        Value::Array(elements) => elements[key.parse::<usize>().unwrap()] = value,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            panic!("{pointer} leads into {parent}")
        }
    })
}

/// A marked sample without what is at `pointer`.
pub(super) fn without(sample: &str, pointer: &str) -> String {
    edited(sample, pointer, |parent, key| {
        let removed = parent.as_object_mut().and_then(|members| members.remove(key));
        assert!(removed.is_some(), "there is no {pointer}");
    })
}

fn edited(sample: &str, pointer: &str, edit: impl FnOnce(&mut Value, &str)) -> String {
    let mut body: Value = serde_json::from_str(&marked(sample)).unwrap();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer begins with a slash");
    edit(body.pointer_mut(parent).unwrap(), key);
    body.to_string()
}
