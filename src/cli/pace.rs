//! How often something is done of which there is always more: a bar drawn, a line said. A plain value.

use std::time::{Duration, Instant};

/// See the module.
pub(super) struct Pace {
    every: Duration,
    last: Instant,
}

impl Pace {
    /// Once in so long, not before that has passed.
    pub(super) fn new(every: Duration) -> Self {
        Self { every, last: Instant::now() }
    }

    /// Whether it is time again; then it begins anew.
    pub(super) fn is_due(&mut self) -> bool {
        let is_due = self.last.elapsed() >= self.every;
        if is_due {
            self.last = Instant::now();
        }
        is_due
    }
}
