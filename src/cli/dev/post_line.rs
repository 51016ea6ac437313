//! What became of a post, in a line: its answer, what it is about, and where it is or what is wrong.
//!
//! Promise: what came from its sender is cut, and steers no terminal.

use crate::cli::dev::page::coloured;
use crate::cli::dev::sample_outcome::RecordLocation;
use crate::cli::ledger::ACCEPTED;
use crate::cli::printable::printable_line;
use crate::metrics::Outcome;
use crate::webhook::documents::example_refusal;
use std::fmt::Debug;
use tracing::field::{Field, Visit};

/// An app_id of the provider's is 24 characters; longer ones would push the rest off the line.
const MOST_OF_AN_ID: usize = 24;
/// Of what is wrong, in characters: two lines of a terminal.
const MOST_OF_A_FAULT: usize = 160;

/// A post, as the log tells of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PostLine {
    outcome: Option<Outcome>,
    app_id: Option<String>,
    event: Option<String>,
    pointers: Option<String>,
    reason: Option<String>,
    partition: Option<i64>,
    offset: Option<i64>,
}

impl PostLine {
    /// Where its record is.
    pub(super) fn location(&self) -> Option<RecordLocation> {
        let partition = i32::try_from(self.partition?).ok()?;
        Some(RecordLocation { partition, offset: self.offset? })
    }

    /// The line, if it is one of a post.
    pub(super) fn text(&self) -> Option<String> {
        let outcome = self.outcome?;
        let status = coloured(example_refusal::status(outcome));
        let is_accepted = matches!(outcome, Outcome::Published | Outcome::Spooled);
        let code = if is_accepted { ACCEPTED } else { outcome.as_str() };
        let mut words = vec![status, code.to_owned()];
        let about = [&self.app_id, &self.event].into_iter().flatten();
        words.extend(about.map(|text| cut(text, MOST_OF_AN_ID)));
        if let Some(RecordLocation { partition, offset }) = self.location() {
            words.push(format!("-> partition {partition}, offset {offset}"));
        }
        words.extend(self.fault().map(|fault| cut(fault, MOST_OF_A_FAULT)));
        Some(words.join(" ") + "\n")
    }

    /// Of several fields their pointers: the reason speaks of the first alone.
    fn fault(&self) -> Option<&str> {
        let (pointers, reason) = (self.pointers.as_deref(), self.reason.as_deref());
        pointers.filter(|pointers| pointers.contains(' ')).or(reason).or(pointers)
    }
}

impl Visit for PostLine {
    fn record_str(&mut self, field: &Field, value: &str) {
        let text = || Some(value.to_owned());
        match field.name().trim_start_matches("r#") {
            "outcome" => {
                self.outcome = Outcome::ALL.iter().copied().find(|it| it.as_str() == value);
            }
            "app_id" => self.app_id = text(),
            "type" => self.event = text(),
            "pointers" => self.pointers = text(),
            "reason" => self.reason = text(),
            _ => {}
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        match field.name() {
            "partition" => self.partition = Some(value),
            "offset" => self.offset = Some(value),
            _ => {}
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}

/// The beginning of a text, which says so if it is not all.
pub(super) fn cut(text: &str, most: usize) -> String {
    let text = printable_line(text);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anstream::adapter::strip_str;

    fn of(outcome: Outcome) -> PostLine {
        PostLine { outcome: Some(outcome), ..PostLine::default() }
    }

    #[test]
    fn a_post_is_its_answer_its_subject_and_its_place_or_its_fault() {
        let app_id = Some("5f3a9c1e7d2b4a0012c4e8f1".to_owned());
        let one = "#/app_id: the field is missing";
        for (post, line) in [
            (
                PostLine {
                    app_id,
                    event: Some("file-transfer".to_owned()),
                    partition: Some(0),
                    offset: Some(4),
                    ..of(Outcome::Published)
                },
                "200 accepted 5f3a9c1e7d2b4a0012c4e8f1 file-transfer -> partition 0, offset 4",
            ),
            (of(Outcome::Unauthorized), "401 unauthorized"),
            (
                PostLine { reason: Some("found an array".to_owned()), ..of(Outcome::NotAnObject) },
                "400 not_an_object found an array",
            ),
            (
                PostLine {
                    pointers: Some("#/app_id".to_owned()),
                    reason: Some(one.to_owned()),
                    ..of(Outcome::InvalidNotification)
                },
                "422 invalid_notification #/app_id: the field is missing",
            ),
            (
                PostLine {
                    event: Some("a\u{1b}".to_owned()),
                    pointers: Some("#/a #/b".to_owned()),
                    reason: Some("#/a: x (and 1 more)".to_owned()),
                    ..of(Outcome::InvalidNotification)
                },
                "422 invalid_notification a\\u{1b} #/a #/b",
            ),
        ] {
            assert_eq!(strip_str(&post.text().unwrap()).to_string(), format!("{line}\n"));
        }
        assert_eq!(PostLine::default().text(), None);
        assert_eq!(cut("ää", 1), "ä…");
    }
}
