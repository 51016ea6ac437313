//! W3C Trace Context, level 1: the headers `traceparent` and `tracestate` of a request.
//!
//! Promise: only a valid `traceparent` is passed on, and a `tracestate` only beside one. It starts
//! no trace of its own.

use http::HeaderMap;
use std::borrow::Cow;

const VERSION: usize = 2;
const TRACE_ID: std::ops::Range<usize> = 3..35;
const PARENT_ID: std::ops::Range<usize> = 36..52;
/// The length of version 00; later versions may add fields behind another dash.
const LENGTH: usize = 55;
/// What a later version may come to: it is passed on unread.
const LENGTH_MOST: usize = 128;
/// What every participant must at least pass on.
const STATE_LENGTH: usize = 512;

/// The trace that a request belongs to.
#[derive(Debug, PartialEq, Eq)]
pub struct TraceContext<'a> {
    /// `traceparent`, as it came.
    pub parent: &'a str,
    /// All `tracestate` headers, joined as the RFC of HTTP allows.
    pub state: Option<Cow<'a, str>>,
}

impl<'a> TraceContext<'a> {
    /// The request's trace, if it names exactly one and names it well.
    pub fn of(headers: &'a HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all("traceparent").iter();
        let parent = parents.next()?.to_str().ok()?;
        if parents.next().is_some() || !is_valid(parent) {
            return None;
        }
        Some(Self { parent, state: state(headers) })
    }
}

fn state(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let mut state: Option<Cow<'_, str>> = None;
    for value in headers.get_all("tracestate") {
        let value = value.to_str().ok()?;
        state = Some(match state {
            None => value.into(),
            Some(before) => format!("{before},{value}").into(),
        });
    }
    state.filter(|state| !state.is_empty() && state.len() <= STATE_LENGTH)
}

fn is_valid(parent: &str) -> bool {
    let bytes = parent.as_bytes();
    let lower_hex = |range: std::ops::Range<usize>| {
        bytes[range].iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let all_zero = |range: std::ops::Range<usize>| bytes[range].iter().all(|b| *b == b'0');
    (LENGTH..=LENGTH_MOST).contains(&bytes.len())
        && lower_hex(0..VERSION)
        && &bytes[..VERSION] != b"ff"
        && (bytes.len() == LENGTH || (&bytes[..VERSION] != b"00" && bytes[LENGTH] == b'-'))
        && [VERSION, TRACE_ID.end, PARENT_ID.end].iter().all(|at| bytes[*at] == b'-')
        && lower_hex(TRACE_ID)
        && lower_hex(PARENT_ID)
        && lower_hex(PARENT_ID.end + 1..LENGTH)
        && !all_zero(TRACE_ID)
        && !all_zero(PARENT_ID)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_valid_parent_is_taken_and_any_other_is_not() {
        assert!(is_valid(GOOD));
        assert!(is_valid(&GOOD.replacen("00", "01", 1)));
        assert!(is_valid(&format!("{}-more", GOOD.replacen("00", "cc", 1))));
        for bad in [
            "",
            "00",
            &format!("{GOOD}-more"),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.to_uppercase(),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &GOOD.replacen('-', "_", 1),
            &GOOD[..54],
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn states_are_joined_and_only_pass_beside_a_parent() {
        let mut headers = HeaderMap::new();
        headers.append("tracestate", HeaderValue::from_static("a=1"));
        headers.append("tracestate", HeaderValue::from_static("b=2"));
        assert_eq!(TraceContext::of(&headers), None);
        headers.insert("traceparent", HeaderValue::from_static(GOOD));
        let context = TraceContext { parent: GOOD, state: Some("a=1,b=2".into()) };
        assert_eq!(TraceContext::of(&headers), Some(context));
    }
}
