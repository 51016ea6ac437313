//! Gives memory back to the system that a crowd of connections has left.
//!
//! glibc keeps what is freed: between what lives on, nothing goes back but the end of a heap, so a
//! second of thousands of connections would stay with the bridge for ever (`docs/performance.md`).
//!
//! Promise: within seconds of the end of a crowd, whole free pages are the system's again. It looks
//! at nothing but the number of connections, and walks over the heaps every [`REST`] at most, on
//! a thread of its own; who allocates meanwhile may wait for the walk over one heap, some milliseconds
//! behind thousands of connections. With another C library nothing is done.

use crate::metrics::connections::ConnectionSeries;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Between two walks over the heaps.
const REST: Duration = Duration::from_secs(5);
/// So many connections less are worth a walk: some megabytes.
const CROWD: i64 = 256;

/// The part of the bridge.
pub(super) struct HeapTrim {
    connections: ConnectionSeries,
}

/// How many there were, and when the last walk was. A plain value.
#[derive(Debug, Default)]
struct HighWater {
    most: i64,
    trimmed: Option<Instant>,
}

impl HeapTrim {
    /// Follows the number of connections.
    pub(super) fn new(connections: ConnectionSeries) -> Self {
        Self { connections }
    }

    pub(super) async fn run(self) {
        let mut water = HighWater::default();
        loop {
            sleep(LOOK).await;
            let now = Instant::now();
            let most = self.connections.most_open.swap(0, Ordering::Relaxed);
            let open = self.connections.open.get();
            if water.has_fallen(most.max(open), open, now) {
                // It cannot panic, and nothing depends on it.
                drop(spawn_blocking(trim).await);
                tracing::debug!(took = ?now.elapsed(), "free memory went back to the system");
            }
        }
    }
}

impl HighWater {
    /// Whether a crowd has gone since the last walk: `most` were open at once since the last look.
    fn has_fallen(&mut self, most: i64, open: i64, now: Instant) -> bool {
        self.most = self.most.max(most);
        let is_rested = self.trimmed.is_none_or(|at| now.duration_since(at) >= REST);
        if self.most - open < CROWD || !is_rested {
            return false;
        }
        *self = Self { most: open, trimmed: Some(now) };
        true
    }
}

#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "no crate has a safe `malloc_trim`")]
fn trim() {
    // SAFETY: takes no pointer, and locks each heap while it is walked over.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
fn trim() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_that_has_gone_is_worth_one_walk() {
        let (mut water, now) = (HighWater::default(), Instant::now());

        assert!(!water.has_fallen(4096, 4096 - CROWD + 1, now));
        assert!(water.has_fallen(4096 - CROWD + 1, 4096 - CROWD, now));
        assert!(!water.has_fallen(4096 - CROWD, 4096 - CROWD, now + REST));
    }

    #[test]
    fn one_that_came_and_went_between_two_looks_is_seen() {
        assert!(HighWater::default().has_fallen(CROWD, 0, Instant::now()));
    }

    #[test]
    fn one_that_goes_by_and_by_is_worth_one_walk_each_rest() {
        let (mut water, now) = (HighWater::default(), Instant::now());
        assert!(water.has_fallen(4096, 2048, now));

        assert!(!water.has_fallen(2048, 1024, now + REST / 2));
        assert!(water.has_fallen(1024, 0, now + REST));
    }
}
