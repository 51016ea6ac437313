//! Posts that are no notifications and are kept nevertheless: `--invalid dead-letter`.
//!
//! Promise: what is kept is what was posted, byte for byte, with the reason that its refusal would
//! name; its 200 says that it is no notification to us. It decides nothing about what is valid, and
//! keeps nothing of a sender that is not known.

use crate::delivery::publisher::Publisher;
use crate::delivery::record::Record;
use crate::delivery::record::dead_letter::{DeadLetter, Fault};
use crate::post::{PostOutcome, RefusalReason};
use crate::webhook::http::trace_context::TraceContext;
use crate::webhook::notification::field_error::FieldError;
use crate::webhook::rejection::Rejection;
use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;
use std::sync::Arc;
use std::time::SystemTime;

/// Where they go.
pub struct DeadLetters {
    /// `--dead-letter-topic`
    pub topic: Arc<str>,
    /// The event loop's own.
    pub publisher: Arc<Publisher>,
}

/// A post as it arrived.
pub(super) struct InvalidPost<'a> {
    pub(super) headers: &'a HeaderMap,
    /// The name of the credential.
    pub(super) user: Option<&'a str>,
    pub(super) value: &'a Bytes,
    pub(super) received: SystemTime,
    /// The project, where it can be told.
    pub(super) app_id: Option<&'a str>,
    /// `--source`
    pub(super) source: &'a str,
}

/// What the sender is told.
#[derive(Serialize)]
struct Answer<'a> {
    status: &'static str,
    id: &'a str,
    code: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl DeadLetters {
    /// The record of a post that would be refused so, and the text of its 200, should it become
    /// durable.
    pub(super) fn keep(
        &self,
        invalid: &InvalidPost<'_>,
        rejection: &Rejection,
        post: &mut PostOutcome,
    ) -> (Record, Bytes) {
        let (code, detail) = (rejection.outcome().as_str(), rejection.detail());
        let errors = json(&rejection.field_errors());
        let trace = TraceContext::of(invalid.headers);
        let of_send_span = post.send_span().begin();
        let letter = DeadLetter {
            app_id: invalid.app_id,
            source: invalid.source,
            trace_parent: of_send_span.as_deref().or(trace.as_ref().map(|trace| trace.parent)),
            trace_state: trace.as_ref().and_then(|trace| trace.state.as_deref()),
            user: invalid.user,
            fault: Fault { code, detail: &detail, errors: &errors },
        };
        let (topic, value) = (self.topic.clone(), invalid.value.clone());
        let record = Record::of_dead_letter(topic, letter, value, invalid.received);
        let text = tell(rejection, post, &record, &detail);
        (record, text)
    }

    /// The same of a notification that its topic does not take.
    pub(super) fn keep_refused(
        &self,
        record: Record,
        rejection: &Rejection,
        post: &mut PostOutcome,
    ) -> (Record, Bytes) {
        let detail = rejection.detail();
        let fault = Fault { code: rejection.outcome().as_str(), detail: &detail, errors: "[]" };
        let record = record.into_dead_letter(self.topic.clone(), fault);
        let text = tell(rejection, post, &record, &detail);
        (record, text)
    }
}

/// Notes what becomes of the post, and gives the text of its 200.
fn tell(rejection: &Rejection, post: &mut PostOutcome, record: &Record, detail: &str) -> Bytes {
    let code = rejection.outcome().as_str();
    let why = RefusalReason { code: Some(code), ..rejection.why() };
    post.becomes_dead_letter(why, record.id());
    let (status, errors) = ("dead_lettered", rejection.field_errors());
    json(&Answer { status, id: record.id(), code, detail, errors }).into()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts alone, under keys that are texts")
}
