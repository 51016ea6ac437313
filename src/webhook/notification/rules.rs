//! What the fields of a notification must hold, one rule a function, and what is kept of a value
//! for it.
//!
//! Promise: a rule is tolerant where the provider is known to differ from its own documentation
//! (numbers for strings, objects for URLs, one for many), and strict elsewhere. It does not read JSON,
//! and does not know which fields a type requires.

use crate::webhook::notification::app_id::check_label;
use crate::webhook::notification::event::Field;
use crate::webhook::notification::field_error::{FieldErrors, FieldFlaw, JsonType};
use crate::webhook::notification::trans_date::{NotATime, TransDate};
use serde_json::Number;
use std::borrow::Cow;

/// The longest room that becomes an attribute of a record, in bytes; the provider's have 24.
const ROOM_LIMIT: usize = 256;

/// From here on, not every whole number is a double: 2 to the 53rd (IEEE 754).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What is taken for a URL: any text, since the scheme of a delivered file is documented nowhere.
const URL: &str = "string";

/// The outline of one JSON value: what is kept of it once it has been walked over. No more than the
/// rules ask for, so that a body of any length costs one short record a field.
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
    Link(Result<(), FieldFlaw>),
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

/// A string that is not blank.
pub(super) fn filled(value: &Value<'_>) -> Result<(), FieldFlaw> {
    match value {
        Value::Filled | Value::Text(_) | Value::Torn => Ok(()),
        Value::Blank => Err(FieldFlaw::Blank),
        Value::Null
        | Value::Boolean
        | Value::Number(_)
        | Value::Vast
        | Value::Array
        | Value::List(_)
        | Value::Object
        | Value::Link(_)
        | Value::Destination(_) => Err(FieldFlaw::Found(value.json_type())),
    }
}

/// A string that is not blank, or a number.
pub(super) fn filled_or_number(value: &Value<'_>) -> Result<(), FieldFlaw> {
    if let Value::Number(_) | Value::Vast = value { Ok(()) } else { filled(value) }
}

/// A string that is not blank, whose text is asked for.
pub(super) fn text(value: Value<'_>) -> Result<Cow<'_, str>, FieldFlaw> {
    if let Value::Text(text) = value {
        return Ok(text);
    }
    filled(&value)?;
    Err(if let Value::Torn = value { FieldFlaw::Torn } else { FieldFlaw::Found(JsonType::String) })
}

/// An instant in one of the forms of [`TransDate`], unless it is one that no record carries.
pub(super) fn time(value: Value<'_>) -> Result<Option<TransDate>, FieldFlaw> {
    if let Value::Number(number) = value {
        match number.as_u64() {
            Some(count) => Ok(TransDate::from_unix(count)),
            // Whole, and before 1970 or, with more digits than any count has, past 9999.
            None if number.is_i64() || is_rounded(&number) => Ok(None),
            None => Err(FieldFlaw::NotATime),
        }
    } else if let Value::Vast = value {
        Ok(None)
    } else {
        TransDate::from_text(&text(value)?).map_err(|NotATime| FieldFlaw::NotATime)
    }
}

/// A string or number; its text, unless that cannot be read, or cannot be an attribute of a record.
pub(super) fn room(value: Value<'_>) -> Result<Option<Cow<'_, str>>, FieldFlaw> {
    let text = if let Value::Number(number) = value {
        if is_rounded(&number) {
            return Ok(None);
        }
        Cow::Owned(number.to_string())
    } else if let Value::Vast | Value::Torn = value {
        return Ok(None);
    } else {
        text(value)?
    };
    Ok(check_label(&text, ROOM_LIMIT).is_ok().then_some(text))
}

/// Whether a whole number may have other digits as a double than it was written with.
fn is_rounded(number: &Number) -> bool {
    number.is_f64() && number.as_f64().is_some_and(|double| double.abs() >= EXACT)
}

/// The URLs of a recording: a list or, as the provider also sends it, a single one.
pub(super) fn recording(value: Value<'_>) -> Result<FieldErrors, FieldFlaw> {
    let mut field_errors = FieldErrors::default();
    if let Value::List(inner) = value {
        field_errors = inner;
    } else if let Value::Link(url) = value {
        field_errors.note(url, || "#/recording/url".to_owned(), URL);
    } else {
        filled(&value)?;
    }
    Ok(field_errors)
}

/// The URLs of delivered files: always a list.
pub(super) fn files(value: Value<'_>) -> Result<FieldErrors, FieldFlaw> {
    if let Value::List(field_errors) = value {
        Ok(field_errors)
    } else {
        Err(FieldFlaw::Found(value.json_type()))
    }
}

/// One of a list of URLs: a string, or an object with it.
#[allow(clippy::inline_always, reason = "see `Leaves`")]
#[inline(always)]
pub(super) fn list_element(
    field: Field,
    index: usize,
    value: &Value<'_>,
    field_errors: &mut FieldErrors,
) {
    let list = field.name();
    if let Value::Link(url) = value {
        field_errors.note(*url, || format!("#/{list}/{index}/url"), URL);
    } else {
        field_errors.note(
            filled(value),
            || format!("#/{list}/{index}"),
            "string, or object with a url",
        );
    }
}

/// The `url` of an object in its place.
pub(super) fn link([url]: &[Option<Value<'_>>; 1]) -> Result<(), FieldFlaw> {
    filled(url.as_ref().ok_or(FieldFlaw::Missing)?)
}

/// The storage that files were delivered to.
pub(super) fn destination(value: Value<'_>) -> Result<FieldErrors, FieldFlaw> {
    if let Value::Destination(field_errors) = value {
        Ok(field_errors)
    } else {
        Err(FieldFlaw::Found(value.json_type()))
    }
}

/// The members of a destination: any name passes, since the portal offers more storages than the
/// documentation has constants for.
pub(super) fn destination_members([name, host, account]: &[Option<Value<'_>>; 3]) -> FieldErrors {
    let mut field_errors = FieldErrors::default();
    let name = name.as_ref().ok_or(FieldFlaw::Missing).and_then(filled);
    field_errors.note(name, || "#/destination/name".to_owned(), "string");
    for (value, pointer) in [(host, "#/destination/host"), (account, "#/destination/account")] {
        let judged = value.as_ref().map_or(Ok(()), text_or_nothing);
        field_errors.note(judged, || pointer.to_owned(), "string or null");
    }
    field_errors
}

/// A string, also a blank one, or null.
fn text_or_nothing(value: &Value<'_>) -> Result<(), FieldFlaw> {
    match filled(value) {
        Err(FieldFlaw::Blank | FieldFlaw::Found(JsonType::Null)) => Ok(()),
        judged => judged,
    }
}
