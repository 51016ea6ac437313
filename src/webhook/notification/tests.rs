//! The contract of a notification, sentence by sentence.

mod field_errors;
mod grammar;
mod forms;
mod malformed;
mod properties;

use crate::webhook::notification::Notification;
use crate::webhook::notification::contract::{Contract, UnknownEvents, Validation};
use crate::webhook::notification::field_error::{FieldError, FieldErrorCode};
use crate::webhook::notification::invalid::Invalid;
use serde_json::{Value, json};

const STRICT: Contract =
    Contract { validation: Validation::Documented, unknown_events: UnknownEvents::Reject };
const FORWARD: Contract = Contract { unknown_events: UnknownEvents::Forward, ..STRICT };
const ENVELOPE: Contract = Contract { validation: Validation::Envelope, ..STRICT };
const LOOSE: Contract = Contract { unknown_events: UnknownEvents::Forward, ..ENVELOPE };
const CONTRACTS: [Contract; 4] = [STRICT, FORWARD, ENVELOPE, LOOSE];

const ROOMDROP: &str = include_str!("../../../tests/samples/roomdrop.json");
const ROOMDROP_NUMBERS: &str = include_str!("../../../tests/samples/roomdrop-numbers.json");
const RECORDING: &str = include_str!("../../../tests/samples/recording.json");
const RECORDING_OBJECTS: &str = include_str!("../../../tests/samples/recording-url-objects.json");
const TRANSCODED: &str = include_str!("../../../tests/samples/transcoded.json");
const FILE_TRANSFER: &str = include_str!("../../../tests/samples/file-transfer-awss3.json");
const SAMPLES: [&str; 6] =
    [ROOMDROP, ROOMDROP_NUMBERS, RECORDING, RECORDING_OBJECTS, TRANSCODED, FILE_TRANSFER];

/// A sample of each documented type.
const DOCUMENTED: [&str; 4] = [ROOMDROP, RECORDING, TRANSCODED, FILE_TRANSFER];

fn strict(body: &str) -> Result<Notification<'_>, Invalid> {
    Notification::parse(body.as_bytes(), STRICT)
}

/// The code of an error, as senders see it.
fn code(error: &FieldError) -> &'static str {
    let code = match error.code {
        FieldErrorCode::MissingField => "missing_field",
        FieldErrorCode::WrongType => "wrong_type",
        FieldErrorCode::Blank => "blank",
    };
    assert_eq!(serde_json::to_value(error.code).unwrap(), code);
    code
}

/// The errors of a body as pairs of pointer and code; none where it is accepted.
fn field_errors(body: &str, contract: Contract) -> Vec<(String, &'static str)> {
    let pair = |field_error: &FieldError| (field_error.pointer.clone(), code(field_error));
    match Notification::parse(body.as_bytes(), contract) {
        Ok(_) => Vec::new(),
        Err(Invalid::InvalidNotification { field_errors, .. }) => {
            field_errors.as_slice().iter().map(pair).collect()
        }
        Err(other) => panic!("{other:?} for {body}"),
    }
}

/// What `field_errors` gives, written shorter.
fn expected(field_errors: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    field_errors.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect()
}

/// A sample with one member replaced or added.
fn with(sample: &str, pointer: &str, value: Value) -> String {
    let mut body: Value = serde_json::from_str(sample).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[key] = value;
    body.to_string()
}

/// A sample without one member.
fn without(sample: &str, pointer: &str) -> String {
    let mut body: Value = serde_json::from_str(sample).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
    body.to_string()
}

/// An undocumented type with a sound envelope.
fn unknown(name: &str) -> String {
    json!({"type": name, "app_id": "a"}).to_string()
}
