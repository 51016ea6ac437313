//! A text of a sender, kept for the log.
//!
//! Promise: bounded, and without an allocation where it is as short as the provider's ids are. Shown,
//! it steers no terminal and hides nothing. It is for people: a text that was cut does not say so.

use smallvec::SmallVec;
use std::fmt;

/// The longest text that is kept, in bytes: that of the longest app_id.
pub const LIMIT: usize = 256;
/// What the provider's ids, of 24 bytes, fit into: with its tag it fills four words.
const USUAL: usize = 31;

/// The text, empty where there is none.
#[derive(Clone, Default)]
pub struct Text(SmallVec<[u8; USUAL]>);

impl Text {
    /// Keeps the beginning of a text.
    pub fn of(text: &str) -> Self {
        Self(SmallVec::from_slice(cut(text).as_bytes()))
    }

    /// The text as the log shows it; `None` where there is none.
    pub fn shown(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| shown(&String::from_utf8_lossy(&self.0)))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().fmt(f)
    }
}

/// The beginning of a text, as long as what is kept of it.
pub fn cut(text: &str) -> &str {
    if text.len() <= LIMIT {
        return text;
    }
    let end = (0..=LIMIT).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.expect("a text begins at a boundary")]
}

/// Everything that has no glyph of its own is escaped: control characters, line ends, what turns the
/// direction of writing.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' | '\'' | '\\' => shown.push(char),
            _ => shown.extend(char.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_glyph_is_escaped_and_all_else_is_shown() {
        let text = Text::of("a ж📹\"\\\u{1b}[31m\n\u{202e}\u{85}\u{0}");
        let shown = "a ж📹\"\\\\u{1b}[31m\\n\\u{202e}\\u{85}\\0";
        assert_eq!(text.shown().as_deref(), Some(shown));
        assert_eq!(Text::default().shown(), None);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        for (text, length) in
            [("x".repeat(257), 256), ("ж".repeat(200), 256), ("€".repeat(100), 255)]
        {
            assert_eq!(Text::of(&text).0.len(), length);
        }
    }
}
