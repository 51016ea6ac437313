//! Every "no" to a sender: its status, code, words, and whether to come back.
//!
//! Promise: an answer is RFC 9457 `application/problem+json` and never echoes the body. Each
//! rejection has one code, which is its outcome in the metrics too. Never a redirect, never 410:
//! many senders take it as "unsubscribe".

use crate::delivery::undelivered::{LimitSource, Undelivered};
use crate::metrics::Outcome;
use crate::post::RefusalReason;
use crate::webhook::http::body::BodyError;
use crate::webhook::http::connection_phase::Rest;
use crate::webhook::http::framing::HeadFault;
use crate::webhook::notification::app_id::AppId;
use crate::webhook::notification::field_error::{FieldError, FieldErrors};
use crate::webhook::notification::invalid::Invalid;
use bytesize::ByteSize;
use http::StatusCode;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use serde::Serialize;
use std::fmt;

/// RFC 7617: the realm, and that user and password are UTF-8.
const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"hookbridge\", charset=\"UTF-8\"");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const POST: HeaderValue = HeaderValue::from_static("POST");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
/// A refused sender comes back after this and up to as much again, so that they spread.
const RETRY_SECONDS: u16 = 2;

/// Why a post was refused.
#[derive(Debug)]
pub enum Rejection {
    /// The head can be read in more than one way.
    InvalidHead {
        /// What is wrong with it.
        fault: HeadFault,
    },
    /// The path is not `--path`.
    NotFound,
    /// The method is not POST.
    MethodNotAllowed,
    /// Credentials are missing, malformed or wrong: one text for all.
    Unauthorized,
    /// The password is over 72 bytes. The answer is that of wrong credentials.
    LongPassword,
    /// A content coding other than identity.
    UnsupportedEncoding,
    /// The body is over `--max-body`.
    TooLarge {
        /// The limit.
        limit: ByteSize,
    },
    /// The body did not come within `--read-timeout`.
    TooSlow,
    /// No room for the body, or for one more slow check of credentials.
    Overloaded,
    /// The body broke off.
    IncompleteBody,
    /// The body is no notification.
    Invalid(Invalid),
    /// The credential may not speak for this app_id.
    ForbiddenApp,
    /// The record did not become durable.
    Undelivered(Undelivered),
}

/// RFC 9457, with members of our own behind `status`.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

/// What a sender gets for one kind of refusal.
struct RefusalRow<'a> {
    outcome: Outcome,
    status: StatusCode,
    /// RFC 9457: the same for every problem of the type.
    title: &'static str,
    detail: Detail<'a>,
}

/// What a sender can do, or what is wrong with this post.
enum Detail<'a> {
    /// The same for every post.
    Fixed(&'static str),
    /// The limit that this one is over.
    AtMost(ByteSize),
    /// What is wrong with this one.
    Invalid(&'a Invalid),
}

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(text) => f.write_str(text),
            Self::AtMost(limit) => write!(f, "at most {limit} are taken"),
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

fn row<'a>(
    outcome: Outcome,
    status: StatusCode,
    title: &'static str,
    detail: Detail<'a>,
) -> RefusalRow<'a> {
    RefusalRow { outcome, status, title, detail }
}

impl From<BodyError> for Rejection {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge { limit },
            BodyError::TooSlow => Self::TooSlow,
            BodyError::OverBudget => Self::Overloaded,
            BodyError::Incomplete => Self::IncompleteBody,
        }
    }
}

impl Rejection {
    /// The table of refusals, in the order of the checks.
    #[rustfmt::skip]
    fn row(&self) -> RefusalRow<'_> {
        use Detail::{AtMost, Fixed};
        type Status = StatusCode;
        match self {
            Self::InvalidHead { fault } => row(
                Outcome::InvalidHead, Status::BAD_REQUEST, "the head is not sound",
                Fixed(fault.as_str())),
            Self::NotFound => row(
                Outcome::NotFound, Status::NOT_FOUND, "no such path",
                Fixed("this server takes notifications on another path")),
            Self::MethodNotAllowed => row(
                Outcome::MethodNotAllowed, Status::METHOD_NOT_ALLOWED, "only POST is taken here",
                Fixed("send the notification by POST")),
            Self::Unauthorized | Self::LongPassword => row(
                Outcome::Unauthorized, Status::UNAUTHORIZED, "credentials are needed",
                Fixed("send a user and password that this server knows, by HTTP Basic authentication")),
            Self::UnsupportedEncoding => row(
                Outcome::UnsupportedEncoding, Status::UNSUPPORTED_MEDIA_TYPE, "the body must not be encoded",
                Fixed("send the JSON as it is, without Content-Encoding")),
            Self::TooLarge { limit } => row(
                Outcome::TooLarge, Status::PAYLOAD_TOO_LARGE, "the body is too large",
                AtMost(*limit)),
            Self::TooSlow => row(
                Outcome::TooSlow, Status::REQUEST_TIMEOUT, "the body came too slowly",
                Fixed("the whole post must arrive within the server's time-out")),
            Self::Overloaded => row(
                Outcome::Overloaded, Status::SERVICE_UNAVAILABLE, "too much is under way",
                Fixed("nothing was stored, send it again later")),
            Self::IncompleteBody => row(
                Outcome::IncompleteBody, Status::BAD_REQUEST, "the body broke off",
                Fixed("the connection ended, or its framing broke, before the end of the body")),
            Self::Invalid(invalid @ Invalid::MalformedJson { .. }) => row(
                Outcome::MalformedJson, Status::BAD_REQUEST, "the body is not JSON",
                Detail::Invalid(invalid)),
            Self::Invalid(invalid @ Invalid::NotAnObject { .. }) => row(
                Outcome::NotAnObject, Status::BAD_REQUEST, "the body is not a JSON object",
                Detail::Invalid(invalid)),
            Self::Invalid(invalid @ Invalid::RepeatedField { .. }) => row(
                Outcome::RepeatedField, Status::BAD_REQUEST, "a field is repeated",
                Detail::Invalid(invalid)),
            Self::Invalid(invalid @ Invalid::UnknownEvent { .. }) => row(
                Outcome::UnknownEvent, Status::UNPROCESSABLE_ENTITY, "the type is unknown",
                Detail::Invalid(invalid)),
            Self::Invalid(invalid @ Invalid::InvalidNotification { .. }) => row(
                Outcome::InvalidNotification, Status::UNPROCESSABLE_ENTITY, "the notification is invalid",
                Detail::Invalid(invalid)),
            Self::ForbiddenApp => row(
                Outcome::ForbiddenApp, Status::FORBIDDEN, "these credentials may not speak for this app_id",
                Fixed("ask the operator to bind the app_id to this user")),
            Self::Undelivered(
                error @ Undelivered::TooLarge { whose: LimitSource::Topic, .. }
            ) => row(
                error.outcome(), Status::PAYLOAD_TOO_LARGE, "the record is too large",
                Fixed("it is over the limit of the topic and was not stored")),
            Self::Undelivered(
                error @ Undelivered::TooLarge { whose: LimitSource::Flag, .. }
            ) => row(
                error.outcome(), Status::PAYLOAD_TOO_LARGE, "the record is too large",
                Fixed("it is over the limit of this server and was not stored")),
            Self::Undelivered(
                error @ (Undelivered::NoTopic | Undelivered::KnownAway
                | Undelivered::Late | Undelivered::Failed(_)
                | Undelivered::NotStored | Undelivered::DiskSilent)
            ) => row(
                error.outcome(), Status::SERVICE_UNAVAILABLE, "the notification could not be stored",
                Fixed("nothing proves that it was stored, send it again later")),
            Self::Undelivered(error @ Undelivered::NoDeadLetterTopic) => row(
                error.outcome(), Status::SERVICE_UNAVAILABLE, "the notification could not be stored",
                Fixed("the topic of dead letters takes no records, nothing proves that it was stored, send it again later")),
        }
    }

    /// The outcome of the post; its text is the problem's `code`.
    pub fn outcome(&self) -> Outcome {
        self.row().outcome
    }

    /// Whether nobody can know where the request ends.
    pub fn is_of_framing(&self) -> bool {
        matches!(self, Self::InvalidHead { .. } | Self::IncompleteBody)
    }

    /// The project that the post speaks for, where that can be told.
    pub(super) fn app_id(&self) -> Option<&str> {
        let Self::Invalid(invalid) = self else { return None };
        invalid.about()?.app_id.as_ref().map(AppId::as_str)
    }

    /// The fields at fault.
    pub(super) fn field_errors(&self) -> &[FieldError] {
        let errors = if let Self::Invalid(invalid) = self { invalid.field_errors() } else { None };
        errors.map(FieldErrors::as_slice).unwrap_or_default()
    }

    /// What is wrong, in the words that the sender gets.
    pub(super) fn detail(&self) -> String {
        self.row().detail.to_string()
    }

    /// What the log says of it; nothing where its code says it all.
    pub fn why(&self) -> RefusalReason {
        if let Self::Undelivered(undelivered) = self {
            return undelivered.why();
        }
        let reason = match self.row().detail {
            Detail::Fixed(text) => matches!(self, Self::InvalidHead { .. })
                .then_some(text)
                .or(matches!(self, Self::LongPassword).then_some("the password is over 72 bytes"))
                .map(str::to_owned),
            detail @ (Detail::AtMost(_) | Detail::Invalid(_)) => Some(detail.to_string()),
        };
        let pointers: Vec<_> = self.field_errors().iter().map(|error| &*error.pointer).collect();
        let pointers = (!pointers.is_empty()).then(|| pointers.join(" "));
        RefusalReason { code: None, reason, pointers }
    }

    /// The answer.
    pub fn response(&self, rest: Rest) -> Response<Full<Bytes>> {
        let RefusalRow { outcome, status, title, detail } = self.row();
        let code = outcome.as_str();
        let problem = Problem {
            r#type: format!("urn:hookbridge:{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: detail.to_string(),
            errors: self.field_errors(),
        };
        let body = serde_json::to_vec(&problem).expect("a problem has text keys alone");
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        if rest == Rest::Unread {
            headers.insert(CONNECTION, CLOSE);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, POST);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = fastrand::u16(RETRY_SECONDS..=2 * RETRY_SECONDS);
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
