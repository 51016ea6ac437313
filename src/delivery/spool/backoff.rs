//! Failures in a row, and how long to wait after each.

use std::time::{Duration, Instant};

/// The first pause: after a second failure. A first one is followed by another try at once.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest: readiness comes back within this of the cure.
const PAUSE_MOST: Duration = Duration::from_secs(10);

/// Failures since the last success.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    next_try: Option<Instant>,
    why: String,
}

impl Backoff {
    /// It has failed once more.
    pub(super) fn failed(&mut self, why: String, now: Instant) {
        let doubled = |times| (PAUSE * 2_u32.saturating_pow(times)).min(PAUSE_MOST);
        let pause = self.failures.checked_sub(1).map_or(Duration::ZERO, doubled);
        self.failures = self.failures.saturating_add(1);
        self.next_try = Some(now + pause);
        self.why = why;
    }

    /// It has succeeded.
    pub(super) fn succeeded(&mut self) {
        if self.failures > 0 {
            *self = Self::default();
        }
    }

    /// How long the next try has to wait.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.next_try.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }

    /// Why it failed last.
    pub(super) fn why(&self) -> &str {
        &self.why
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_failure_is_retried_at_once_and_others_ever_later() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        let pauses: Vec<_> = (0..40)
            .map(|_| {
                backoff.failed("as a test".to_owned(), now);
                backoff.wait(now).as_millis()
            })
            .collect();
        assert_eq!(pauses[..5], [0, 100, 200, 400, 800]);
        assert_eq!(pauses[39], PAUSE_MOST.as_millis());
        backoff.succeeded();
        backoff.failed("as a test".to_owned(), now);
        assert_eq!((backoff.wait(now), backoff.why()), (Duration::ZERO, "as a test"));
    }
}
