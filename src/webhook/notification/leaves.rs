//! The strings and numbers of a body, and the two ways to read them.
//!
//! Does not know where they are: that is the walk's part.

use std::marker::PhantomData;

use serde::de::Deserializer;

use crate::webhook::notification::value::Value;
use crate::webhook::notification::walk::{JsonWalk, Key};

/// How the strings and numbers of a body are read.
///
/// The grammar of JSON allows two things that `serde_json` refuses to read as a `str` and a number: an
/// escape of half a surrogate pair, and a number beyond a double. A body that is refused at first is
/// read again by its grammar. There is one walk for each, and so two callers of what they share: where
/// that is inlined into both, reading the usual notification costs 1.05 of the instructions of a walk
/// that is alone, else 1.09.
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
