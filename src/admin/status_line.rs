//! What `/readyz` says, for whoever has room for one line.

use crate::admin::readiness::{Check, Readiness, SPOOL};
use std::fmt::Write as _;

/// See the module; empty before anything is known.
#[derive(Debug, Default)]
pub struct StatusLine {
    /// The line without numbers, which are ages and counts: where it changes, more has.
    pub shape: String,
    /// The line.
    pub text: String,
}

impl StatusLine {
    pub(super) fn of(readiness: &Readiness) -> Self {
        let mut text = readiness.status().to_owned();
        // Of the spool, also where posts go is told.
        for Check { name, ok, detail } in readiness.checks() {
            if !ok || *name == SPOOL {
                let _ = write!(text, "; {name}: {detail}");
            }
        }
        let is_word = |letter: &char| !letter.is_ascii_digit() && *letter != ',';
        Self { shape: text.chars().filter(is_word).collect(), text }
    }
}
