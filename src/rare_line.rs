//! A line of the log for what happens again and again.
//!
//! Promise: one line in a time, however many causes there are for it, and how many had none: the next
//! line says it, or one of their own. It gets the time, and writes nothing.

use crate::lock::Lock;
use std::mem;
use std::time::{Duration, Instant};

/// Shared by all who have cause for the line, on whatever event loop.
#[derive(Debug)]
pub struct RareLine(Lock<LineQuota>);

impl RareLine {
    /// A line that is written once in `pause` at most.
    pub fn every(pause: Duration) -> Self {
        Self(Lock::new(LineQuota::every(pause)))
    }

    /// Whether this cause has a line; with it, how many before it had none.
    pub fn note(&self, now: Instant) -> Option<u64> {
        self.0.lock().note(now)
    }
}

/// The same as a plain value.
#[derive(Debug)]
pub struct LineQuota {
    pause: Duration,
    last_line: Option<Instant>,
    left_out: u64,
}

impl LineQuota {
    /// For a line that is written once in `pause` at most.
    pub fn every(pause: Duration) -> Self {
        Self { pause, last_line: None, left_out: 0 }
    }

    /// Whether this cause has a line; with it, how many before it had none.
    pub fn note(&mut self, now: Instant) -> Option<u64> {
        self.note_all(1, now)
    }

    /// The same of several causes, which have one line together.
    pub fn note_all(&mut self, causes: u64, now: Instant) -> Option<u64> {
        if self.is_spent(now) {
            self.left_out += causes;
            return None;
        }
        self.last_line = Some(now);
        Some(mem::take(&mut self.left_out))
    }

    /// Whether a further cause would have no line.
    pub fn is_spent(&self, now: Instant) -> bool {
        self.last_line.is_some_and(|last| now.saturating_duration_since(last) < self.pause)
    }

    /// How many had none, if any, once a line may be written: this is theirs.
    pub fn sum_up(&mut self, now: Instant) -> Option<u64> {
        if self.is_spent(now) {
            return None;
        }
        self.end().inspect(|_| self.last_line = Some(now))
    }

    /// How many had none, if any, whenever the last line was.
    pub fn end(&mut self) -> Option<u64> {
        Some(mem::take(&mut self.left_out)).filter(|left_out| *left_out > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    #[test]
    fn one_cause_in_a_pause_is_logged_and_the_others_are_counted() {
        let (line, begun) = (RareLine::every(PAUSE), Instant::now());
        assert_eq!(line.note(begun), Some(0));
        for n in 1..200 {
            assert_eq!(line.note(begun + PAUSE / 200 * n), None);
        }
        assert_eq!(line.note(begun + PAUSE), Some(199));
        assert_eq!(line.note(begun + PAUSE), None);
    }

    #[test]
    fn what_is_summed_up_has_the_line_of_its_pause() {
        let (mut line, begun) = (LineQuota::every(PAUSE), Instant::now());
        assert_eq!(line.note_all(3, begun), Some(0));
        assert_eq!(line.sum_up(begun + PAUSE), None);
        assert_eq!(line.note(begun + PAUSE), Some(0));
        assert_eq!(line.note_all(3, begun + PAUSE), None);
        assert_eq!(line.sum_up(begun + PAUSE), None);
        assert_eq!(line.sum_up(begun + PAUSE * 2), Some(3));
        assert_eq!(line.note(begun + PAUSE * 2), None);
        assert_eq!((line.end(), line.end()), (Some(1), None));
    }
}
