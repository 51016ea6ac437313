//! The post and its answers as OpenAPI 3.1.
//!
//! Promise: each status that the path answers is there, with the codes of its problem documents. It does
//! not know what the operator has in front of the bridge.

use crate::webhook::documents::example_refusal::{ExampleAnswer, answers};
use crate::webhook::documents::json_schema::Schemas;
use crate::webhook::notification::contract::Contract;
use crate::webhook::notification::field_error::{FieldErrorCode, FieldErrors};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where a document has its schemas.
pub(super) const SCHEMAS: &str = "#/components/schemas/";

const DESCRIPTION: &str = "Takes the webhook notifications of a cloud video service and publishes each to Apache \
    Kafka. A 200 means that the notification is on Kafka or on disk; every other answer means that the sender \
    should act as the problem document says.";

/// Of this path under this contract, with an example of each type.
pub fn document(contract: Contract, path: &str, examples: &[(&str, Value)]) -> Value {
    let schemas = Schemas::at(SCHEMAS, contract);
    let mut components = schemas.of_types();
    components.insert("notification".to_owned(), schemas.notification());
    components.insert("accepted".to_owned(), accepted());
    components.insert("dead_lettered".to_owned(), dead_lettered());
    components.insert("problem".to_owned(), problem());
    let example = |(name, value): &(&str, Value)| ((*name).to_owned(), json!({ "value": value }));
    let examples: Map<String, Value> = examples.iter().map(example).collect();
    let body = json!({ "schema": reference("notification"), "examples": examples });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "hookbridge",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:8080", "description": "--listen, or what is in front of it" }],
        "paths": { path: { "post": {
            "operationId": "postNotification",
            "summary": "Post one notification",
            "description": "A Content-Type is never refused; a Content-Encoding is.",
            "security": [{ "basic": [] }],
            "requestBody": { "required": true, "content": { "application/json": body } },
            "responses": responses(),
        } } },
        "components": {
            "securitySchemes": { "basic": {
                "type": "http",
                "scheme": "basic",
                "description": "RFC 7617, in UTF-8. Not asked for with --no-auth",
            } },
            "schemas": components,
        },
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("{SCHEMAS}{name}") })
}

fn responses() -> Map<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<ExampleAnswer>> = BTreeMap::new();
    for answer in answers() {
        by_status.entry(answer.status).or_default().push(answer);
    }
    let refused =
        by_status.into_iter().map(|(status, answers)| (status.to_string(), response(&answers)));
    let schema = json!({ "oneOf": [reference("accepted"), reference("dead_lettered")] });
    let content = json!({ "application/json": { "schema": schema } });
    let accepted = json!({ "description": "It is on Kafka or on disk", "content": content });
    [("200".to_owned(), accepted)].into_iter().chain(refused).collect()
}

/// The answers of one status.
fn response(answers: &[ExampleAnswer]) -> Value {
    let text = |answer: &ExampleAnswer, name: &str| {
        answer.problem[name].as_str().expect("a member of each problem").to_owned()
    };
    let codes: Vec<_> = answers.iter().map(|answer| text(answer, "code")).collect();
    let titles: Vec<_> = answers.iter().map(|answer| text(answer, "title")).collect();
    let examples: Map<String, Value> = answers
        .iter()
        .map(|answer| (text(answer, "code"), json!({ "value": answer.problem })))
        .collect();
    let own = json!({ "properties": { "code": { "enum": codes } } });
    let schema = json!({ "allOf": [reference("problem"), own] });
    let mut response = json!({
        "description": titles.join("; or "),
        "content": { "application/problem+json": { "schema": schema, "examples": examples } },
    });
    let names = answers.iter().flat_map(|answer| &answer.headers);
    let header = |name: &&str| ((*name).to_owned(), json!({ "schema": { "type": "string" } }));
    let headers: Map<String, Value> = names.map(header).collect();
    if !headers.is_empty() {
        response["headers"] = headers.into();
    }
    response
}

/// What comes with a 200.
fn accepted() -> Value {
    json!({
        "type": "object",
        "required": ["status", "id"],
        "properties": {
            "status": { "const": "accepted" },
            "id": { "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "the ce_id of the record" },
        },
    })
}

/// What comes with a 200 for an invalid post that is kept.
fn dead_lettered() -> Value {
    json!({
        "type": "object",
        "description": "With --invalid dead-letter: it is kept, and was not taken as a notification",
        "required": ["status", "id", "code", "detail"],
        "properties": {
            "status": { "const": "dead_lettered" },
            "id": { "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "the ce_id of the record" },
            "code": { "type": "string" },
            "detail": { "type": "string" },
            "errors": errors(),
        },
    })
}

/// RFC 9457 with the bridge's own members.
fn problem() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": { "type": "string", "pattern": "^urn:hookbridge:[a-z_]+$" },
            "title": text,
            "status": { "type": "integer" },
            "code": text,
            "detail": text,
            "errors": errors(),
        },
    })
}

fn errors() -> Value {
    json!({
        "type": "array",
        "description": "the fields at fault",
        "maxItems": FieldErrors::KEPT,
        "items": {
            "type": "object",
            "required": ["pointer", "code", "expected", "detail"],
            "properties": {
                "pointer": { "type": "string", "pattern": "^#/" },
                "code": { "enum": FieldErrorCode::ALL },
                "expected": { "type": "string" },
                "detail": { "type": "string" },
            },
        },
    })
}
