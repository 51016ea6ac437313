//! The spans of a build without the feature `otlp`: none.
//!
//! Promise: the types have no size; what is given as a closure is not called.

use crate::spans::{Arrival, Outgoing};
use std::time::Duration;

/// See [`crate::spans::Tracer`].
#[derive(Debug, Clone, Default)]
pub struct Tracer;

/// See [`crate::spans::RequestSpan`].
#[derive(Debug)]
pub struct RequestSpan;

/// See [`crate::spans::SendSpan`].
#[derive(Debug, Default)]
pub struct SendSpan;

impl Tracer {
    /// No span.
    #[inline]
    pub fn receive<'a>(&self, _: impl FnOnce() -> Arrival<'a>) -> RequestSpan {
        RequestSpan
    }

    /// There is nothing to be sent.
    #[expect(clippy::unused_async, reason = "the other build waits")]
    pub async fn end(self, _: Duration) {}
}

impl RequestSpan {
    /// No span.
    #[inline]
    pub fn send(&self) -> SendSpan {
        SendSpan
    }

    /// Nothing.
    #[inline]
    pub fn accepted(self, _: u16) {}

    /// Nothing.
    #[inline]
    pub fn refused(self, _: u16, _: &'static str) {}
}

impl SendSpan {
    /// No trace of its own.
    #[inline]
    pub fn begin(&mut self) -> Option<String> {
        None
    }

    /// Nothing.
    #[inline]
    pub fn describe<'a>(&mut self, _: impl FnOnce() -> Outgoing<'a>) {}

    /// Nothing.
    #[inline]
    pub fn acked(&mut self, _partition: i32, _offset: i64) {}

    /// Nothing.
    #[inline]
    pub fn spooled(&mut self, _row: u64) {}

    /// Nothing.
    #[inline]
    pub fn failed(&mut self, _code: &'static str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_are_not_built_have_no_size() {
        assert_eq!(size_of::<(Tracer, RequestSpan, SendSpan)>(), 0);
    }
}
