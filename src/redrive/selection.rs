//! Which dead letters are meant: `--code`, `--app-id`, `--since`.

use crate::redrive::letter::Letter;
use crate::timestamp::Timestamp;

/// All of them, unless it says otherwise.
#[derive(Debug, Default)]
pub struct Selection {
    /// Those with one of these codes.
    pub codes: Vec<String>,
    /// Those of one of these projects.
    pub app_ids: Vec<String>,
    /// Those received then or later.
    pub since: Option<Timestamp>,
}

impl Selection {
    /// Whether it is meant.
    pub(super) fn takes(&self, letter: &Letter) -> bool {
        let names = |given: &[String], own: &str| {
            given.is_empty() || given.iter().any(|given| given == own)
        };
        names(&self.codes, letter.code())
            && names(&self.app_ids, letter.app_id())
            && self.since.is_none_or(|since| since <= letter.received())
    }
}
