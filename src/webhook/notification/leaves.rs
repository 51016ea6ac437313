//! The strings and numbers of a body, and the two ways to read them.
//!
//! Promise: by the second way, what RFC 8259 allows passes, however little of it Rust can hold: an
//! escape of half a surrogate pair (section 8.2), a number beyond a double (section 6). Both leave
//! an outline of their own, so that a rule can distinguish them from a text and a number. Each byte is
//! looked at a few times, however deep it is; what nests too deep is refused, without its place. It
//! parses nothing itself: `serde_json` knows the grammar and gives the text of each value. It does
//! not know where they are: that is the walk's part.

use crate::webhook::notification::json_walk::{JsonWalk, Key, too_deep};
use crate::webhook::notification::rules::Value;
use serde::Deserialize as _;
use serde::de::{Deserializer, Error as _};
use serde_json::value::RawValue;
use std::marker::PhantomData;

/// How the strings and numbers of a body are read.
///
/// The grammar of JSON allows two things that `serde_json` refuses to read as a `str` and a number:
/// an escape of half a surrogate pair, and a number beyond a double. A body that is refused at
/// first is read again by its grammar. There is one walk for each, and so two callers of what they
/// share, which is inlined into both (`docs/performance.md#what-each-default-was-chosen-by`).
pub(super) trait Leaves: Copy {
    /// Walks over the next value.
    fn value<'de, D>(walk: JsonWalk<Self>, json: D) -> Result<Value<'de>, D::Error>
    where
        D: Deserializer<'de>;

    /// Reads the next key, for `judge`.
    fn key<'de, D, T>(json: D, judge: impl FnOnce(&str) -> T) -> Result<T, D::Error>
    where
        D: Deserializer<'de>;
}

/// As a `str` and a number, wherever they are.
#[derive(Clone, Copy)]
pub(super) struct Typed;

impl Leaves for Typed {
    fn value<'de, D>(walk: JsonWalk<Self>, json: D) -> Result<Value<'de>, D::Error>
    where
        D: Deserializer<'de>,
    {
        json.deserialize_any(walk)
    }

    fn key<'de, D, T>(json: D, judge: impl FnOnce(&str) -> T) -> Result<T, D::Error>
    where
        D: Deserializer<'de>,
    {
        json.deserialize_str(Key(judge, PhantomData::<Self>))
    }
}

/// By their grammar first, and as a `str` and a number where that can be.
#[derive(Clone, Copy)]
pub(super) struct Skimmed;

impl Leaves for Skimmed {
    fn value<'de, D>(walk: JsonWalk<Self>, json: D) -> Result<Value<'de>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let text = <&RawValue>::deserialize(json)?.get();
        if !walk.looks_inside() && deeper_than(text, walk.levels_left()).is_some() {
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

/// Where an array or object begins that is inside `levels` others, if one is: the first, as a byte
/// of the text. One look at each byte up to there. Of a text that is no JSON it says something.
pub(super) fn deeper_than(json: &str, levels: u8) -> Option<usize> {
    let (mut open, most) = (0_usize, usize::from(levels));
    let mut bytes = json.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'[' | b'{' if open == most => return Some(at),
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    None
}

/// Goes behind the end of a string that has begun.
fn skip_string(bytes: &mut impl Iterator<Item = (usize, u8)>) {
    while let Some((_, byte)) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bracket_that_is_too_deep_is_found_outside_strings() {
        for (json, place) in [
            ("[[],{}]", None),
            ("[[[]]]", Some(2)),
            ("[[],{\"a\":{}}]", Some(9)),
            (r#"["[[[\"[[", ["{{{\\"], {"[[": 1}]"#, None),
            (r#"["\\", [[]]]"#, Some(8)),
            ("]]}[[[", Some(5)),
            ("[\"", None),
            ("[\"\\", None),
            ("", None),
        ] {
            assert_eq!(deeper_than(json, 2), place, "{json}");
        }
        assert_eq!(deeper_than("[", 0), Some(0));
    }
}
