//! What the span of a request says of it.
//!
//! Promise: what a sender chose is cut; of the headers only those of the trace are taken.

use crate::post::line::cut;
use crate::spans::Arrival;
use crate::webhook::http::trace_context::TraceContext;
use http::Request;
use std::net::IpAddr;

/// A request of `peer`; posts are taken at `route`.
pub fn arrival<'a, B>(request: &'a Request<B>, route: &'a str, peer: IpAddr) -> Arrival<'a> {
    let path = request.uri().path();
    let trace = TraceContext::of(request.headers());
    Arrival {
        method: cut(request.method().as_str()),
        path: cut(path),
        route: (path == route).then_some(route),
        peer,
        trace_parent: trace.as_ref().map(|trace| trace.parent),
        trace_state: trace.and_then(|trace| trace.state),
    }
}
