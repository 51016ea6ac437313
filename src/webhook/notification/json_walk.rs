//! The one pass over the bytes of a body.
//!
//! Promise: it refuses what is not JSON by the grammar of RFC 8259, wherever it is, also in members
//! that no rule asks for. What the grammar allows and Rust cannot hold is judged where it is: see
//! [`Leaves`]. Recursion ends at [`NESTING_LIMIT`]. It allocates only where strings have escapes,
//! and for errors. It knows where a rule applies, but none of the rules.

use crate::webhook::notification::event::Field;
use crate::webhook::notification::field_error::FieldErrors;
use crate::webhook::notification::leaves::Leaves;
use crate::webhook::notification::members::Members;
use crate::webhook::notification::rules::{self, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// How deep a body may nest; the outermost object is 1. The documented forms need 3, and the
/// strictest of the common parsers (.NET's `System.Text.Json`) gives up at 64.
pub(super) const NESTING_LIMIT: u8 = 32;

/// A walk over the posted object, which fills its members in.
pub(super) struct Root<'m, 'a, L> {
    pub(super) members: &'m mut Members<'a>,
    pub(super) leaves: L,
}

impl<'de, L: Leaves> DeserializeSeed<'de> for Root<'_, 'de, L> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de, L: Leaves> Visitor<'de> for Root<'_, 'de, L> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let depth = Depth::OUTSIDE.inner()?;
        let Self { members, leaves } = self;
        loop {
            let key = Key(|key: &str| members.note_key(key), PhantomData::<L>);
            let Some(field) = object.next_key_seed(key)? else { return Ok(()) };
            let place = field.map_or(ValuePlace::Elsewhere, ValuePlace::of);
            let value = object.next_value_seed(JsonWalk { place, depth, leaves })?;
            if let Some(field) = field {
                members.put(field, value);
            }
        }
    }
}

/// A walk over one value, which leaves its outline.
#[derive(Clone, Copy)]
pub(super) struct JsonWalk<L> {
    place: ValuePlace,
    /// How many arrays and objects are open around the value.
    depth: Depth,
    leaves: L,
}

impl<L: Leaves> JsonWalk<L> {
    /// A walk over a body that is no object.
    pub(super) fn outermost(leaves: L) -> Self {
        Self { place: ValuePlace::Elsewhere, depth: Depth::OUTSIDE, leaves }
    }

    /// Whether a rule looks into an array or object at this place.
    pub(super) fn looks_inside(self) -> bool {
        match self.place {
            ValuePlace::List(_) | ValuePlace::Element | ValuePlace::Destination => true,
            ValuePlace::Text | ValuePlace::Elsewhere => false,
        }
    }

    /// How many levels a value at this place may have of its own.
    pub(super) fn levels_left(self) -> u8 {
        NESTING_LIMIT - self.depth.0
    }
}

/// What is asked of a value, by where it is.
#[derive(Clone, Copy)]
enum ValuePlace {
    /// A member whose text is kept.
    Text,
    /// A member that is one URL or a list of them.
    List(Field),
    /// An element of such a list.
    Element,
    /// The member that names a storage.
    Destination,
    /// Anywhere else: the outline is enough.
    Elsewhere,
}

impl ValuePlace {
    const fn of(field: Field) -> Self {
        match field {
            Field::Type | Field::TransDate | Field::AppId | Field::RoomId => Self::Text,
            Field::ConfNum | Field::Stage | Field::FileSize => Self::Elsewhere,
            Field::Recording | Field::Files => Self::List(field),
            Field::Destination => Self::Destination,
        }
    }

    /// The outline of a string at this place, which is kept only where its text is asked for.
    #[allow(clippy::inline_always, reason = "see `Leaves`")]
    #[inline(always)]
    fn text<'t, 'a>(self, text: &'t str, keep: impl FnOnce(&'t str) -> Cow<'a, str>) -> Value<'a> {
        match self {
            _ if text.chars().all(char::is_whitespace) => Value::Blank,
            Self::Text => Value::Text(keep(text)),
            Self::List(_) | Self::Element | Self::Destination | Self::Elsewhere => Value::Filled,
        }
    }
}

impl<'de, L: Leaves> DeserializeSeed<'de> for JsonWalk<L> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        L::value(self, json)
    }
}

impl<'de, L: Leaves> Visitor<'de> for JsonWalk<L> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Value::Boolean)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(self.place.text(text, Cow::Borrowed))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.place.text(text, |text| Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let (depth, leaves) = (self.depth.inner()?, self.leaves);
        let ValuePlace::List(field) = self.place else {
            let inside = JsonWalk { place: ValuePlace::Elsewhere, depth, leaves };
            while array.next_element_seed(inside)?.is_some() {}
            return Ok(Value::Array);
        };
        let mut field_errors = FieldErrors::default();
        let mut index = 0;
        let element = JsonWalk { place: ValuePlace::Element, depth, leaves };
        while let Some(value) = array.next_element_seed(element)? {
            rules::list_element(field, index, &value, &mut field_errors);
            index += 1;
        }
        Ok(Value::List(field_errors))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        let inside = JsonWalk { place: ValuePlace::Elsewhere, depth: self.depth.inner()?, ..self };
        match self.place {
            ValuePlace::List(_) | ValuePlace::Element => {
                Ok(Value::Link(rules::link(&select(object, inside, ["url"])?)))
            }
            ValuePlace::Destination => {
                let members = select(object, inside, ["name", "host", "account"])?;
                Ok(Value::Destination(rules::destination_members(&members)))
            }
            ValuePlace::Text | ValuePlace::Elsewhere => {
                let [] = select(object, inside, [])?;
                Ok(Value::Object)
            }
        }
    }
}

/// Walks over an object and keeps the outlines of the members with these names, of repeated ones
/// the last.
fn select<'de, A: MapAccess<'de>, L: Leaves, const N: usize>(
    mut object: A,
    inside: JsonWalk<L>,
    names: [&str; N],
) -> Result<[Option<Value<'de>>; N], A::Error> {
    let mut selected = [const { None }; N];
    let position = |key: &str| names.iter().position(|name| *name == key);
    while let Some(position) = object.next_key_seed(Key(position, PhantomData::<L>))? {
        let value = object.next_value_seed(inside)?;
        if let Some(position) = position {
            selected[position] = Some(value);
        }
    }
    Ok(selected)
}

/// A key, and what becomes of it: read without a copy unless it has escapes.
pub(super) struct Key<F, L>(pub(super) F, pub(super) PhantomData<L>);

impl<'de, T, F: FnOnce(&str) -> T, L: Leaves> DeserializeSeed<'de> for Key<F, L> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<T, D::Error> {
        L::key(json, self.0)
    }
}

impl<T, F: FnOnce(&str) -> T, L> Visitor<'_> for Key<F, L> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<T, E> {
        Ok((self.0)(key))
    }
}

/// How many arrays and objects are open.
#[derive(Clone, Copy)]
struct Depth(u8);

impl Depth {
    const OUTSIDE: Self = Self(0);

    /// One level further in, unless that is too deep.
    fn inner<E: Error>(self) -> Result<Self, E> {
        if self.0 == NESTING_LIMIT {
            return Err(E::custom(too_deep()));
        }
        Ok(Self(self.0 + 1))
    }
}

/// What is said of a body that nests too deep.
pub(super) fn too_deep() -> String {
    format!("nested deeper than {NESTING_LIMIT} levels")
}
