//! The span of a request: SERVER, named by method and route.
//!
//! Promise: it ends with the answer or, where the sender leaves before, when that is noticed; then it
//! has no status.

use crate::spans::Arrival;
use crate::spans::recorded::conventions::{
    CLIENT_ADDRESS, ERROR_TYPE, HOOKBRIDGE_CODE, HTTP_REQUEST_METHOD, HTTP_REQUEST_METHOD_ORIGINAL,
    HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE, METHODS, OTHER_METHOD, OTHER_NAME, URL_PATH, URL_SCHEME,
};
use crate::spans::recorded::send_span::SendSpan;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _,
    TraceFlags, TraceId, TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};

/// From here on a status is not the sender's fault.
const SERVER_ERROR: u16 = 500;
/// What W3C Trace Context knows of the flags: sampled, and random trace-id (level 2). Others are not
/// passed on in a header of our own version.
const FLAGS: u8 = 0x03;

/// See the module.
#[derive(Debug, Default)]
pub struct RequestSpan(Option<Box<Begun>>);

#[derive(Debug)]
struct Begun {
    span: Span,
    tracer: SdkTracer,
}

impl RequestSpan {
    pub(super) fn begin(tracer: &SdkTracer, scheme: &'static str, arrival: &Arrival<'_>) -> Self {
        let known = METHODS.into_iter().find(|known| *known == arrival.method);
        let builder =
            SpanBuilder::from_name(known.unwrap_or(OTHER_NAME)).with_kind(SpanKind::Server);
        let parent = parent(arrival)
            .map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
        let mut span = tracer.build_with_context(builder, &parent);
        if !span.span_context().is_sampled() {
            return Self(None);
        }
        let Arrival { method, path, route, peer, .. } = *arrival;
        if let Some(route) = route {
            span.update_name(format!("{} {route}", known.unwrap_or(OTHER_NAME)));
            span.set_attribute(KeyValue::new(HTTP_ROUTE, route.to_owned()));
        }
        span.set_attribute(KeyValue::new(HTTP_REQUEST_METHOD, known.unwrap_or(OTHER_METHOD)));
        if known.is_none() {
            span.set_attribute(KeyValue::new(HTTP_REQUEST_METHOD_ORIGINAL, method.to_owned()));
        }
        span.set_attribute(KeyValue::new(URL_PATH, path.to_owned()));
        span.set_attribute(KeyValue::new(URL_SCHEME, scheme));
        span.set_attribute(KeyValue::new(CLIENT_ADDRESS, peer.to_string()));
        Self(Some(Box::new(Begun { span, tracer: tracer.clone() })))
    }

    /// That of the record, which does not begin yet.
    pub fn send(&self) -> SendSpan {
        match self.0.as_deref() {
            Some(Begun { span, tracer }) => SendSpan::below(span.span_context().clone(), tracer),
            None => SendSpan::default(),
        }
    }

    /// The post was answered 200.
    pub fn accepted(self, status: u16) {
        if let Some(mut begun) = self.0 {
            begun.span.set_attribute(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, i64::from(status)));
        }
    }

    /// The post was refused with this status and code.
    pub fn refused(self, status: u16, code: &'static str) {
        let Some(mut begun) = self.0 else { return };
        let span = &mut begun.span;
        span.set_attribute(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, i64::from(status)));
        span.set_attribute(KeyValue::new(HOOKBRIDGE_CODE, code));
        if status >= SERVER_ERROR {
            span.set_attribute(KeyValue::new(ERROR_TYPE, code));
            span.set_status(Status::error(""));
        }
    }
}

/// The span of the sender, which has called us.
fn parent(arrival: &Arrival<'_>) -> Option<SpanContext> {
    let mut fields = arrival.trace_parent?.split('-').skip(1);
    let trace_id = TraceId::from_hex(fields.next()?).ok()?;
    let span_id = SpanId::from_hex(fields.next()?).ok()?;
    let flags = u8::from_str_radix(fields.next()?, 16).ok()?;
    let state = arrival.trace_state.as_deref().and_then(|state| state.parse().ok());
    let state: TraceState = state.unwrap_or_default();
    Some(SpanContext::new(trace_id, span_id, TraceFlags::new(flags & FLAGS), true, state))
}
