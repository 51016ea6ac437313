//! The members of a posted object that the contract speaks of.
//!
//! Promise: each value is judged as it goes by, and nothing but the verdict and the texts that
//! route a record are kept; what is missing is asked at the end, so that `type` may come last.
//! Of a repeated member the last counts, as in most parsers of consumers; the two that decide where
//! a record goes may not be repeated. It does not know which fields a type requires.

use crate::webhook::notification::app_id::AppId;
use crate::webhook::notification::event::Field;
use crate::webhook::notification::field_error::{FieldErrors, FieldFlaw};
use crate::webhook::notification::invalid::{About, Invalid};
use crate::webhook::notification::json_walk::{self, JsonWalk, NESTING_LIMIT, Root};
use crate::webhook::notification::leaves::{Skimmed, Typed, deeper_than};
use crate::webhook::notification::rules::{self, Value};
use crate::webhook::notification::trans_date::TransDate;
use serde::de::DeserializeSeed;
use std::borrow::Cow;
use std::mem;
use std::str::{self, Utf8Error};

/// Some editors and languages start UTF-8 with it; RFC 8259 section 8.1 lets parsers skip it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The white space of JSON (RFC 8259 section 2).
const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// What an encrypted post of the provider's voice service holds instead of a `type`.
const VOICE_ENVELOPE: &str = "encrypted_data";

/// What each field holds, or what is wrong with it.
#[derive(Debug)]
pub(super) struct Members<'a> {
    pub(super) type_name: Result<Cow<'a, str>, FieldFlaw>,
    pub(super) app_id: Result<AppId<'a>, FieldFlaw>,
    pub(super) trans_date: Result<Option<TransDate>, FieldFlaw>,
    /// The text of the room, where it can be an attribute of a record.
    pub(super) room_id: Result<Option<Cow<'a, str>>, FieldFlaw>,
    conf_num: Result<(), FieldFlaw>,
    stage: Result<(), FieldFlaw>,
    file_size: Result<(), FieldFlaw>,
    recording: Result<FieldErrors, FieldFlaw>,
    destination: Result<FieldErrors, FieldFlaw>,
    files: Result<FieldErrors, FieldFlaw>,
    type_repeated: bool,
    app_id_repeated: bool,
    voice_envelope: bool,
}

impl<'a> Members<'a> {
    /// An object without any member.
    pub(super) const EMPTY: Self = Self {
        type_name: Err(FieldFlaw::Missing),
        app_id: Err(FieldFlaw::Missing),
        trans_date: Err(FieldFlaw::Missing),
        room_id: Err(FieldFlaw::Missing),
        conf_num: Err(FieldFlaw::Missing),
        stage: Err(FieldFlaw::Missing),
        file_size: Err(FieldFlaw::Missing),
        recording: Err(FieldFlaw::Missing),
        destination: Err(FieldFlaw::Missing),
        files: Err(FieldFlaw::Missing),
        type_repeated: false,
        app_id_repeated: false,
        voice_envelope: false,
    };

    /// Reads a body to its end: UTF-8, then JSON, then one object without ambiguity.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Invalid> {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        let text = str::from_utf8(body).map_err(|error| not_utf8(body, error))?;
        if !text.trim_start_matches(WHITE_SPACE).starts_with('{') {
            let by_grammar = |text| walk(text, JsonWalk::outermost(Skimmed));
            let found = walk(text, JsonWalk::outermost(Typed))
                .or_else(|error| again(text, &error, by_grammar));
            let found = found.map_err(|refused| refused.naming_form(text))?;
            return Err(Invalid::NotAnObject { found: found.json_type() });
        }
        let mut members = Self::EMPTY;
        if let Err(error) = walk(text, Root { members: &mut members, leaves: Typed }) {
            members = Self::EMPTY;
            let by_grammar = |text| walk(text, Root { members: &mut members, leaves: Skimmed });
            again(text, &error, by_grammar)?;
        }
        if members.app_id_repeated {
            let about = About { app_id: None, ..members.about() };
            return Err(Invalid::RepeatedField { name: Field::AppId.name(), about });
        }
        if members.type_repeated {
            let about = About { type_name: None, ..members.about() };
            return Err(Invalid::RepeatedField { name: Field::Type.name(), about });
        }
        if members.voice_envelope && members.type_name == Err(FieldFlaw::Missing) {
            members.type_name = Err(FieldFlaw::VoiceEnvelope);
        }
        Ok(members)
    }

    /// What could be read of a post that is refused.
    pub(super) fn about(&self) -> About {
        About::new(self.app_id.as_ref().ok(), self.type_name.as_deref().ok())
    }

    /// The field with this key, if it is one.
    pub(super) fn note_key(&mut self, key: &str) -> Option<Field> {
        self.voice_envelope |= key == VOICE_ENVELOPE;
        Field::named(key)
    }

    /// Judges a value and keeps what came of it in place of an earlier one.
    #[allow(clippy::inline_always, reason = "see `Leaves`")]
    #[inline(always)]
    pub(super) fn put(&mut self, field: Field, value: Value<'a>) {
        match field {
            Field::Type => {
                let earlier = mem::replace(&mut self.type_name, rules::text(value));
                self.type_repeated |= earlier != Err(FieldFlaw::Missing);
            }
            Field::AppId => {
                let app_id = rules::text(value).and_then(|text| Ok(AppId::new(text)?));
                let earlier = mem::replace(&mut self.app_id, app_id);
                self.app_id_repeated |= earlier != Err(FieldFlaw::Missing);
            }
            Field::TransDate => self.trans_date = rules::time(value),
            Field::RoomId => self.room_id = rules::room(value),
            Field::ConfNum => self.conf_num = rules::filled_or_number(&value),
            Field::Stage => self.stage = rules::filled_or_number(&value),
            Field::FileSize => self.file_size = rules::filled_or_number(&value),
            Field::Recording => self.recording = rules::recording(value),
            Field::Destination => self.destination = rules::destination(value),
            Field::Files => self.files = rules::files(value),
        }
    }

    /// Everything that is wrong with these fields, in their order.
    pub(super) fn field_errors(&self, required: &[Field]) -> FieldErrors {
        let mut field_errors = FieldErrors::default();
        for &field in required {
            match field {
                Field::Type => field_errors.field(field, &self.type_name),
                Field::AppId => field_errors.field(field, &self.app_id),
                Field::TransDate => field_errors.field(field, &self.trans_date),
                Field::RoomId => field_errors.field(field, &self.room_id),
                Field::ConfNum => field_errors.field(field, &self.conf_num),
                Field::Stage => field_errors.field(field, &self.stage),
                Field::FileSize => field_errors.field(field, &self.file_size),
                Field::Recording => field_errors.inside(field, &self.recording),
                Field::Destination => field_errors.inside(field, &self.destination),
                Field::Files => field_errors.inside(field, &self.files),
            }
        }
        field_errors
    }
}

/// Walks again, by the grammar alone, over a text that was refused.
#[cold]
fn again<'a, T>(
    text: &'a str,
    refused: &serde_json::Error,
    walk: impl FnOnce(&'a str) -> serde_json::Result<T>,
) -> Result<T, Invalid> {
    // The walk's own: the body nests too deep, however it is read.
    if refused.is_data() {
        return Err(too_deep(text));
    }
    walk(text).map_err(|error| {
        if error.is_data() {
            return too_deep(text);
        }
        // At the same place, the first has the better words.
        let place = |error: &serde_json::Error| (error.line(), error.column());
        not_json(if place(&error) == place(refused) { refused } else { &error })
    })
}

/// Walks over a text to its end.
fn walk<'a, S: DeserializeSeed<'a>>(text: &'a str, seed: S) -> serde_json::Result<S::Value> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

fn not_utf8(body: &[u8], error: Utf8Error) -> Invalid {
    malformed_behind(&body[..error.valid_up_to()], "invalid UTF-8".to_owned())
}

/// Both walks end behind the bracket that is one too many, the second one far behind it.
fn too_deep(text: &str) -> Invalid {
    let at = deeper_than(text, NESTING_LIMIT).unwrap_or(text.len());
    malformed_behind(&text.as_bytes()[..at], json_walk::too_deep())
}

/// What is wrong begins behind these bytes.
fn malformed_behind(before: &[u8], detail: String) -> Invalid {
    let mut lines = before.split(|byte| *byte == b'\n');
    let column = 1 + lines.next_back().map_or(0, <[u8]>::len);
    Invalid::MalformedJson { line: 1 + lines.count(), column, detail }
}

fn not_json(error: &serde_json::Error) -> Invalid {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let detail = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    Invalid::MalformedJson { line, column, detail: detail.to_owned() }
}
