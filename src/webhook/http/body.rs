//! Reads a post's body to its end, or says why it cannot.
//!
//! Promise: never more than `--max-body` of one post and `--max-in-flight-bytes` of all, never
//! longer than `--read-timeout` from the first byte of its head. A body that came in one piece is
//! not copied.

use crate::post::PostOutcome;
use crate::webhook::http::connection_phase::Rest;
use bytes::{Bytes, BytesMut};
use bytesize::ByteSize;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, EXPECT};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use std::time::{Duration, Instant};
use tokio::time::{timeout, timeout_at};

/// How much of a refused body is read so that the connection can be kept.
const DISCARD_BYTES: u64 = 64 * 1024;
/// How long that may take: the bytes of a small body are on their way with its head.
const DISCARD_TIME: Duration = Duration::from_millis(250);

/// The limits on a body.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// `--max-body`
    pub max_body: ByteSize,
    /// `--max-in-flight-bytes`
    pub in_flight: ByteSize,
    /// `--read-timeout`
    pub read_timeout: Duration,
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It is over `--max-body`.
    TooLarge {
        /// The limit.
        limit: ByteSize,
    },
    /// It did not come within `--read-timeout`.
    TooSlow,
    /// All bodies in memory would be over `--max-in-flight-bytes`.
    OverBudget,
    /// It broke off.
    Incomplete,
}

/// Reads the body of `post`, whose first byte came at `begun`.
pub async fn read(
    body: &mut Incoming,
    post: &mut PostOutcome,
    limits: &BodyLimits,
    begun: Instant,
) -> Result<Bytes, BodyError> {
    let deadline = (begun + limits.read_timeout).into();
    timeout_at(deadline, collect(body, post, limits)).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn collect(
    body: &mut Incoming,
    post: &mut PostOutcome,
    limits: &BodyLimits,
) -> Result<Bytes, BodyError> {
    let too_large = || BodyError::TooLarge { limit: limits.max_body };
    if body.size_hint().lower() > limits.max_body.as_u64() {
        return Err(too_large());
    }
    let budget = usize::try_from(limits.in_flight.as_u64()).unwrap_or(usize::MAX);
    // All that was declared, at once: posts that each got half of their room would refuse each other.
    let declared = usize::try_from(body.size_hint().exact().unwrap_or(0)).unwrap_or(usize::MAX);
    post.hold(declared, budget).map_err(|_| BodyError::OverBudget)?;
    let mut held = declared;
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        // Trailers say nothing to us.
        let Ok(data) = frame.map_err(|_| BodyError::Incomplete)?.into_data() else { continue };
        length += data.len();
        if length as u64 > limits.max_body.as_u64() {
            return Err(too_large());
        }
        if length > held {
            post.hold(length - held, budget).map_err(|_| BodyError::OverBudget)?;
            held = length;
        }
        if first.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                whole.reserve(held);
                whole.extend_from_slice(&first);
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// Reads a refused body to its end where that is cheap, so that the connection can be kept.
///
/// A sender that waits for `100 Continue` has sent nothing and will not, so nothing is read.
pub async fn discard(body: &mut Incoming, headers: &HeaderMap) -> Rest {
    if body.is_end_stream() {
        return Rest::Read;
    }
    if headers.contains_key(EXPECT) || body.size_hint().lower() > DISCARD_BYTES {
        return Rest::Unread;
    }
    timeout(DISCARD_TIME, drain(body)).await.unwrap_or(Rest::Unread)
}

async fn drain(body: &mut Incoming) -> Rest {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Rest::Unread };
        length += frame.data_ref().map_or(0, Bytes::len) as u64;
        if length > DISCARD_BYTES {
            return Rest::Unread;
        }
    }
    Rest::Read
}

/// RFC 9110: no coding, or `identity` by name.
pub fn is_identity(headers: &HeaderMap) -> bool {
    let is_identity = |coding: &str| {
        let coding = coding.trim();
        coding.is_empty() || coding.eq_ignore_ascii_case("identity")
    };
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .all(|codings| codings.to_str().is_ok_and(|codings| codings.split(',').all(is_identity)))
}
