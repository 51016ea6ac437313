//! What the drain tells the operator: progress every few seconds, and each kind of trouble once.
//!
//! Promise: while a fault repeats itself it is one line, until rows are released again. It decides
//! nothing.

use crate::delivery::drain::progress::Progress;
use crate::delivery::drain::window::Setback;
use crate::delivery::spool::error::AccessError;
use std::time::Instant;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Narration {
    progress: Progress,
    /// The trouble that was told and is not over.
    told: Option<String>,
}

impl Narration {
    /// So many records wait.
    pub(super) fn tell(&mut self, left: u64, now: Instant) {
        if let Some(line) = self.progress.line(left, now) {
            tracing::info!(
                left,
                per_second = line.rate.round(),
                seconds_left = line.seconds_left.round(),
                "draining the spool"
            );
        }
    }

    /// Rows were released.
    pub(super) fn released(&mut self, rows: u64, now: Instant) {
        self.progress.note(rows, now);
        self.told = None;
    }

    /// The drain starts over.
    pub(super) fn setback(&mut self, setback: &Setback) {
        let error = match setback {
            Setback::Dead => "fatal error of the producer".to_owned(),
            Setback::Unacked(fault) => fault.to_string(),
            Setback::Suspects(fault, last) => {
                tracing::warn!(error = %fault, last = %last, "a batch was refused, its records are sent one by one");
                return;
            }
            Setback::Refused(fault, row) => {
                tracing::error!(error = %fault, row = %row, "a record was refused and is set aside");
                return;
            }
        };
        if self.is_news(&error) {
            tracing::warn!(error, "the drain starts over with a new producer");
        }
    }

    /// The disk failed in the attempt to do this.
    pub(super) fn disk_failed(&mut self, error: &AccessError, attempt: &'static str) {
        if self.is_news(attempt) {
            tracing::warn!(%error, attempt, "the disk of the spool fails the drain");
        }
    }

    fn is_news(&mut self, trouble: &str) -> bool {
        let news = self.told.as_deref() != Some(trouble);
        if news {
            self.told = Some(trouble.to_owned());
        }
        news
    }
}
