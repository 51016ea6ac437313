//! A line of the log for what happens again and again.
//!
//! Promise: one line in a time, however many event loops have cause for it, and how many causes came
//! with it. It gets the time, and writes nothing.

use crate::lock::Lock;
use std::mem;
use std::time::{Duration, Instant};

/// Shared by all who have cause for the line.
#[derive(Debug)]
pub struct RareLine {
    pause: Duration,
    state: Lock<RareLineState>,
}

#[derive(Debug, Default)]
struct RareLineState {
    last_logged: Option<Instant>,
    left_out: u64,
}

impl RareLine {
    /// A line that is written once in `pause` at most.
    pub fn every(pause: Duration) -> Self {
        Self { pause, state: Lock::default() }
    }

    /// Whether this cause has a line; with it, how many before it had none.
    pub fn note(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock();
        if state.last_logged.is_some_and(|last| now.saturating_duration_since(last) < self.pause) {
            state.left_out += 1;
            return None;
        }
        state.last_logged = Some(now);
        Some(mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cause_in_a_pause_is_logged_and_the_others_are_counted() {
        let pause = Duration::from_secs(10);
        let (line, begun) = (RareLine::every(pause), Instant::now());
        assert_eq!(line.note(begun), Some(0));
        for n in 1..200 {
            assert_eq!(line.note(begun + pause / 200 * n), None);
        }
        assert_eq!(line.note(begun + pause), Some(199));
        assert_eq!(line.note(begun + pause), None);
    }
}
