//! What the log says while connections cannot be accepted.
//!
//! Promise: one line in [`PAUSE`], however many event loops fail, and how many failures came with it.
//! It gets the time.

use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Without files every event loop fails twenty times a second, for as long as it lasts.
const PAUSE: Duration = Duration::from_secs(10);

/// Shared by all who accept.
#[derive(Debug, Default)]
pub struct AcceptErrorLog(Mutex<AcceptErrorLogState>);

#[derive(Debug, Default)]
struct AcceptErrorLogState {
    told: Option<Instant>,
    left_out: u64,
}

impl AcceptErrorLog {
    /// Whether this failure has a line; with it, how many before it were not.
    pub(super) fn note(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.told.is_some_and(|told| now.saturating_duration_since(told) < PAUSE) {
            state.left_out += 1;
            return None;
        }
        state.told = Some(now);
        Some(mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_in_ten_seconds_is_told_and_the_others_are_counted() {
        let (accept_errors, begun) = (AcceptErrorLog::default(), Instant::now());
        assert_eq!(accept_errors.note(begun), Some(0));
        for n in 1..200 {
            assert_eq!(accept_errors.note(begun + PAUSE / 200 * n), None);
        }
        assert_eq!(accept_errors.note(begun + PAUSE), Some(199));
        assert_eq!(accept_errors.note(begun + PAUSE), None);
    }
}
