//! What the log says of refused records that went to the dead-letter topic. A plain value.
//!
//! Promise: a line for the first of them, then a count a minute; none is left out uncounted.

use crate::delivery::spool::row::RowId;
use std::mem;
use std::time::{Duration, Instant};

/// Between two lines.
const MINUTE: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct LetterLog {
    logged: Option<Instant>,
    left_out: u64,
}

impl LetterLog {
    /// The row, which was for `topic`, is there.
    pub(super) fn add(&mut self, topic: &str, row: RowId, why: &str) {
        if self.logged.is_some() {
            self.left_out += 1;
            return;
        }
        self.logged = Some(Instant::now());
        tracing::warn!(topic, %row, why, "a record was refused and is on the dead-letter topic");
    }

    /// Sums up what was left out a minute ago.
    pub(super) fn sum_up(&mut self, now: Instant) {
        if self.logged.is_some_and(|logged| logged + MINUTE <= now) {
            self.logged = (self.left_out > 0).then_some(now);
            self.end();
        }
    }

    /// Sums up what was left out.
    pub(super) fn end(&mut self) {
        let records = mem::take(&mut self.left_out);
        if records > 0 {
            tracing::warn!(records, "more refused records are on the dead-letter topic");
        }
    }
}
