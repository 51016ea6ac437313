//! What is kept of a JSON value once it has been walked over.
//!
//! Promises: no more than the rules ask for, so that a body of any length costs one short record a
//! field. Does not judge.

use std::borrow::Cow;

use serde_json::Number;

use crate::webhook::notification::field_error::{FieldErrors, Flaw, JsonType};

/// The outline of one JSON value.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Null,
    Boolean,
    Number(Number),
    /// A number beyond a double, of which nothing is kept.
    Vast,
    /// A string that is empty or all white space.
    Blank,
    /// Another string, of which nobody asks for the text.
    Filled,
    /// Another string, whose text somebody asks for.
    Text(Cow<'a, str>),
    /// A string with half a surrogate pair, which is no text.
    Torn,
    /// An array where no rule has any use for one.
    Array,
    /// A list of URLs, and what is wrong with its elements.
    List(FieldErrors),
    /// An object where no rule has any use for one.
    Object,
    /// An object where a URL may be, and what is wrong with its `url`.
    Link(Result<(), Flaw>),
    /// The object that names a storage, and what is wrong with its members.
    Destination(FieldErrors),
}

impl Value<'_> {
    pub(super) const fn json_type(&self) -> JsonType {
        match self {
            Self::Null => JsonType::Null,
            Self::Boolean => JsonType::Boolean,
            Self::Number(_) | Self::Vast => JsonType::Number,
            Self::Blank | Self::Filled | Self::Text(_) | Self::Torn => JsonType::String,
            Self::Array | Self::List(_) => JsonType::Array,
            Self::Object | Self::Link(_) | Self::Destination(_) => JsonType::Object,
        }
    }
}
