//! What is wrong with the fields of a notification, named all at once.
//!
//! Promise: an error says where, what kind and what was expected, and never repeats a value of the
//! body: it goes to logs and to whoever posted. At most [`FieldErrors::KEPT`] are kept, however
//! long the body. It does not know statuses: that is the rejection's part.

use crate::webhook::notification::app_id::UnfitLabel;
use crate::webhook::notification::event::Field;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// One field that breaks the contract; in JSON as senders see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where: a JSON pointer as a URI fragment (RFC 6901 section 6), such as `#/files/0/url`.
    pub pointer: String,
    /// What kind of error it is.
    pub code: FieldErrorCode,
    /// What the contract asks for at this place, in words.
    pub expected: &'static str,
    /// What was found instead, in words, without the value.
    pub detail: Cow<'static, str>,
}

/// The kinds of error that senders can distinguish, by these names in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldErrorCode {
    /// A required field is not there.
    MissingField,
    /// The field is there and holds something of another form, null included.
    WrongType,
    /// A required string is empty or all white space.
    Blank,
}

impl FieldErrorCode {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::MissingField, Self::WrongType, Self::Blank];
}

/// The first errors of a notification, and how many there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors {
    kept: Vec<FieldError>,
    total: usize,
}

impl FieldErrors {
    /// How many errors are kept: more say nothing new to a sender, and the answer stays small.
    pub const KEPT: usize = 16;

    /// The errors that were kept, in the order of the contract.
    pub fn as_slice(&self) -> &[FieldError] {
        &self.kept
    }

    /// How many errors there were, those that were not kept included.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Counts the flaw, if there is one. Its error is only made when it is kept, so that a body
    /// full of them costs little.
    pub(super) fn note(
        &mut self,
        judged: Result<(), FieldFlaw>,
        pointer: impl FnOnce() -> String,
        expected: &'static str,
    ) {
        let Err(flaw) = judged else { return };
        if self.kept.len() < Self::KEPT {
            self.kept.push(FieldError {
                pointer: pointer(),
                code: flaw.code(),
                expected,
                detail: flaw.detail(),
            });
        }
        self.total += 1;
    }

    /// Counts the flaw of a whole field, if there is one.
    pub(super) fn field<T>(&mut self, field: Field, judged: &Result<T, FieldFlaw>) {
        let judged = judged.as_ref().map(|_| ()).map_err(|flaw| *flaw);
        self.note(judged, || format!("#/{}", field.name()), field.expected());
    }

    /// Counts the flaw of a whole field, or the errors inside it.
    pub(super) fn inside(&mut self, field: Field, judged: &Result<Self, FieldFlaw>) {
        self.field(field, judged);
        if let Ok(inner) = judged {
            let room = Self::KEPT - self.kept.len();
            self.kept.extend(inner.kept.iter().take(room).cloned());
            self.total += inner.total;
        }
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.kept.first() else { return f.write_str("no fault") };
        write!(f, "{}: {}", first.pointer, first.detail)?;
        match self.total - 1 {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

/// What a rule has against a value, before it is known where the value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldFlaw {
    /// The field is not there.
    Missing,
    /// `type` is not there, and the body is an envelope of the provider's voice service.
    VoiceEnvelope,
    /// A value of another JSON type.
    Found(JsonType),
    /// A string without any character but white space.
    Blank,
    /// A string longer than this many bytes.
    TooLong(usize),
    /// A string with a control character.
    ControlCharacter,
    /// A string with half a surrogate pair, whose text is asked for.
    Torn,
    /// A number or string that is no time.
    NotATime,
}

impl FieldFlaw {
    const fn code(self) -> FieldErrorCode {
        match self {
            Self::Missing | Self::VoiceEnvelope => FieldErrorCode::MissingField,
            Self::Blank => FieldErrorCode::Blank,
            Self::Found(_)
            | Self::TooLong(_)
            | Self::ControlCharacter
            | Self::Torn
            | Self::NotATime => FieldErrorCode::WrongType,
        }
    }

    fn detail(self) -> Cow<'static, str> {
        match self {
            Self::Missing => "the field is missing".into(),
            Self::VoiceEnvelope => "the field is missing; `encrypted_data` is what the voice \
                service of the same provider sends: its webhook seems to point here"
                .into(),
            Self::Found(found) => format!("found {found}").into(),
            Self::Blank => "the string is blank".into(),
            Self::TooLong(limit) => format!("the string is longer than {limit} bytes").into(),
            Self::ControlCharacter => "the string holds a control character".into(),
            Self::Torn => "the string holds half of a surrogate pair, which is no text".into(),
            Self::NotATime => {
                "neither a Unix time nor RFC 3339 with a zone, up to the year 9999".into()
            }
        }
    }
}

impl From<UnfitLabel> for FieldFlaw {
    fn from(unfit: UnfitLabel) -> Self {
        match unfit {
            UnfitLabel::Blank => Self::Blank,
            UnfitLabel::TooLong(limit) => Self::TooLong(limit),
            UnfitLabel::ControlCharacter => Self::ControlCharacter,
        }
    }
}

/// The types of JSON (RFC 8259 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl fmt::Display for JsonType {
    /// The type as part of a sentence: `an array`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}
