//! The body of a post.
//!
//! Promise: what is accepted is UTF-8 and JSON to another parser too, which finds the same `app_id` and
//! `type` in it (but for half a surrogate pair, which RFC 8259 allows and most parsers do not); what is refused says where, in a body of any bytes; what the strict contract accepts,
//! every other one does.

use crate::Target;
use hookbridge::webhook::notification::Notification;
use hookbridge::webhook::notification::contract::{Contract, UnknownEvents, Validation};
use hookbridge::webhook::notification::invalid::Invalid;
use tinyjson::JsonValue;

/// From strict to lax.
const CONTRACTS: [Contract; 3] = [
    Contract { validation: Validation::Documented, unknown_events: UnknownEvents::Reject },
    Contract { validation: Validation::Envelope, unknown_events: UnknownEvents::Reject },
    Contract { validation: Validation::Envelope, unknown_events: UnknownEvents::Forward },
];

/// RFC 8259 lets a parser pass over one.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads an input as a body.
#[derive(Debug)]
pub struct Body;

impl Target for Body {
    fn run(&self, input: &[u8]) {
        let mut was_accepted = false;
        for contract in CONTRACTS {
            match Notification::parse(input, contract) {
                Ok(notification) => {
                    agree(input, &notification);
                    was_accepted = true;
                }
                Err(refused) => {
                    assert!(!was_accepted, "a stricter contract took it: {refused}");
                    explains(input, &refused);
                }
            }
        }
    }
}

fn agree(body: &[u8], notification: &Notification<'_>) {
    let text = std::str::from_utf8(body).expect("UTF-8");
    let json = text.trim_start_matches(BYTE_ORDER_MARK).parse();
    let members = match &json {
        Ok(JsonValue::Object(members)) => members,
        // Half a surrogate pair is in the grammar, and in no Rust string.
        Err(refused) if refused.to_string().contains("surrogate") => return,
        other => panic!("to another parser: {other:?}"),
    };
    assert_eq!(members["type"], JsonValue::String(notification.type_name().to_owned()));
    let app_id = notification.app_id().as_str();
    if let JsonValue::Number(found) = &members["app_id"] {
        assert_eq!(Ok(*found), app_id.parse::<f64>());
    } else {
        assert_eq!(members["app_id"], JsonValue::String(app_id.to_owned()));
    }
}

fn explains(body: &[u8], refused: &Invalid) {
    assert!(!refused.to_string().is_empty());
    if let Invalid::MalformedJson { line, column, .. } = refused {
        let lines = body.split(|&byte| byte == b'\n').count();
        assert!((1..=lines).contains(line) && *column <= body.len() + 1, "{refused}");
    }
}
