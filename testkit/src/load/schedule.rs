//! When posts are due, up to an end.
//!
//! It sends nothing and waits for nothing; whoever asks says what time it is.

use std::time::{Duration, Instant};

/// How posts follow one another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As soon as a connection is free.
    Closed,
    /// So many a second, whether or not one is free.
    Open(f64),
}

/// The due times of one run, which begins when this is made.
pub(super) struct Schedule {
    pace: Pace,
    begin: Instant,
    end: Instant,
    taken: u64,
}

impl Schedule {
    /// Begins now and ends after this time.
    pub(super) fn new(pace: Pace, time: Duration) -> Self {
        let begin = Instant::now();
        Self { pace, begin, end: begin + time, taken: 0 }
    }

    /// When it was made.
    pub(super) fn begin(&self) -> Instant {
        self.begin
    }

    /// When it ends.
    pub(super) fn end(&self) -> Instant {
        self.end
    }

    /// When the next post is due; none behind the end.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let due = match self.pace {
            Pace::Closed => now,
            Pace::Open(rate) => self.begin + Duration::from_secs_f64(self.taken as f64 / rate),
        };
        (due < self.end).then_some(due)
    }

    /// Takes the next post if it is due by now, and says since when.
    pub(super) fn take(&mut self, now: Instant) -> Option<Instant> {
        let due = self.next(now).filter(|due| *due <= now)?;
        self.taken += 1;
        Some(due)
    }
}
