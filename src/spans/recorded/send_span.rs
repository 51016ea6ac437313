//! The span of a record: PRODUCER, named by its topic, below the span of its request.
//!
//! Promise: it begins when the record is made, so that the record can carry its context, and ends when
//! the record is durable or given up, whether or not the sender stays. What the drain does later with
//! a record on disk is not in it.

use crate::spans::Outgoing;
use crate::spans::recorded::conventions::{
    CLOUDEVENTS_EVENT_ID, ERROR_TYPE, HOOKBRIDGE_SPOOL_ROW, KAFKA, MESSAGING_DESTINATION_NAME,
    MESSAGING_DESTINATION_PARTITION_ID, MESSAGING_KAFKA_MESSAGE_KEY, MESSAGING_KAFKA_OFFSET,
    MESSAGING_OPERATION_NAME, MESSAGING_OPERATION_TYPE, MESSAGING_SYSTEM, SEND,
};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use std::mem;

/// See the module.
#[derive(Debug, Default)]
pub struct SendSpan(Stage);

#[derive(Debug, Default)]
enum Stage {
    /// Not sampled, or over.
    #[default]
    Nothing,
    /// No record yet.
    Below(Box<(SpanContext, SdkTracer)>),
    /// A record under way.
    Begun(Box<Span>),
}

impl SendSpan {
    pub(super) fn below(request: SpanContext, tracer: &SdkTracer) -> Self {
        Self(Stage::Below(Box::new((request, tracer.clone()))))
    }

    /// Begins it, if its trace is sampled; gives the `traceparent` of its record.
    pub fn begin(&mut self) -> Option<String> {
        if let Stage::Below(below) = &self.0 {
            let (request, tracer) = &**below;
            let builder = SpanBuilder::from_name(SEND).with_kind(SpanKind::Producer);
            let parent = Context::new().with_remote_span_context(request.clone());
            let span = tracer.build_with_context(builder, &parent);
            let is_sampled = span.span_context().is_sampled();
            self.0 = if is_sampled { Stage::Begun(Box::new(span)) } else { Stage::Nothing };
        }
        let Stage::Begun(span) = &self.0 else { return None };
        let own = span.span_context();
        let (trace, id, flags) = (own.trace_id(), own.span_id(), own.trace_flags().to_u8());
        Some(format!("00-{trace}-{id}-{flags:02x}"))
    }

    /// Says which record it is.
    pub fn describe<'a>(&mut self, outgoing: impl FnOnce() -> Outgoing<'a>) {
        let Stage::Begun(span) = &mut self.0 else { return };
        let Outgoing { topic, key, id } = outgoing();
        span.update_name(format!("{SEND} {topic}"));
        span.set_attribute(KeyValue::new(MESSAGING_SYSTEM, KAFKA));
        span.set_attribute(KeyValue::new(MESSAGING_OPERATION_NAME, SEND));
        span.set_attribute(KeyValue::new(MESSAGING_OPERATION_TYPE, SEND));
        span.set_attribute(KeyValue::new(MESSAGING_DESTINATION_NAME, topic.to_owned()));
        if !key.is_empty() {
            span.set_attribute(KeyValue::new(MESSAGING_KAFKA_MESSAGE_KEY, key.to_owned()));
        }
        span.set_attribute(KeyValue::new(CLOUDEVENTS_EVENT_ID, id.to_owned()));
    }

    /// Kafka has the record.
    pub fn acked(&mut self, partition: i32, offset: i64) {
        let Some(mut span) = self.take() else { return };
        let partition = KeyValue::new(MESSAGING_DESTINATION_PARTITION_ID, partition.to_string());
        span.set_attribute(partition);
        span.set_attribute(KeyValue::new(MESSAGING_KAFKA_OFFSET, offset));
    }

    /// The disk has the record.
    pub fn spooled(&mut self, row: u64) {
        let Some(mut span) = self.take() else { return };
        let row = i64::try_from(row).unwrap_or(i64::MAX);
        span.set_attribute(KeyValue::new(HOOKBRIDGE_SPOOL_ROW, row));
    }

    /// Nothing proves that anybody has the record.
    pub fn failed(&mut self, code: &'static str) {
        let Some(mut span) = self.take() else { return };
        span.set_attribute(KeyValue::new(ERROR_TYPE, code));
        span.set_status(Status::error(""));
    }

    /// The span, which ends when it is dropped.
    fn take(&mut self) -> Option<Box<Span>> {
        match mem::take(&mut self.0) {
            Stage::Begun(span) => Some(span),
            Stage::Nothing | Stage::Below(_) => None,
        }
    }
}
