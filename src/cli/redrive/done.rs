//! What a redrive has done, or would do, for people and for scripts.
//!
//! The members of the JSON are those of [`RedrivenRow`] and, of a dry run, [`CountedRow`].

use crate::cli::printable::{printable_app_id, printable_line};
use crate::cli::table::{Align, table};
use crate::redrive::tally::{Counts, Survey, Tally};
use serde::Serialize;
use std::fmt::Write as _;
use std::sync::Arc;

/// See the module.
pub(super) enum Done {
    Redriven(Tally),
    Counted(Survey),
}

/// Where dead letters came from, and where those went that pass.
pub(super) struct Topics {
    pub(super) topic: Arc<str>,
    pub(super) dead_letters: Arc<str>,
}

#[derive(Serialize)]
struct RedrivenRow<'a> {
    topic: &'a str,
    dead_letter_topic: &'a str,
    /// To `topic`.
    published: u64,
    /// They do not pass, and are at the end of their topic.
    left: u64,
    /// They do not pass, and stay where they are: it was their last round.
    left_for_good: u64,
    /// The same, since their topic does not take them again.
    not_taken: u64,
    /// They were not selected, and are at the end of their topic.
    passed_over: u64,
    /// No bridge has written them.
    foreign: u64,
}

#[derive(Serialize)]
struct CountedRow<'a> {
    topic: &'a str,
    dead_letter_topic: &'a str,
    dead_letters: Vec<CountRow<'a>>,
}

/// Of one code and app_id.
#[derive(Serialize)]
struct CountRow<'a> {
    code: &'a str,
    /// Null where none can be told.
    app_id: Option<&'a str>,
    count: u64,
    would_pass: u64,
}

impl Done {
    /// What was done; nothing, of a dry run.
    pub(super) fn tally(&self) -> Tally {
        match self {
            Self::Redriven(tally) => *tally,
            Self::Counted(_) => Tally::default(),
        }
    }

    /// Some lines.
    pub(super) fn text(&self, topics: &Topics) -> String {
        match self {
            Self::Redriven(tally) => sum_up(tally, topics),
            Self::Counted(survey) => counted(survey),
        }
    }

    /// One line of JSON.
    pub(super) fn json(&self, Topics { topic, dead_letters }: &Topics) -> String {
        let json = match self {
            Self::Redriven(tally) => serde_json::to_string(&RedrivenRow {
                topic,
                dead_letter_topic: dead_letters,
                published: tally.published,
                left: tally.left,
                left_for_good: tally.for_good,
                not_taken: tally.not_taken,
                passed_over: tally.passed_over,
                foreign: tally.foreign,
            }),
            Self::Counted(survey) => serde_json::to_string(&CountedRow {
                topic,
                dead_letter_topic: dead_letters,
                dead_letters: survey.lines().map(CountRow::from).collect(),
            }),
        };
        json.expect("texts and numbers") + "\n"
    }
}

impl<'a> From<(&'a str, &'a str, Counts)> for CountRow<'a> {
    fn from((code, app_id, Counts { letters, passing }): (&'a str, &'a str, Counts)) -> Self {
        let app_id = Some(app_id).filter(|app_id| !app_id.is_empty());
        Self { code, app_id, count: letters, would_pass: passing }
    }
}

fn sum_up(tally: &Tally, Topics { topic, dead_letters }: &Topics) -> String {
    let Tally { published, left, for_good, not_taken, passed_over, foreign } = *tally;
    let mut text =
        format!("{} to {topic}\n", of(published, "dead letter went", "dead letters went"));
    for (count, one, many, what) in [
        (left, "does not pass and is", "do not pass and are", "at the end of"),
        (for_good, "does not pass and stays for good", "do not pass and stay for good", "in"),
        (
            not_taken,
            "does not pass, is not taken again and stays for good",
            "do not pass, are not taken again and stay for good",
            "in",
        ),
        (passed_over, "was not selected and is", "were not selected and are", "at the end of"),
        (foreign, "is no bridge's and stays", "are no bridge's and stay", "in"),
    ] {
        if count > 0 {
            writeln!(text, "{} {what} {dead_letters}", of(count, one, many))
                .expect("a String takes all text");
        }
    }
    text
}

fn counted(survey: &Survey) -> String {
    let rows: Vec<_> = survey
        .lines()
        .map(|(code, app_id, counts)| {
            let [letters, passing] = [counts.letters, counts.passing].map(|n| n.to_string());
            [printable_line(code), printable_app_id(app_id), letters, passing]
        })
        .collect();
    if rows.is_empty() {
        return "no dead letters\n".to_owned();
    }
    let head = [
        ("CODE", Align::Left),
        ("APP_ID", Align::Left),
        ("DEAD_LETTERS", Align::Right),
        ("WOULD_PASS", Align::Right),
    ];
    table(head, &rows)
}

/// How many, in words.
fn of(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
