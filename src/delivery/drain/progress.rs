//! How far the drain is, told every few seconds while it drains.

use std::time::{Duration, Instant};

/// Between two lines of the log.
const EVERY: Duration = Duration::from_secs(5);

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// When the count began, and how many rows were released since.
    since: Option<Instant>,
    released: u64,
}

/// One line.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// Rows released a second, since the last line.
    pub(super) rate: f64,
    /// Seconds until the spool is empty at this rate, if nothing is added.
    pub(super) seconds_left: f64,
}

impl Progress {
    /// Rows were released.
    pub(super) fn note(&mut self, rows: u64, now: Instant) {
        self.since.get_or_insert(now);
        self.released += rows;
    }

    /// What there is to tell, if it is time; `left` rows wait.
    pub(super) fn line(&mut self, left: u64, now: Instant) -> Option<Line> {
        let took = now.saturating_duration_since(self.since?);
        if left == 0 {
            *self = Self::default();
            return None;
        }
        if took < EVERY {
            return None;
        }
        let rate = self.released as f64 / took.as_secs_f64();
        *self = Self { since: Some(now), released: 0 };
        (rate > 0.0).then(|| Line { rate, seconds_left: left as f64 / rate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_told_every_few_seconds_while_rows_are_left() {
        let (mut progress, start) = (Progress::default(), Instant::now());
        assert_eq!(progress.line(10, start + EVERY), None);
        progress.note(500, start);
        assert_eq!(progress.line(1000, start + EVERY / 2), None);
        let line = Line { rate: 100.0, seconds_left: 10.0 };
        assert_eq!(progress.line(1000, start + EVERY), Some(line));
        assert_eq!(progress.line(0, start + 2 * EVERY), None);
    }
}
