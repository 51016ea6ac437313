//! The spans of an export, by the field numbers of `opentelemetry/proto/trace/v1/trace.proto`.

use crate::protobuf::Message;
use std::collections::BTreeMap;

/// `SPAN_KIND_SERVER`
pub(crate) const SERVER: u64 = 2;
/// `SPAN_KIND_PRODUCER`
pub(crate) const PRODUCER: u64 = 4;
/// `STATUS_CODE_UNSET`
pub(crate) const UNSET: u64 = 0;
/// `STATUS_CODE_ERROR`
pub(crate) const ERROR: u64 = 2;

/// Attributes by name, values as text.
type Attributes = BTreeMap<String, String>;

/// A span as the collector has it.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) resource: Attributes,
    /// The version of the names.
    pub(crate) schema: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty where it has none.
    pub(crate) parent: String,
    pub(crate) state: String,
    pub(crate) name: String,
    pub(crate) kind: u64,
    /// Nanoseconds.
    pub(crate) took: u64,
    pub(crate) attributes: Attributes,
    pub(crate) status: u64,
}

impl Span {
    /// All of an `ExportTraceServiceRequest`.
    pub(crate) fn all(export: &[u8]) -> Vec<Self> {
        let mut spans = Vec::new();
        for of_resource in Message::read(export).messages(1) {
            let resource = of_resource.messages(1).next().map(|it| attributes(&it, 1));
            for of_scope in of_resource.messages(2) {
                let schema = of_scope.text(3);
                let read = |span| Self::read(&span, resource.clone().unwrap_or_default(), &schema);
                spans.extend(of_scope.messages(2).map(read));
            }
        }
        spans
    }

    fn read(span: &Message<'_>, resource: Attributes, schema: &str) -> Self {
        Self {
            resource,
            schema: schema.to_owned(),
            trace: span.hex(1),
            id: span.hex(2),
            state: span.text(3),
            parent: span.hex(4),
            name: span.text(5),
            kind: span.number(6).unwrap_or_default(),
            took: span.number(8).unwrap() - span.number(7).unwrap(),
            attributes: attributes(span, 9),
            status: span.messages(15).next().and_then(|it| it.number(3)).unwrap_or(UNSET),
        }
    }

    /// An attribute as text; empty where there is none.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

fn attributes(of: &Message<'_>, field: u64) -> Attributes {
    let pair = |pair: Message<'_>| {
        let value = pair.messages(2).next().unwrap();
        let text = value.bytes(1).next().map(|_| value.text(1));
        let number = || value.number(3).unwrap().cast_signed().to_string();
        (pair.text(1), text.unwrap_or_else(number))
    };
    of.messages(field).map(pair).collect()
}
