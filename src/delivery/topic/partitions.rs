//! Which partition a key goes to, the same for all producers of the bridge at every moment.
//!
//! Each producer of librdkafka asks for the partitions by itself, at its own time
//! (`topic.metadata.refresh.interval.ms`); if each went by what it knows, a key would go to and fro
//! between its old partition and its new one when partitions are added.
//! So keys are spread here, over a count that changes for all at once. Promise: a count that has
//! grown is used only when every producer knows the new partitions; until then the old ones serve.
//! One that has shrunk (the topic was made anew) is used when it is seen for a while, since of two
//! brokers one may know older things. While nothing is known, librdkafka's own partitioner decides, by
//! the same hash.

pub(in crate::delivery) mod refresher;

use crate::lock::Lock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The sign is dropped as Java's `Utils.toPositive` does.
const POSITIVE: u32 = 0x7fff_ffff;

/// Of `murmur2`, as Kafka has chosen it.
const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;
const R: u32 = 24;

/// How long fewer partitions have to be seen: longer than news takes from broker to broker.
const SHRUNK: Duration = Duration::from_secs(5);

/// What is known of the partitions of a topic.
#[derive(Debug)]
pub struct Partitions {
    /// Over how many keys are spread; 0: not known.
    count: AtomicU32,
    /// How many there are to be, as soon as everybody knows them.
    wanted: watch::Sender<u32>,
    /// What each producer knows.
    known_counts: Lock<KnownCounts>,
}

#[derive(Debug, Default)]
struct KnownCounts {
    known: Vec<Arc<AtomicU32>>,
    /// Since when fewer partitions are seen than are used, or none.
    shrunk: Option<Instant>,
}

impl KnownCounts {
    fn all_know(&self, partitions: u32) -> bool {
        self.known.iter().all(|known| known.load(Ordering::Acquire) >= partitions)
    }

    /// No producer is known to know more partitions than these.
    fn forget_beyond(&self, partitions: u32) {
        for known in &self.known {
            known.fetch_min(partitions, Ordering::AcqRel);
        }
    }
}

/// A producer's part in the agreement.
#[derive(Debug)]
pub(in crate::delivery) struct Participant {
    known: Arc<AtomicU32>,
    partitions: Arc<Partitions>,
    wanted: watch::Receiver<u32>,
}

impl Default for Partitions {
    fn default() -> Self {
        let (count, known_counts) = (AtomicU32::new(0), Lock::default());
        Self { count, wanted: watch::Sender::new(0), known_counts }
    }
}

impl Partitions {
    /// Where a record with this key belongs, once that is known.
    pub(in crate::delivery) fn of(&self, key: &str) -> Option<i32> {
        let count = self.count.load(Ordering::Acquire);
        let partition = (murmur2(key.as_bytes()) & POSITIVE).checked_rem(count)?;
        i32::try_from(partition).ok()
    }

    /// A broker says how many there are.
    pub(in crate::delivery) fn seen(&self, partitions: usize, now: Instant) {
        let Ok(seen) = u32::try_from(partitions) else { return };
        let mut known_counts = self.known_counts.lock();
        if seen < self.count.load(Ordering::Acquire) {
            if now < *known_counts.shrunk.get_or_insert(now) + SHRUNK {
                return;
            }
            tracing::warn!(
                partitions = seen,
                "the topic has fewer partitions, keys are spread anew"
            );
            known_counts.forget_beyond(seen);
            self.count.store(seen, Ordering::Release);
        }
        known_counts.shrunk = None;
        self.wanted.send_if_modified(|wanted| std::mem::replace(wanted, seen) != seen);
        self.settle(&known_counts);
    }

    /// The brokers do not show the topic: should it come back, it is another.
    pub(in crate::delivery) fn missing(&self, now: Instant) {
        let mut known_counts = self.known_counts.lock();
        if now < *known_counts.shrunk.get_or_insert(now) + SHRUNK {
            return;
        }
        known_counts.forget_beyond(0);
        self.wanted.send_replace(0);
        self.count.store(0, Ordering::Release);
    }

    /// A producer that writes to the topic; it counts until it is dropped.
    pub(in crate::delivery) fn join(self: &Arc<Self>) -> Participant {
        let mut known_counts = self.known_counts.lock();
        let known = Arc::new(AtomicU32::new(0));
        known_counts.known.push(known.clone());
        Participant { known, partitions: self.clone(), wanted: self.wanted.subscribe() }
    }

    /// Uses the new partitions once everybody knows them.
    fn settle(&self, known_counts: &KnownCounts) {
        let (wanted, count) = (*self.wanted.borrow(), self.count.load(Ordering::Acquire));
        if wanted > count && known_counts.all_know(wanted) {
            self.count.store(wanted, Ordering::Release);
            if count > 0 {
                tracing::warn!(
                    before = count,
                    partitions = wanted,
                    "the topic has more partitions, keys are spread anew: their order breaks once"
                );
            }
        }
    }
}

impl Participant {
    /// Waits until there are partitions that the producer is not known to know. Cancel-safe.
    async fn behind(&mut self) {
        let known = &self.known;
        let behind = |wanted: &u32| *wanted > known.load(Ordering::Acquire);
        if self.wanted.wait_for(behind).await.is_err() {
            // The other end lives in what this end holds.
            std::future::pending::<()>().await;
        }
    }

    /// The producer knows this many partitions.
    fn knows(&self, partitions: u32) {
        let known_counts = self.partitions.known_counts.lock();
        self.known.store(partitions, Ordering::Release);
        self.partitions.settle(&known_counts);
    }
}

impl Drop for Participant {
    fn drop(&mut self) {
        let mut known_counts = self.partitions.known_counts.lock();
        known_counts.known.retain(|known| !Arc::ptr_eq(known, &self.known));
        self.partitions.settle(&known_counts);
    }
}

/// The hash of Java's default partitioner (`org.apache.kafka.common.utils.Utils.murmur2`), after Austin
/// Appleby's `MurmurHash2`, 32 bits.
fn murmur2(key: &[u8]) -> u32 {
    // As Java has it, in 32 bits: a key is far shorter than that.
    let mut hash = SEED ^ u32::try_from(key.len()).unwrap_or(u32::MAX);
    let (blocks, tail) = key.as_chunks::<4>();
    for block in blocks {
        let mut k = u32::from_le_bytes(*block).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        let mut last = [0; 4];
        last[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u32::from_le_bytes(last)).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests;
