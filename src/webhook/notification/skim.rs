//! Values that are read by their grammar first.
//!
//! Promises: what RFC 8259 allows passes, however little of it Rust can hold: an escape of half a
//! surrogate pair (section 8.2), a number beyond a double (section 6). Both leave an outline of their
//! own, so that a rule can tell them from a text and a number. Each byte is looked at a few times,
//! however deep it is. What nests too deep is refused, without its place. Parses nothing itself: `serde_json` knows the grammar and gives the text of
//! each value.

use serde::Deserialize as _;
use serde::de::{Deserializer, Error};
use serde_json::value::RawValue;

use crate::webhook::notification::leaves::Leaves;
use crate::webhook::notification::nesting;
use crate::webhook::notification::value::Value;
use crate::webhook::notification::walk::{JsonWalk, too_deep};

/// By their grammar first, and as a `str` and a number where that can be.
#[derive(Clone, Copy)]
pub(super) struct Skimmed;

impl Leaves for Skimmed {
    fn value<'de, D>(walk: JsonWalk<Self>, json: D) -> Result<Value<'de>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let text = <&RawValue>::deserialize(json)?.get();
        if !walk.looks_inside() && nesting::deeper_than(text, walk.levels_left()).is_some() {
            return Err(D::Error::custom(too_deep()));
        }
        let read = || serde_json::Deserializer::from_str(text).deserialize_any(walk).ok();
        match text.as_bytes() {
            [b'[', ..] if !walk.looks_inside() => Ok(Value::Array),
            [b'{', ..] if !walk.looks_inside() => Ok(Value::Object),
            [b'"', ..] => Ok(read().unwrap_or(Value::Torn)),
            [b'-' | b'0'..=b'9', ..] => Ok(read().unwrap_or(Value::Vast)),
            // The grammar is kept, so that nothing but the depth can be wrong.
            _ => read().ok_or_else(|| D::Error::custom(too_deep())),
        }
    }

    /// A key that has no text is judged as the empty one, which no rule asks for.
    fn key<'de, D, T>(json: D, judge: impl FnOnce(&str) -> T) -> Result<T, D::Error>
    where
        D: Deserializer<'de>,
    {
        let text = <&RawValue>::deserialize(json)?.get();
        Ok(judge(&serde_json::from_str::<String>(text).unwrap_or_default()))
    }
}
