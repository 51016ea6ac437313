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

const DESCRIPTION: &str = "Webhook notifications of a cloud video service, byte for byte as they were posted, with \
    CloudEvents 1.0 headers in the binary mode of its Kafka binding. At least once: consumers drop repeats by \
    ce_id. In order for each key, from one bridge.";

/// Whether each record of the topic has a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    Sometimes,
    /// Dead letters alone have it, on a topic of their own.
    Never,
}

/// Of the records of this topic under this contract, with an example of each type.
pub fn document(contract: Contract, topic: &str, examples: &[(&str, Value)]) -> Value {
    let schemas = Schemas::at(SCHEMAS, contract);
    let types = schemas.types();
    let mut components = schemas.of_types();
    components.insert("headers".to_owned(), headers());
    let in_channel = |kind: &EventKind| {
        let name = kind.as_str();
        (name.to_owned(), json!({ "$ref": format!("#/components/messages/{name}") }))
    };
    let in_channel: Map<String, Value> = types.iter().map(in_channel).collect();
    let message = |kind: &EventKind| {
        let example = examples.iter().find(|(name, _)| *name == kind.as_str());
        (kind.as_str().to_owned(), message(schemas, *kind, example.map(|(_, value)| value)))
    };
    let messages: Map<String, Value> = types.iter().map(message).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "hookbridge",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": { "events": {
            "address": topic,
            "messages": in_channel,
            "bindings": { "kafka": { "topic": topic, "bindingVersion": BINDING } },
        } },
        "operations": { "publish": {
            "action": "send",
            "summary": "The bridge publishes each notification that it has accepted",
            "channel": { "$ref": "#/channels/events" },
        } },
        "components": { "messages": messages, "schemas": components },
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
        "bindings": { "kafka": {
            "key": { "type": "string", "maxLength": AppId::LIMIT, "description": "the app_id, UTF-8" },
            "bindingVersion": BINDING,
        } },
    });
    if let Some(example) = example {
        message["examples"] = json!([{ "payload": example }]);
    }
    message
}

fn headers() -> Value {
    let all = HeaderName::ALL.map(|name| (name.as_str(), header(name)));
    let always = all.iter().filter(|(_, (presence, _))| *presence == Presence::Always);
    let required: Vec<_> = always.map(|(name, _)| *name).collect();
    let here = all.iter().filter(|(_, (presence, _))| *presence != Presence::Never);
    let properties = here.map(|(name, (_, schema))| ((*name).to_owned(), schema.clone()));
    let properties: Map<String, Value> = properties.collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// Whether a record has it, and what it holds: text in UTF-8.
fn header(name: HeaderName) -> (Presence, Value) {
    use Presence::{Always, Never, Sometimes};
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
        HeaderName::Code | HeaderName::Detail | HeaderName::Errors | HeaderName::Rounds => {
            (Never, Value::Null)
        }
    }
}
