//! A notification as JSON Schema, draft 2020-12; without `$schema` and `$id` it is draft 7 as well.
//!
//! Promise: what is accepted fits the schema. The other way round five things are beyond a schema, and
//! its description says so: limits in bytes, leap years and leap seconds, `1.0` for a whole number,
//! fields that are there twice, depth.

use crate::metrics::EventKind;
use crate::webhook::notification::FORWARDED_TYPE_LIMIT;
use crate::webhook::notification::app_id::AppId;
use crate::webhook::notification::contract::{Contract, UnknownEvents};
use crate::webhook::notification::event::Field;
use serde_json::{Map, Value, json};

/// A character that is no white space: Unicode's `White_Space`, by which a string is blank.
const NOT_BLANK: &str =
    r"[^\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";
/// Unicode's Cc.
const CONTROL: &str = r"[\u0000-\u001f\u007f-\u009f]";
/// A whole number of any length; before 1970 too.
const UNIX_TIME: &str = "^-?[0-9]+$";
/// RFC 3339 with a zone, and with the space that its section 5.6 names.
const RFC_3339: &str = concat!(
    r"^[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))",
    r"[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
);

const DESCRIPTION: &str = "A notification that is accepted. Beyond this schema: the limits of type and app_id \
    are bytes of UTF-8, and a schema counts characters; 29 February is of leap years and second 60 of leap \
    seconds; a whole number is written without a fraction and an exponent, unless it is 2 to the 53rd or more; \
    type and app_id may be given once; arrays and objects nest 32 deep.";

/// The schemas of one contract.
#[derive(Debug, Clone, Copy)]
pub struct Schemas {
    contract: Contract,
    /// Where the document has the schema of each type.
    place: &'static str,
}

/// The schema as a document of its own.
pub fn document(contract: Contract) -> Value {
    let schemas = Schemas::at("#/$defs/", contract);
    let mut document = schemas.notification();
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    document["$id"] = "urn:hookbridge:notification".into();
    document["$defs"] = schemas.of_types().into();
    document
}

impl Schemas {
    /// In a document that has the schemas of the types in this place.
    pub(super) fn at(place: &'static str, contract: Contract) -> Self {
        Self { contract, place }
    }

    /// The types, by the names of their schemas.
    pub(super) fn types(self) -> Vec<EventKind> {
        let others = match self.contract.unknown_events {
            UnknownEvents::Reject => None,
            UnknownEvents::Forward => Some(EventKind::Other),
        };
        EventKind::DOCUMENTED.into_iter().chain(others).collect()
    }

    /// A reference to the schema of a type.
    pub(super) fn reference(self, kind: EventKind) -> Value {
        json!({ "$ref": format!("{}{}", self.place, kind.as_str()) })
    }

    /// A notification of any type.
    pub(super) fn notification(self) -> Value {
        let types: Vec<_> = self.types().into_iter().map(|kind| self.reference(kind)).collect();
        json!({ "title": "Notification", "description": DESCRIPTION, "type": "object", "oneOf": types })
    }

    /// The schema of each type.
    pub(super) fn of_types(self) -> Map<String, Value> {
        let of = |kind: EventKind| (kind.as_str().to_owned(), self.of_type(kind));
        self.types().into_iter().map(of).collect()
    }

    fn of_type(self, kind: EventKind) -> Value {
        let fields = self.contract.required(Some(kind));
        let required: Vec<_> = fields.iter().map(|field| field.name()).collect();
        let property = |field: &Field| (field.name().to_owned(), property(*field, kind));
        let properties: Map<String, Value> = fields.iter().map(property).collect();
        json!({ "type": "object", "required": required, "properties": properties })
    }
}

/// What a field of this type must hold.
fn property(field: Field, kind: EventKind) -> Value {
    let mut property = match field {
        Field::Type => return type_name(kind),
        Field::AppId => label(AppId::LIMIT),
        Field::TransDate => time(),
        Field::RoomId | Field::ConfNum | Field::Stage | Field::FileSize => {
            json!({ "anyOf": [filled(), { "type": "number" }] })
        }
        Field::Recording => json!({ "anyOf": [filled(), link(), urls()] }),
        Field::Files => urls(),
        Field::Destination => destination(),
    };
    property["description"] = field.expected().into();
    property
}

fn type_name(kind: EventKind) -> Value {
    match kind {
        EventKind::Roomdrop
        | EventKind::Recording
        | EventKind::Transcoded
        | EventKind::FileTransfer => json!({ "const": kind.as_str() }),
        EventKind::Other => {
            let known = EventKind::DOCUMENTED.map(EventKind::as_str);
            json!({ "allOf": [label(FORWARDED_TYPE_LIMIT), { "not": { "enum": known } }] })
        }
    }
}

/// A string that is not blank.
fn filled() -> Value {
    json!({ "type": "string", "pattern": NOT_BLANK })
}

/// The same, for the key or a header of a record.
fn label(limit: usize) -> Value {
    json!({ "type": "string", "pattern": NOT_BLANK, "not": { "pattern": CONTROL }, "maxLength": limit })
}

fn time() -> Value {
    // A `$` of some matches before a last line feed, too.
    let form =
        |pattern| json!({ "type": "string", "pattern": pattern, "not": { "pattern": CONTROL } });
    json!({ "anyOf": [{ "type": "integer" }, form(UNIX_TIME), form(RFC_3339)] })
}

/// An object in the place of a URL.
fn link() -> Value {
    json!({ "type": "object", "required": ["url"], "properties": { "url": filled() } })
}

fn urls() -> Value {
    json!({ "type": "array", "items": { "anyOf": [filled(), link()] } })
}

fn destination() -> Value {
    let text = json!({ "type": ["string", "null"] });
    json!({
        "type": "object",
        "required": ["name"],
        "properties": { "name": filled(), "host": text, "account": text },
    })
}
