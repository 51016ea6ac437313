//! One refusal of each outcome, and the answer to it as a sender sees it.
//!
//! Promise: an outcome that is added has one, or does not compile.

use crate::delivery::undelivered::{LimitSource, Undelivered};
use crate::metrics::Outcome;
use crate::webhook::http::connection_phase::Rest;
use crate::webhook::http::framing::HeadFault;
use crate::webhook::notification::Notification;
use crate::webhook::notification::contract::Contract;
use crate::webhook::rejection::Rejection;
use bytesize::ByteSize;
use futures_util::FutureExt as _;
use http::StatusCode;
use http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http_body_util::BodyExt as _;
use serde_json::Value;

/// Headers that tell a sender what to do.
const TELLING: [HeaderName; 3] = [ALLOW, RETRY_AFTER, WWW_AUTHENTICATE];

/// Over the topic's limit by one byte.
const OVER: (u32, u32) = (1_048_577, 1_048_576);

/// What a sender sees.
#[derive(Debug)]
pub struct ExampleAnswer {
    /// Of the status line.
    pub status: u16,
    /// The problem document.
    pub problem: Value,
    /// The headers that tell a sender what to do.
    pub headers: Vec<&'static str>,
}

/// Every answer that is a refusal, in the order of the checks.
pub fn answers() -> impl Iterator<Item = ExampleAnswer> {
    Outcome::ALL.iter().copied().filter_map(refusal).map(|refusal| answer(&refusal))
}

/// The status that a post of this outcome is answered with.
pub fn status(outcome: Outcome) -> StatusCode {
    refusal(outcome).map_or(StatusCode::OK, |refusal| refusal.response(Rest::Read).status())
}

/// A refusal that ends in `outcome`, if it is one.
pub fn refusal(outcome: Outcome) -> Option<Rejection> {
    Some(match outcome {
        Outcome::Published | Outcome::Spooled | Outcome::DeadLettered => return None,
        Outcome::InvalidHead => Rejection::InvalidHead { fault: HeadFault::Host },
        Outcome::NotFound => Rejection::NotFound,
        Outcome::MethodNotAllowed => Rejection::MethodNotAllowed,
        Outcome::Unauthorized => Rejection::Unauthorized,
        Outcome::UnsupportedEncoding => Rejection::UnsupportedEncoding,
        Outcome::TooLarge => Rejection::TooLarge { limit: ByteSize::mib(1) },
        Outcome::TooSlow => Rejection::TooSlow,
        Outcome::Overloaded => Rejection::Overloaded,
        Outcome::IncompleteBody => Rejection::IncompleteBody,
        Outcome::MalformedJson => invalid("{\"type\":\"roomdrop\",}"),
        Outcome::NotAnObject => invalid("[]"),
        Outcome::RepeatedField => invalid("{\"app_id\":\"a\",\"app_id\":\"b\"}"),
        Outcome::UnknownEvent => invalid("{\"type\":\"another\"}"),
        Outcome::InvalidNotification => invalid("{\"type\":\"roomdrop\"}"),
        Outcome::ForbiddenApp => Rejection::ForbiddenApp,
        Outcome::Unavailable => Rejection::Undelivered(Undelivered::Late),
        Outcome::RecordRefused => {
            let ((size, limit), whose) = (OVER, LimitSource::Topic);
            Rejection::Undelivered(Undelivered::TooLarge { size, limit, whose })
        }
    })
}

fn invalid(body: &str) -> Rejection {
    let refused = Notification::parse(body.as_bytes(), Contract::default());
    Rejection::Invalid(refused.expect_err("each is refused, by the strictest contract"))
}

fn answer(refusal: &Rejection) -> ExampleAnswer {
    let (head, body) = refusal.response(Rest::Read).into_parts();
    let body = body.collect().now_or_never().expect("it is whole");
    let body = body.unwrap_or_else(|never| match never {}).to_bytes();
    let problem = serde_json::from_slice(&body).expect("a problem is JSON");
    let is_there = |name: &&HeaderName| head.headers.contains_key(*name);
    let headers = TELLING.iter().filter(is_there).map(|name| match name {
        name if *name == ALLOW => "Allow",
        name if *name == RETRY_AFTER => "Retry-After",
        _ => "WWW-Authenticate",
    });
    ExampleAnswer { status: head.status.as_u16(), problem, headers: headers.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_ends_in_its_outcome() {
        for outcome in Outcome::ALL.iter().copied() {
            assert!(refusal(outcome).is_none_or(|refusal| refusal.outcome() == outcome));
        }
    }
}
