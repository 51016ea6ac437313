//! The topic and its records as AsyncAPI 3.0.
//!
//! Promise: each header that a record may carry is there, and whether it always is. It does not describe
//! how the record came to be: see [`open_api`](crate::webhook::documents::open_api).

use crate::delivery::record::header_name::HeaderName;
use crate::metrics::EventKind;
use crate::webhook::documents::json_schema::Schemas;
use crate::webhook::documents::open_api::SCHEMAS;
use crate::webhook::notification::app_id::AppId;
use crate::webhook::notification::contract::Contract;
use serde_json::{Map, Value, json};

/// The version of the Kafka binding that AsyncAPI 3.0 goes with.
const BINDING: &str = "0.5.0";

/// The message of the dead-letter topic.
const DEAD_LETTER: &str = "dead-letter";

/// What a record has that is no `CloudEvent`, too.
const OF_ANY_RECORD: [HeaderName; 3] = [HeaderName::Id, HeaderName::Source, HeaderName::Received];

const DESCRIPTION: &str = "Webhook notifications of a cloud video service, byte for byte as they were posted, with \
    CloudEvents 1.0 headers in the binary mode of its Kafka binding. At least once: consumers drop repeats by \
    ce_id. In order for each key, from one bridge.";

/// Which records have a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    Sometimes,
    DeadLetters,
    SomeDeadLetters,
}

/// Where the records of one contract are.
#[derive(Debug, Clone, Copy)]
pub struct Topics<'a> {
    /// Notifications.
    pub notifications: &'a str,
    /// Posts that are none, and what that topic does not take.
    pub dead_letters: &'a str,
}

/// Of the records of these topics under this contract, with an example of each type.
pub fn document(contract: Contract, topics: Topics<'_>, examples: &[(&str, Value)]) -> Value {
    let schemas = Schemas::at(SCHEMAS, contract);
    let mut components = schemas.of_types();
    components.insert("headers".to_owned(), headers());
    components.insert("dead-letter-headers".to_owned(), dead_letter_headers());
    let message = |kind: EventKind| {
        let example = examples.iter().find(|(name, _)| *name == kind.as_str());
        (kind.as_str().to_owned(), message(schemas, kind, example.map(|(_, value)| value)))
    };
    let mut messages: Map<String, Value> = schemas.types().into_iter().map(message).collect();
    let events = channel(topics.notifications, messages.keys());
    messages.insert(DEAD_LETTER.to_owned(), dead_letter());
    let mut dead_letters = channel(topics.dead_letters, [&DEAD_LETTER.to_owned()]);
    dead_letters["description"] = "With --invalid dead-letter".into();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "hookbridge",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": { "events": events, "deadLetters": dead_letters },
        "operations": {
            "publish": {
                "action": "send",
                "summary": "The bridge publishes each notification that it has accepted",
                "channel": { "$ref": "#/channels/events" },
            },
            "keep": {
                "action": "send",
                "summary": "The bridge keeps what is no notification",
                "channel": { "$ref": "#/channels/deadLetters" },
            },
        },
        "components": { "messages": messages, "schemas": components },
    })
}

fn channel<'a>(topic: &str, messages: impl IntoIterator<Item = &'a String>) -> Value {
    let reference =
        |name: &String| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") }));
    let messages: Map<String, Value> = messages.into_iter().map(reference).collect();
    json!({
        "address": topic,
        "messages": messages,
        "bindings": { "kafka": { "topic": topic, "bindingVersion": BINDING } },
    })
}

fn message(schemas: Schemas, kind: EventKind, example: Option<&Value>) -> Value {
    let name = match kind {
        EventKind::Roomdrop
        | EventKind::Recording
        | EventKind::Transcoded
        | EventKind::FileTransfer => json!({ "const": format!("video.{}", kind.as_str()) }),
        EventKind::Other => json!({ "pattern": "^video\\." }),
    };
    let own = json!({ "properties": { (HeaderName::Type.as_str()): name } });
    let mut message = json!({
        "name": format!("video.{}", kind.as_str()),
        "contentType": "application/json",
        "headers": { "allOf": [{ "$ref": format!("{SCHEMAS}headers") }, own] },
        "payload": schemas.reference(kind),
        "bindings": { "kafka": { "key": key(), "bindingVersion": BINDING } },
    });
    if let Some(example) = example {
        message["examples"] = json!([{ "payload": example }]);
    }
    message
}

fn key() -> Value {
    json!({ "type": "string", "maxLength": AppId::LIMIT, "description": "the app_id, UTF-8" })
}

/// What is no notification: any bytes.
fn dead_letter() -> Value {
    let mut key = key();
    key["description"] = "the app_id where it can be told, else there is no key".into();
    json!({
        "name": DEAD_LETTER,
        "contentType": "application/octet-stream",
        "headers": { "$ref": format!("{SCHEMAS}dead-letter-headers") },
        "payload": {},
        "bindings": { "kafka": { "key": key, "bindingVersion": BINDING } },
    })
}

/// Of a notification.
fn headers() -> Value {
    let of = |presence| matches!(presence, Presence::Always | Presence::Sometimes);
    let names = HeaderName::ALL.into_iter().filter(|name| of(header(*name).0));
    let always = |name: &HeaderName| header(*name).0 == Presence::Always;
    schema_of(&names.clone().filter(always).collect::<Vec<_>>(), names)
}

/// Of a dead letter.
fn dead_letter_headers() -> Value {
    let own = HeaderName::ALL.into_iter().filter(|name| header(*name).0 == Presence::DeadLetters);
    schema_of(&own.chain(OF_ANY_RECORD).collect::<Vec<_>>(), HeaderName::ALL)
}

fn schema_of(required: &[HeaderName], all: impl IntoIterator<Item = HeaderName>) -> Value {
    let property = |name: HeaderName| (name.as_str().to_owned(), header(name).1);
    let properties: Map<String, Value> = all.into_iter().map(property).collect();
    let required: Vec<_> = required.iter().map(|name| name.as_str()).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// Which records have it, and what it holds: text in UTF-8.
fn header(name: HeaderName) -> (Presence, Value) {
    use Presence::{Always, DeadLetters, SomeDeadLetters, Sometimes};
    let text = |description: &str| json!({ "type": "string", "description": description });
    match name {
        HeaderName::ContentType => (Always, json!({ "const": "application/json" })),
        HeaderName::SpecVersion => (Always, json!({ "const": "1.0" })),
        HeaderName::Id => (
            Always,
            json!({
                "type": "string",
                "pattern": "^[0-9a-f]{64}$",
                "description": "SHA-256 of app_id, a zero byte and the posted bytes: the same post has the same id",
            }),
        ),
        HeaderName::Source => (Always, json!({ "type": "string", "format": "uri-reference" })),
        HeaderName::Type => (Always, text("video. and the notification's type")),
        HeaderName::Subject => (Sometimes, text("the room_id")),
        HeaderName::Time => (Sometimes, json!({ "type": "string", "format": "date-time" })),
        HeaderName::TraceParent | HeaderName::TraceState => (Sometimes, text("W3C Trace Context")),
        HeaderName::User => (Sometimes, text("the user that posted")),
        HeaderName::Received => (Always, json!({ "type": "string", "format": "date-time" })),
        HeaderName::Code => (DeadLetters, text("the code of the refusal that it would have got")),
        HeaderName::Detail => (DeadLetters, text("the same in words")),
        HeaderName::Errors => (DeadLetters, text("the fields at fault, a JSON array")),
        HeaderName::Rounds => (SomeDeadLetters, text("how often redrive has left it")),
    }
}
