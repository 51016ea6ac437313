//! What the log says of one post.
//!
//! Promise: never a header, a body or a secret; what came from the sender is cut and escaped, so
//! that it steers no terminal and hides nothing; what is not known is left out.

use crate::metrics::Outcome;
use crate::post::refusals::AtFault;
use crate::post::{LOG_TARGET, Location, RefusalReason};
use smallvec::SmallVec;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// The longest text that is kept, in bytes: that of the longest app_id.
pub const LIMIT: usize = 256;
/// What the provider's ids, of 24 bytes, fit into: with its tag it fills four words.
const USUAL: usize = 31;

/// What is known of a post besides its outcome.
#[derive(Debug)]
pub(super) struct PostFacts {
    /// Where it came from.
    pub(super) peer: IpAddr,
    /// How long its body is or, where the head does not say, how much of it came, in bytes.
    pub(super) bytes: u64,
    /// Whose credential it came with.
    pub(super) user: Option<Arc<str>>,
    /// The project.
    pub(super) app_id: Text,
    /// The notification's own type.
    pub(super) event: Text,
}

/// The lines of one post.
pub(super) struct Line<'a> {
    pub(super) facts: &'a PostFacts,
    pub(super) outcome: Outcome,
    pub(super) why: &'a RefusalReason,
    pub(super) took: Duration,
}

impl Line<'_> {
    /// The line that every post has, where somebody reads it.
    pub(super) fn log(&self, ce_id: Option<&str>, location: Option<Location>) {
        let Self { facts, outcome, why, took } = self;
        let (partition, offset, row) = match location {
            Some(Location::Kafka { partition, offset }) => (Some(partition), Some(offset), None),
            Some(Location::Spool { row }) => (None, None, Some(row)),
            None => (None, None, None),
        };
        tracing::debug!(
            target: LOG_TARGET,
            ce_id,
            app_id = facts.app_id.shown(),
            r#type = facts.event.shown(),
            user = facts.user.as_deref(),
            outcome = outcome.as_str(),
            code = why.code,
            pointers = why.pointers.as_deref(),
            reason = why.reason.as_deref(),
            bytes = facts.bytes,
            peer = %facts.peer,
            partition,
            offset,
            row,
            // Whole microseconds: three digits behind the point.
            ms = took.as_micros() as f64 / 1000.0,
            "post"
        );
    }

    /// The line that a refusal has, with the number of those that had none.
    pub(super) fn log_refusal(&self, at_fault: AtFault, left_out: u64) {
        let Self { facts, outcome, why, took: _ } = self;
        let left_out = (left_out > 0).then_some(left_out);
        macro_rules! line {
            ($level:ident, $words:literal) => {
                tracing::$level!(
                    outcome = outcome.as_str(),
                    code = why.code,
                    user = facts.user.as_deref(),
                    app_id = facts.app_id.shown(),
                    r#type = facts.event.shown(),
                    pointers = why.pointers.as_deref(),
                    reason = why.reason.as_deref(),
                    bytes = facts.bytes,
                    peer = %facts.peer,
                    left_out,
                    $words
                )
            };
        }
        match at_fault {
            AtFault::Sender => line!(info, "a post was refused"),
            AtFault::Bridge => line!(warn, "a post was refused"),
            AtFault::Invalid => line!(info, "a post was kept as a dead letter"),
        }
    }
}

/// A text of a sender, empty where there is none. Bounded, and without an allocation where it is as
/// short as the provider's ids are. A text that was cut does not say so.
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

/// Everything that has no glyph of its own is escaped: control characters, line ends, what turns
/// the direction of writing.
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
