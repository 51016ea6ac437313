//! The project that a notification belongs to: the key of its record.
//!
//! Promise: an [`AppId`] is not blank, at most [`AppId::LIMIT`] bytes and free of control
//! characters, so that it fits keys, logs and file formats as it is. It does not ask for a form: no
//! text of the provider says what its ids look like.

use std::borrow::Cow;
use std::fmt;

/// The checked id of a project.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppId<'a>(Cow<'a, str>);

impl<'a> AppId<'a> {
    /// The longest id, in bytes: ten times what the provider's are likely to have (24 hex digits).
    pub const LIMIT: usize = 256;

    /// Checks the text of an id.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, UnfitLabel> {
        let text = text.into();
        check_label(&text, Self::LIMIT)?;
        Ok(Self(text))
    }

    /// The id as it was posted.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same id without the body it was read from.
    pub fn into_owned(self) -> AppId<'static> {
        AppId(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Display for AppId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text cannot be the key or a header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitLabel {
    /// It is empty or all white space.
    #[error("blank")]
    Blank,
    /// It is longer than this many bytes.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// It holds a control character (Unicode's Cc), which `CloudEvents` 1.0 forbids in attributes.
    #[error("holds a control character")]
    ControlCharacter,
}

/// Checks a text that becomes the key or a header of a record.
pub(super) fn check_label(text: &str, limit: usize) -> Result<(), UnfitLabel> {
    if text.chars().all(char::is_whitespace) {
        return Err(UnfitLabel::Blank);
    }
    if text.len() > limit {
        return Err(UnfitLabel::TooLong(limit));
    }
    let has_control_character = if text.is_ascii() {
        // Looks at every byte, without an early end, which the compiler turns into vector code.
        text.bytes().fold(false, |found, byte| found | byte.is_ascii_control())
    } else {
        text.chars().any(char::is_control)
    };
    if has_control_character {
        return Err(UnfitLabel::ControlCharacter);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{AppId, UnfitLabel};

    #[test]
    fn any_text_up_to_256_bytes_without_controls_is_an_id() {
        for text in ["5f3a9c1e7d2b4a0012c4e8f1", "1", " a b ", "ж", "a,b:c", &"x".repeat(256)] {
            assert_eq!(AppId::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn blank_long_and_control_characters_are_distinguished() {
        for text in ["", " ", "\t\r\n", "\u{a0}\u{3000}"] {
            assert_eq!(AppId::new(text), Err(UnfitLabel::Blank), "{text:?}");
        }
        for text in ["x".repeat(257), "ж".repeat(129)] {
            assert_eq!(AppId::new(text), Err(UnfitLabel::TooLong(256)));
        }
        for text in ["a\0", "a\nb", "\u{1b}[31m", "a\u{7f}", "a\u{85}"] {
            assert_eq!(AppId::new(text), Err(UnfitLabel::ControlCharacter), "{text:?}");
        }
    }

    #[test]
    fn an_owned_id_equals_the_borrowed_one() {
        let id = AppId::new("a").unwrap();
        assert_eq!(id.clone().into_owned(), id);
    }
}
