//! The keys of which the drain's producer has had an ack, each on its partition. A plain value.
//!
//! Why: that nothing is written behind a refused batch rests on the broker's check of sequence
//! numbers, and of a producer that has written nothing to a partition yet a broker takes any number
//! (`findings/kafka-second-batch-behind-a-refused-first.sh`): the first batch is refused, the
//! second, under way with it, is written, and newer rows have overtaken older ones. So until the
//! first ack of a key no further row of it is sent. A broker forgets a producer that was idle for
//! long, so that proofs do not outlive a spool that was emptied.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

/// Keys are kept as 64-bit hashes: of two that share one, the second would count as proven too
/// soon.
#[derive(Debug, Default)]
pub(super) struct ProvenKeys {
    hasher: RandomState,
    /// On their partitions.
    proven: HashSet<u64>,
    /// One row of each is under way, to whatever partition: it may have been sent before that was
    /// known.
    tried: HashSet<u64>,
}

/// A key of a topic, in short, and the same on a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyId {
    key: u64,
    placed: u64,
}

impl ProvenKeys {
    /// Where the partition is not known yet, the key is proven anew once it is.
    pub(super) fn id(&self, topic: &str, key: &str, partition: Option<i32>) -> KeyId {
        KeyId {
            key: self.hasher.hash_one((topic, key)),
            placed: self.hasher.hash_one((topic, key, partition)),
        }
    }

    /// Whether a row of the key may be sent now.
    pub(super) fn admits(&self, id: KeyId) -> bool {
        !self.tried.contains(&id.key)
    }

    /// A row of the key is under way.
    pub(super) fn sent(&mut self, id: KeyId) {
        if !self.proven.contains(&id.placed) {
            self.tried.insert(id.key);
        }
    }

    /// It was acked.
    pub(super) fn acked(&mut self, id: KeyId) {
        self.tried.remove(&id.key);
        self.proven.insert(id.placed);
    }

    /// Another producer takes its place, or the brokers may have forgotten it.
    pub(super) fn forget(&mut self) {
        self.proven.clear();
        self.tried.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_row_of_a_key_waits_for_the_first_ack_of_it() {
        let mut keys = ProvenKeys::default();
        let (one, other) = (keys.id("t", "one", Some(1)), keys.id("t", "other", Some(1)));
        keys.sent(one);
        assert!(!keys.admits(one) && keys.admits(other));
        keys.acked(one);
        keys.sent(one);
        assert!(keys.admits(one));
    }

    #[test]
    fn a_new_producer_has_to_prove_itself_anew() {
        let mut keys = ProvenKeys::default();
        let key = keys.id("t", "key", None);
        keys.sent(key);
        keys.acked(key);
        keys.forget();
        keys.sent(key);
        assert!(!keys.admits(key));
    }

    #[test]
    fn a_key_is_proven_by_partition_and_tried_one_at_a_time() {
        let mut keys = ProvenKeys::default();
        let (unplaced, placed) = (keys.id("t", "key", None), keys.id("t", "key", Some(1)));
        keys.sent(unplaced);
        assert!(!keys.admits(placed), "the first is under way, wherever");
        assert!(keys.admits(keys.id("u", "key", Some(1))), "of another topic");
        keys.acked(unplaced);
        keys.sent(placed);
        assert!(!keys.admits(placed), "nothing is proven of this partition");
    }
}
