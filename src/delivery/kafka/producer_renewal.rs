//! When a producer that came to its end may be replaced.
//!
//! Promise: the first time at once, since most ends are over with the producer; then after pauses
//! that grow, until an ack, since brokers that refuse a client refuse its successor too. A plain
//! value that gets the time.

use std::time::{Duration, Instant};

/// Behind the first replacement that did not help: an idempotent producer needs as long to its
/// first ack.
const FIRST: Duration = Duration::from_millis(500);
/// The longest, and so how late it may be noticed that brokers take a client again, where no probe
/// sees it.
const MOST: Duration = Duration::from_secs(4);

/// Without an ack for this long, a producer may know its brokers by addresses that lead nowhere any
/// more. librdkafka goes on with those, whatever its bootstrap servers would say
/// (`findings/librdkafka-keeps-to-an-address-that-leads-nowhere.sh`).
const STALE: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug, Default)]
pub(in crate::delivery) struct ProducerRenewal {
    /// Since when records fail, without an ack.
    failing: Option<Instant>,
    /// Replacements since the last ack.
    count: u32,
    not_before: Option<Instant>,
    hope: bool,
}

/// What a replacement says of the end before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery) enum ProducerEnd {
    /// It is the first since the last ack.
    First,
    /// A successor has come to its end too: whatever refuses producers refuses records.
    Again,
    /// It was an end of a time that is over.
    Past,
}

impl ProducerRenewal {
    /// Whether a producer may be replaced now.
    pub(in crate::delivery) fn is_due(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|at| at <= now)
    }

    /// Records were not acked.
    pub(in crate::delivery) fn failed(&mut self, now: Instant) {
        self.failing.get_or_insert(now);
    }

    /// Whether records have failed long enough for another producer to be tried.
    pub(in crate::delivery) fn is_stale(&self, now: Instant) -> bool {
        self.failing.is_some_and(|since| now.saturating_duration_since(since) >= STALE)
    }

    /// Another one is tried.
    pub(in crate::delivery) fn refreshed(&mut self) {
        self.failing = None;
    }

    /// One is replaced; whoever waits does so for [`ProducerRenewal::pause`], to be asked before.
    pub(in crate::delivery) fn renewed(&mut self, now: Instant) -> ProducerEnd {
        self.not_before = Some(now + self.pause());
        self.count += 1;
        match self.count {
            1 => ProducerEnd::First,
            _ if std::mem::take(&mut self.hope) => ProducerEnd::Past,
            _ => ProducerEnd::Again,
        }
    }

    /// How long to wait behind the next replacement.
    pub(in crate::delivery) fn pause(&self) -> Duration {
        FIRST.saturating_mul(1 << self.count.min(u32::BITS - 1)).min(MOST)
    }

    /// There is reason to hope: the next one is due.
    pub(in crate::delivery) fn hope(&mut self) {
        (self.not_before, self.hope) = (None, true);
    }

    /// A record was acked.
    pub(in crate::delivery) fn acked(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewal_is_immediate_at_first_and_ever_later_until_an_ack() {
        let (mut renewal, mut now) = (ProducerRenewal::default(), Instant::now());
        let mut pauses = Vec::new();
        for end in [
            ProducerEnd::First,
            ProducerEnd::Again,
            ProducerEnd::Again,
            ProducerEnd::Again,
            ProducerEnd::Again,
        ] {
            assert!(renewal.is_due(now));
            assert_eq!(renewal.renewed(now), end);
            let renewed = now;
            while !renewal.is_due(now) {
                now += FIRST;
            }
            pauses.push((now - renewed).as_millis());
        }
        assert_eq!(pauses, [500, 1000, 2000, 4000, 4000]);
        renewal.renewed(now);
        renewal.hope();
        assert!(renewal.is_due(now));
        assert_eq!(renewal.renewed(now), ProducerEnd::Past);
        assert_eq!(renewal.renewed(now), ProducerEnd::Again);
        renewal.acked();
        assert_eq!(renewal.renewed(now), ProducerEnd::First);
    }
}
