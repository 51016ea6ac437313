//! Why bytes are no notification.
//!
//! Promise: one variant for each code that a sender may see; no text repeats the body. It does not
//! know HTTP: statuses belong to the rejection.

use crate::metrics::EventKind;
use crate::post::line::cut;
use crate::webhook::notification::app_id::AppId;
use crate::webhook::notification::field_error::{FieldErrors, JsonType};

/// The most of a body that is looked at, in bytes: the names of fields are short.
const BEGINNING: usize = 512;

/// What a form-encoded JSON object begins with, where it has no name.
const BRACE: &str = "%7b";

/// The first step of the contract that a body fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not UTF-8, not JSON, more than one value, or nested too deep.
    #[error("{detail} at line {line} column {column}")]
    MalformedJson {
        /// The line of the first problem, from 1.
        line: usize,
        /// The byte in that line, from 1, a byte order mark not counted; 0 where the body ended
        /// before the line began.
        column: usize,
        /// What is wrong there.
        detail: String,
    },
    /// JSON, and something else than one object.
    #[error("found {found} instead of an object")]
    NotAnObject {
        /// What the body is.
        found: JsonType,
    },
    /// A field that must be unambiguous comes twice.
    #[error("`{name}` is given more than once")]
    RepeatedField {
        /// The first field that was repeated.
        name: &'static str,
        /// Whose it is and what, where that can be read.
        about: About,
    },
    /// A `type` that is not documented, where these are refused.
    #[error("`type` is none of {}", EventKind::DOCUMENTED.map(EventKind::as_str).join(", "))]
    UnknownEvent {
        /// Whose it is and what, where that can be read.
        about: About,
    },
    /// Fields break the contract of the type.
    #[error("{field_errors}")]
    InvalidNotification {
        /// What is wrong.
        field_errors: FieldErrors,
        /// Whose it is and what, where that can be read.
        about: About,
    },
}

/// What could be read of a post that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The project.
    pub app_id: Option<AppId<'static>>,
    /// The text of `type`, whatever it is, cut as the log cuts it.
    pub type_name: Option<Box<str>>,
}

impl About {
    /// Keeps what could be read.
    pub(super) fn new(app_id: Option<&AppId<'_>>, type_name: Option<&str>) -> Self {
        Self {
            app_id: app_id.map(|app_id| app_id.clone().into_owned()),
            type_name: type_name.map(|name| cut(name).into()),
        }
    }
}

impl Invalid {
    /// The same, and named as a form where the body is one: its sender need not guess from "expected
    /// value at line 1 column 1".
    pub(super) fn naming_form(mut self, body: &str) -> Self {
        if let (Self::MalformedJson { detail, .. }, Some(kind)) = (&mut self, form(body)) {
            *detail =
                format!("the body is a form ({kind}), send the JSON itself as the body: {detail}");
        }
        self
    }

    /// What could be read of the refused post; `None` where it is no object.
    pub fn about(&self) -> Option<&About> {
        match self {
            Self::MalformedJson { .. } | Self::NotAnObject { .. } => None,
            Self::RepeatedField { about, .. }
            | Self::UnknownEvent { about }
            | Self::InvalidNotification { about, .. } => Some(about),
        }
    }

    /// The fields at fault; `None` where the post fails as a whole.
    pub fn field_errors(&self) -> Option<&FieldErrors> {
        match self {
            Self::InvalidNotification { field_errors, .. } => Some(field_errors),
            Self::MalformedJson { .. }
            | Self::NotAnObject { .. }
            | Self::RepeatedField { .. }
            | Self::UnknownEvent { .. } => None,
        }
    }
}

/// What kind of form a text that is no JSON is, if it is one; as it is called in `Content-Type`.
fn form(text: &str) -> Option<&'static str> {
    let mut ends = (0..=BEGINNING.min(text.len())).rev();
    let beginning = &text[..ends.find(|end| text.is_char_boundary(*end)).unwrap_or(0)];
    if beginning.starts_with("--") && beginning.contains("form-data") {
        return Some("multipart/form-data");
    }
    let is_name = |name: &str| {
        let may = |byte: u8| byte.is_ascii_alphanumeric() || b"%+-._*[]".contains(&byte);
        !name.is_empty() && name.bytes().all(may)
    };
    let is_pair = beginning.split_once('=').is_some_and(|(name, _)| is_name(name));
    let is_object = beginning.get(..BRACE.len()).is_some_and(|it| it.eq_ignore_ascii_case(BRACE));
    (is_pair || is_object).then_some("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_distinguished_from_other_texts() {
        for text in [
            "type=roomdrop&app_id=a",
            "payload=%7B%22type%22%3A%22roomdrop%22%7D",
            "payload={\"type\":\"roomdrop\"}",
            "event[type]=roomdrop",
            "a=",
            "%7B%22type%22%3A1%7D",
            "%7b%7d",
        ] {
            assert_eq!(form(text), Some("application/x-www-form-urlencoded"), "{text}");
        }
        let part = "--X\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n{}\r\n--X--";
        assert_eq!(form(part), Some("multipart/form-data"));
        let long = format!("{}=1", "ж".repeat(BEGINNING));
        // A character lies across the end of what is looked at.
        let late = format!("{}ж form-data", "-".repeat(BEGINNING - 1));
        for text in
            ["", "=", "a", "a b=c", "hello, x=1", "<a href=\"b\">", "\"a=b\"", "--", &long, &late]
        {
            assert_eq!(form(text), None, "{text}");
        }
    }
}
