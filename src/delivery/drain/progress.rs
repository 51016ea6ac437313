//! How far the drain is, logged when it begins and every few seconds while it drains.
//!
//! Promise: no end is foretold of a spool that does not shrink.

use std::time::{Duration, Instant};

/// Between two lines of the log.
const EVERY: Duration = Duration::from_secs(5);

/// What was logged last.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// When the count began, and how many rows were released since.
    since: Option<Instant>,
    released: u64,
    /// How many rows were left then, once that was logged.
    left: Option<u64>,
}

/// One line.
#[derive(Debug, PartialEq)]
pub(super) enum ProgressLine {
    /// The drain has begun.
    First,
    /// It goes on.
    Further {
        /// Rows released a second, since the last line.
        rate: f64,
        /// Seconds until the spool is empty, if all goes on as since then; none where that never is.
        seconds_left: Option<f64>,
    },
}

impl Progress {
    /// Rows were released.
    pub(super) fn note(&mut self, rows: u64, now: Instant) {
        self.since.get_or_insert(now);
        self.released += rows;
    }

    /// The line, if it is time for one; `left` rows wait.
    pub(super) fn line(&mut self, left: u64, now: Instant) -> Option<ProgressLine> {
        let took = now.saturating_duration_since(self.since?);
        if left == 0 {
            *self = Self::default();
            return None;
        }
        let Some(before) = self.left else {
            self.left = Some(left);
            return Some(ProgressLine::First);
        };
        if took < EVERY {
            return None;
        }
        let (released, seconds) = (self.released, took.as_secs_f64());
        if released == 0 {
            // It does not move. When it goes on, that is a beginning.
            *self = Self::default();
            return None;
        }
        *self = Self { since: Some(now), released: 0, left: Some(left) };
        let gained = before.saturating_sub(left) as f64;
        let seconds_left = (gained > 0.0).then(|| left as f64 / gained * seconds);
        Some(ProgressLine::Further { rate: released as f64 / seconds, seconds_left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn further(rate: f64, seconds_left: Option<f64>) -> ProgressLine {
        ProgressLine::Further { rate, seconds_left }
    }

    #[test]
    fn the_rate_is_logged_every_few_seconds_while_rows_are_left() {
        let (mut progress, start) = (Progress::default(), Instant::now());
        assert_eq!(progress.line(10, start + EVERY), None);
        progress.note(500, start);
        assert_eq!(progress.line(1500, start), Some(ProgressLine::First));
        assert_eq!(progress.line(1000, start + EVERY / 2), None);
        assert_eq!(progress.line(1000, start + EVERY), Some(further(100.0, Some(10.0))));
        assert_eq!(progress.line(0, start + 2 * EVERY), None);
    }

    #[test]
    fn a_spool_that_grows_as_fast_as_it_drains_has_no_expected_end() {
        let (mut progress, start) = (Progress::default(), Instant::now());
        progress.note(500, start);
        assert_eq!(progress.line(1000, start), Some(ProgressLine::First));
        assert_eq!(progress.line(1000, start + EVERY), Some(further(100.0, None)));
        progress.note(500, start + EVERY);
        assert_eq!(progress.line(1001, start + 2 * EVERY), Some(further(100.0, None)));
        assert_eq!(progress.line(1001, start + 3 * EVERY), None);
        progress.note(1, start + 3 * EVERY);
        assert_eq!(progress.line(1000, start + 3 * EVERY), Some(ProgressLine::First));
    }
}
