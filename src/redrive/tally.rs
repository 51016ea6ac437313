//! What became of the dead letters, and what would become of them.

use crate::redrive::letter::{Letter, Verdict};
use std::collections::BTreeMap;

/// The most lines of a survey: codes are few, and projects may be many.
const LINES: usize = 100_000;

/// What a redrive has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// They are notifications on their topic.
    pub published: u64,
    /// They are at the end of the dead-letter topic.
    pub left: u64,
    /// They stay where they are, and are not looked at again.
    pub for_good: u64,
    /// The same, since the dead-letter topic did not take them again.
    pub not_taken: u64,
    /// They are at the end of the dead-letter topic because they were not selected.
    pub passed_over: u64,
    /// No bridge has written them.
    pub foreign: u64,
}

impl Tally {
    /// How many records are done with.
    pub fn looked_at(&self) -> u64 {
        let Self { published, left, for_good, not_taken, passed_over, foreign } = self;
        published + left + for_good + not_taken + passed_over + foreign
    }
}

/// What a redrive would do, by code and project.
#[derive(Debug, Default)]
pub struct Survey(BTreeMap<(String, String), Counts>);

/// Of one code and project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub letters: u64,
    /// Those that are notifications by the rules of today.
    pub passing: u64,
}

impl Survey {
    pub(super) fn add(&mut self, letter: &Letter, verdict: Verdict) {
        let app_id = if self.0.len() < LINES { letter.app_id() } else { "(others)" };
        let counts = self.0.entry((letter.code().to_owned(), app_id.to_owned())).or_default();
        counts.letters += 1;
        counts.passing += u64::from(verdict == Verdict::Passes);
    }

    /// Code and project of each, in their order.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &str, Counts)> {
        self.0.iter().map(|((code, app_id), counts)| (&**code, &**app_id, *counts))
    }
}
