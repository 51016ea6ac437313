//! The spans of a post: one of its request, one of the record that it became.
//!
//! Two builds of the same few types: `recorded` with the cargo feature `otlp`, and `void` without
//! it, whose types are empty and whose calls are nothing.
//!
//! Promise: without a tracer, or where the trace is not sampled, nothing is kept and nothing is sent.
//! A span holds no body, no secret and of the headers only those of the trace; nobody waits for one.
//! Where spans go is not known here: whoever starts the process makes the tracer.

#[cfg(feature = "otlp")]
pub mod recorded;
#[cfg(not(feature = "otlp"))]
pub mod void;

use std::borrow::Cow;
use std::net::IpAddr;

/// Begins the spans of posts.
#[cfg(feature = "otlp")]
pub type Tracer = recorded::tracer::Tracer;
/// Begins no spans.
#[cfg(not(feature = "otlp"))]
pub type Tracer = void::Tracer;

/// The span of a request, from its head to its answer.
#[cfg(feature = "otlp")]
pub type RequestSpan = recorded::request_span::RequestSpan;
/// No span of a request.
#[cfg(not(feature = "otlp"))]
pub type RequestSpan = void::RequestSpan;

/// The span of a record, from when it is made to when it is durable.
#[cfg(feature = "otlp")]
pub type SendSpan = recorded::send_span::SendSpan;
/// No span of a record.
#[cfg(not(feature = "otlp"))]
pub type SendSpan = void::SendSpan;

/// A request whose head is whole.
pub struct Arrival<'a> {
    /// As it came, or the beginning of it.
    pub method: &'a str,
    /// As it came, without the query, or the beginning of it.
    pub path: &'a str,
    /// The path that takes posts, if it is that.
    pub route: Option<&'a str>,
    /// Who sent it.
    pub peer: IpAddr,
    /// A valid W3C `traceparent`.
    pub trace_parent: Option<&'a str>,
    /// The `tracestate` that came with it.
    pub trace_state: Option<Cow<'a, str>>,
}

/// A record that is ready to be sent.
pub struct Outgoing<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its key; empty, it has none.
    pub key: &'a str,
    /// Its `ce_id`.
    pub id: &'a str,
}
