//! Every "no" to a sender: its status, code, words, and whether to come back.
//!
//! Promise: an answer is RFC 9457 `application/problem+json` and never echoes the body. Each
//! rejection has one code, which is its outcome in the metrics too. Never a redirect, never 410:
//! many senders take it as "unsubscribe".

use crate::delivery::undelivered::{LimitSource, Undelivered};
use crate::metrics::Outcome;
use crate::post::why::Why;
use crate::webhook::notification::field_error::{FieldError, FieldErrors};
use crate::webhook::notification::invalid::Invalid;
use bytesize::ByteSize;
use http::StatusCode;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use serde::Serialize;

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
    /// The path is not `--path`.
    NotFound,
    /// The method is not POST.
    MethodNotAllowed,
    /// Credentials are missing, malformed or wrong: one text for all.
    Unauthorized,
    /// The password is over 72 bytes. Its sender is told what all are told whose credentials are wrong.
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

/// Whether the connection can take another post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// The request was read to its end.
    Keep,
    /// The rest of the request was not read.
    Close,
}

/// RFC 9457, with members of our own behind `status`.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorMember<'a>>,
}

/// One field at fault.
#[derive(Serialize)]
struct ErrorMember<'a> {
    pointer: &'a str,
    code: &'static str,
    expected: &'static str,
    detail: &'a str,
}

impl<'a> From<&'a FieldError> for ErrorMember<'a> {
    fn from(field_error: &'a FieldError) -> Self {
        let FieldError { pointer, code, expected, detail } = field_error;
        Self { pointer, code: code.as_str(), expected, detail }
    }
}

impl Rejection {
    /// The outcome of the post; its text is the problem's `code`.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::NotFound => Outcome::NotFound,
            Self::MethodNotAllowed => Outcome::MethodNotAllowed,
            Self::Unauthorized | Self::LongPassword => Outcome::Unauthorized,
            Self::UnsupportedEncoding => Outcome::UnsupportedEncoding,
            Self::TooLarge { .. } => Outcome::TooLarge,
            Self::TooSlow => Outcome::TooSlow,
            Self::Overloaded => Outcome::Overloaded,
            Self::IncompleteBody => Outcome::IncompleteBody,
            Self::Invalid(Invalid::MalformedJson { .. }) => Outcome::MalformedJson,
            Self::Invalid(Invalid::NotAnObject { .. }) => Outcome::NotAnObject,
            Self::Invalid(Invalid::RepeatedField { .. }) => Outcome::RepeatedField,
            Self::Invalid(Invalid::UnknownEvent { .. }) => Outcome::UnknownEvent,
            Self::Invalid(Invalid::InvalidNotification { .. }) => Outcome::InvalidNotification,
            Self::ForbiddenApp => Outcome::ForbiddenApp,
            Self::Undelivered(undelivered) => undelivered.outcome(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized | Self::LongPassword => StatusCode::UNAUTHORIZED,
            Self::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } | Self::Undelivered(Undelivered::TooLarge { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Overloaded | Self::Undelivered(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::IncompleteBody
            | Self::Invalid(
                Invalid::MalformedJson { .. }
                | Invalid::NotAnObject { .. }
                | Invalid::RepeatedField { .. },
            ) => StatusCode::BAD_REQUEST,
            Self::Invalid(Invalid::UnknownEvent { .. } | Invalid::InvalidNotification { .. }) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::ForbiddenApp => StatusCode::FORBIDDEN,
        }
    }

    /// RFC 9457: the same for every problem of the type.
    fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "no such path",
            Self::MethodNotAllowed => "only POST is taken here",
            Self::Unauthorized | Self::LongPassword => "credentials are needed",
            Self::UnsupportedEncoding => "the body must not be encoded",
            Self::TooLarge { .. } => "the body is too large",
            Self::TooSlow => "the body came too slowly",
            Self::Overloaded => "too much is under way",
            Self::IncompleteBody => "the body broke off",
            Self::Invalid(Invalid::MalformedJson { .. }) => "the body is not JSON",
            Self::Invalid(Invalid::NotAnObject { .. }) => "the body is not a JSON object",
            Self::Invalid(Invalid::RepeatedField { .. }) => "a field stands twice",
            Self::Invalid(Invalid::UnknownEvent { .. }) => "the type is unknown",
            Self::Invalid(Invalid::InvalidNotification { .. }) => "the notification is invalid",
            Self::ForbiddenApp => "these credentials may not speak for this app_id",
            Self::Undelivered(Undelivered::TooLarge { .. }) => "the record is too large",
            Self::Undelivered(_) => "the notification could not be stored",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NotFound => "this server takes notifications on another path".to_owned(),
            Self::MethodNotAllowed => "send the notification by POST".to_owned(),
            Self::Unauthorized | Self::LongPassword => {
                "send a user and password that this server knows, by HTTP Basic authentication"
                    .to_owned()
            }
            Self::UnsupportedEncoding => {
                "send the JSON as it is, without Content-Encoding".to_owned()
            }
            Self::TooLarge { limit } => format!("at most {limit} are taken"),
            Self::TooSlow => "the whole post must arrive within the server's time-out".to_owned(),
            Self::Overloaded => "nothing was stored, send it again later".to_owned(),
            Self::IncompleteBody => {
                "the connection ended, or its framing broke, before the end of the body".to_owned()
            }
            Self::Invalid(invalid) => invalid.to_string(),
            Self::ForbiddenApp => "ask the operator to bind the app_id to this user".to_owned(),
            Self::Undelivered(Undelivered::TooLarge { whose, .. }) => match whose {
                LimitSource::Topic => {
                    "it is over the limit of the topic and was not stored".to_owned()
                }
                LimitSource::Flag => {
                    "it is over the limit of this server and was not stored".to_owned()
                }
            },
            Self::Undelivered(_) => {
                "nothing proves that it was stored, send it again later".to_owned()
            }
        }
    }

    fn field_errors(&self) -> Vec<ErrorMember<'_>> {
        match self {
            Self::Invalid(invalid) => {
                invalid.field_errors().map(FieldErrors::as_slice).unwrap_or_default()
            }
            Self::NotFound
            | Self::MethodNotAllowed
            | Self::Unauthorized
            | Self::LongPassword
            | Self::UnsupportedEncoding
            | Self::TooLarge { .. }
            | Self::TooSlow
            | Self::Overloaded
            | Self::IncompleteBody
            | Self::ForbiddenApp
            | Self::Undelivered(_) => &[],
        }
        .iter()
        .map(ErrorMember::from)
        .collect()
    }

    /// What the log says of it.
    pub fn why(&self) -> Why {
        let pointers: Vec<_> = self.field_errors().iter().map(|error| error.pointer).collect();
        let reason = match self {
            Self::Invalid(_) | Self::TooLarge { .. } => Some(self.detail()),
            Self::LongPassword => Some("the password is over 72 bytes".to_owned()),
            // Their code says it all.
            Self::NotFound
            | Self::MethodNotAllowed
            | Self::Unauthorized
            | Self::UnsupportedEncoding
            | Self::TooSlow
            | Self::Overloaded
            | Self::IncompleteBody
            | Self::ForbiddenApp => None,
            Self::Undelivered(undelivered) => return undelivered.why(),
        };
        Why { reason, pointers: (!pointers.is_empty()).then(|| pointers.join(" ")) }
    }

    /// The answer.
    pub fn response(&self, connection: Connection) -> Response<Full<Bytes>> {
        let status = self.status();
        let code = self.outcome().as_str();
        let problem = Problem {
            r#type: format!("urn:hookbridge:{code}"),
            title: self.title(),
            status: status.as_u16(),
            code,
            detail: self.detail(),
            errors: self.field_errors(),
        };
        let body = serde_json::to_vec(&problem).expect("a problem has text keys alone");
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        if connection == Connection::Close {
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
