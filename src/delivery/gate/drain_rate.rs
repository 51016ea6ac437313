//! How fast the drain goes, in rows released.
//!
//! Promise: [`DrainRate::rows`] was really done within one [`SLOT`], not long ago. A fixed limit
//! will not do in its place: what is under way grows with the rate of posts and the time of a
//! commit, beyond any number that means "nearly empty" at a few posts a second. Not a forecast: a
//! drain that has just begun is worth nothing.

use crate::delivery::gate::CATCH_UP_LIMIT;
use std::time::{Duration, Instant};

/// What is counted together: half of [`CATCH_UP_LIMIT`], so that the backlog of one slot leaves
/// time for a commit and a round trip.
const SLOT: Duration = CATCH_UP_LIMIT.checked_div(2).expect("two is not zero");

/// Counts what is released, slot by slot.
#[derive(Debug, Default)]
pub(super) struct DrainRate {
    /// When the running slot began.
    since: Option<Instant>,
    running: u64,
    /// The whole slot before it.
    last: u64,
}

impl DrainRate {
    /// Rows were released.
    pub(super) fn note(&mut self, rows: u64, now: Instant) {
        let (last, running) = self.slots(now);
        if self.since.is_none_or(|since| since + SLOT <= now) {
            self.since = Some(now);
        }
        (self.last, self.running) = (last, running + rows);
    }

    /// The most that was released in one slot: the running one or the one before.
    pub(super) fn rows(&self, now: Instant) -> u64 {
        let (last, running) = self.slots(now);
        last.max(running)
    }

    /// The last slot and the running one, as of now.
    fn slots(&self, now: Instant) -> (u64, u64) {
        match self.since {
            Some(since) if now < since + SLOT => (self.last, self.running),
            Some(since) if now < since + SLOT * 2 => (self.running, 0),
            Some(_) | None => (0, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_was_released_at_the_start() {
        assert_eq!(DrainRate::default().rows(Instant::now()), 0);
    }

    #[test]
    fn a_slot_counts_for_as_long_again_and_is_then_forgotten() {
        let (mut rate, start) = (DrainRate::default(), Instant::now());
        rate.note(3, start);
        rate.note(4, start + SLOT / 2);
        assert_eq!(rate.rows(start + SLOT), 7);
        rate.note(2, start + SLOT);
        assert_eq!(rate.rows(start + SLOT), 7);
        assert_eq!(rate.rows(start + SLOT * 2), 2);
        assert_eq!(rate.rows(start + SLOT * 3), 0);
    }

    #[test]
    fn an_old_slot_is_not_added_to_a_new_one() {
        let (mut rate, start) = (DrainRate::default(), Instant::now());
        rate.note(3, start);
        rate.note(5, start + SLOT * 2);
        assert_eq!(rate.rows(start + SLOT * 2), 5);
    }
}
