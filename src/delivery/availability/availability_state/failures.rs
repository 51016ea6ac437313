//! Failures that no ack has followed, and the hope that they leave.
//!
//! Promise: a probe that finds Kafka away, or partitions that were not away before, explains a first
//! failure; those that are as many as [`UNEXPLAINED`] hold until an ack. A plain value that gets the
//! time.

use crate::delivery::availability::health_report::Hope;
use std::time::{Duration, Instant};

/// Failures in a row that brokers who answer leave unexplained before they are not trusted: a broker
/// that was frozen for a moment makes one.
const UNEXPLAINED: u32 = 2;
/// How long behind the last failure posts may be sent to such a bridge again. Whoever sends none to
/// a bridge that is not ready would never send any; longer than load balancers take to look away.
pub(super) const SECOND_CHANCE: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Since the last ack or probe that explains them.
    count: u32,
    last: Option<(Instant, String)>,
}

impl Failures {
    /// One more, for this reason.
    pub(super) fn add(&mut self, why: &str, now: Instant) {
        self.count += 1;
        self.last = Some((now, why.to_owned()));
    }

    /// A record was acked.
    pub(super) fn acked(&mut self) {
        self.count = 0;
    }

    /// A probe explains what may have been a chance.
    pub(super) fn explained(&mut self) {
        if !self.are_unexplained() {
            self.count = 0;
        }
    }

    /// Whether they are not explained.
    pub(super) fn any(&self) -> bool {
        self.count > 0
    }

    /// Whether there are enough of them that only an ack outweighs them.
    pub(super) fn are_unexplained(&self) -> bool {
        self.count >= UNEXPLAINED
    }

    /// How much hope there is, where nothing waits on disk.
    pub(super) fn hope(&self, now: Instant) -> Hope {
        if !self.are_unexplained() {
            return Hope::Full;
        }
        let rested = self.last().is_none_or(|at| at + SECOND_CHANCE <= now);
        if rested { Hope::Chance } else { Hope::Lost }
    }

    /// When the last one was.
    pub(super) fn last(&self) -> Option<Instant> {
        self.last.as_ref().map(|(at, _)| *at)
    }

    /// Why, where any is not explained.
    pub(super) fn why(&self) -> Option<&str> {
        self.last.as_ref().filter(|_| self.any()).map(|(_, why)| &**why)
    }
}
