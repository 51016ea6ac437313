//! The records that are about to be handed to librdkafka, gathered over a turn of the event loop.
//!
//! Promise: records of one key leave in the order in which they came. A plain value without I/O.
//!
//! Why gather: the first record that is handed over wakes librdkafka's thread. It sends what is in the
//! partition's queue by then, so all of a turn are handed over at once, behind each other. The headers
//! are made before, so that handing over takes little time.
//!
//! Why hold back: with [`MOST_UNDER_WAY`] records of a partition under way, librdkafka sends no further
//! batch of it under idempotence. While nothing else keeps its thread busy, it asks again and again
//! whether it may (`docs/performance.md#what-each-default-was-chosen-by`). So while one key
//! alone is under way, its next records wait here for the acks, and are sent together.

use crate::delivery::kafka::producer::Headers;
use crate::delivery::ticket::Ticket;

/// librdkafka's own limit, in messages of a partition (`RD_KAFKA_IDEMP_MAX_INFLIGHT`, held against
/// `rktp_msgs_inflight` in its `rdkafka_broker.c`).
const MOST_UNDER_WAY: usize = 5;

/// A short substitute for a record's key. Two keys that share one are held back together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct KeyHash(u32);

impl KeyHash {
    pub(super) fn of(key: &str) -> Self {
        Self(crc32fast::hash(key.as_bytes()))
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Accumulator {
    /// What came in this turn.
    waiting: Vec<Pending>,
    /// What waits for acks: records of one key.
    held: Vec<Pending>,
    /// Handed over and without a report.
    under_way: usize,
    /// One key, and how many of those are known to be its.
    single: Single,
}

/// A record that is to leave.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) ticket: Ticket,
    pub(super) key: KeyHash,
    pub(super) headers: Headers,
}

#[derive(Debug, Default)]
struct Single {
    key: KeyHash,
    under_way: usize,
}

impl Accumulator {
    /// A record is to leave. Says whether it is the first of this turn.
    pub(super) fn append(&mut self, pending: Pending) -> bool {
        self.waiting.push(pending);
        self.waiting.len() == 1
    }

    /// Adds to `ready` what leaves now; it counts as under way until [`Accumulator::completed`].
    pub(super) fn drain(&mut self, ready: &mut Vec<Pending>) {
        let first = ready.len();
        let Single { key, under_way } = self.single;
        if under_way >= MOST_UNDER_WAY && under_way == self.under_way {
            for pending in self.waiting.drain(..) {
                if pending.key == key { &mut self.held } else { &mut *ready }.push(pending);
            }
        } else {
            ready.append(&mut self.held);
            ready.append(&mut self.waiting);
        }
        for pending in &ready[first..] {
            self.under_way += 1;
            if self.single.under_way == 0 {
                self.single.key = pending.key;
            }
            if self.single.key == pending.key {
                self.single.under_way += 1;
            }
        }
    }

    /// The report of a record of this key has come, or it could not be handed over.
    pub(super) fn completed(&mut self, key: KeyHash) {
        self.under_way -= 1;
        // A key that was adopted late has more under way than are counted.
        if self.single.key == key {
            self.single.under_way = self.single.under_way.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests;
