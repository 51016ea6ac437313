//! Which pairs wait for a hash, and which is next: a plain value, without clock and threads.
//!
//! Promise: a flow has one entry for each pair, shared by all requests with that pair until its
//! hash has ended; at most [`PAIRS_IN_A_FLOW`] wait there, in the order in which they came, also
//! when the first who sent the pair has gone. A flow hashes one pair at a time, and flows take
//! turns. An entry that nobody waits at is passed over, and given away when a flow is full. Of a
//! hash that has ended nothing is kept.
//!
//! It does not bound how many requests share an entry: that takes a connection for each and nothing
//! here.

use crate::webhook::auth::credentials::User;
use crate::webhook::auth::verified_pairs::Digest;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::watch;

/// Enough that two users seldom share one; few enough that the pair at the head of its flow waits
/// for a handful of hashes at worst.
const FLOWS: usize = 16;

/// A flow gets through a hundred hashes of cost 10 before their time is over; users that are
/// new at the same time are hardly more. An entry takes a few hundred bytes.
pub(super) const PAIRS_IN_A_FLOW: usize = 128;

/// Whose pair it is.
pub(super) type HashAnswer = Option<Arc<User>>;

/// What finds it out.
pub(super) type Hash = Box<dyn FnOnce() -> HashAnswer + Send>;

/// Where the answer comes, or the channel is closed because nothing was found out.
pub(super) type Awaited = watch::Receiver<Option<HashAnswer>>;

/// The flow of a hash that was begun, and the hash.
pub(super) type Job = (usize, Hash);

/// All flows.
#[derive(Default)]
pub(super) struct FairQueue {
    queue: [Flow; FLOWS],
    /// The one that was served last.
    last: usize,
}

#[derive(Default)]
struct Flow {
    waiting: VecDeque<(PendingPair, Hash)>,
    hashing: Option<PendingPair>,
}

/// Of all requests of one pair.
struct PendingPair {
    pair: Digest,
    answer: watch::Sender<Option<HashAnswer>>,
}

impl FairQueue {
    /// Shares the entry of a pair that waits or is being hashed.
    pub(super) fn share(&self, flow: u8, pair: &Digest) -> Option<Awaited> {
        let Flow { waiting, hashing } = &self.queue[usize::from(flow) % FLOWS];
        let mut pending_pairs = hashing.iter().chain(waiting.iter().map(|(pending, _)| pending));
        let pending = pending_pairs.find(|pending| pending.pair == *pair)?;
        Some(pending.answer.subscribe())
    }

    /// Takes a new entry at the end of a flow, unless the flow is full.
    pub(super) fn enter(&mut self, flow: u8, pair: Digest, hash: Hash) -> Option<Awaited> {
        let waiting = &mut self.queue[usize::from(flow) % FLOWS].waiting;
        if waiting.len() == PAIRS_IN_A_FLOW {
            waiting.retain(|(pending, _)| pending.is_awaited());
        }
        if waiting.len() == PAIRS_IN_A_FLOW {
            return None;
        }
        let (answer, awaited) = watch::channel(None);
        waiting.push_back((PendingPair { pair, answer }, hash));
        Some(awaited)
    }

    /// The next hash, if a flow that hashes nothing has one; its flow is busy from now on.
    pub(super) fn begin(&mut self) -> Option<Job> {
        for flow in (1..=FLOWS).map(|step| (self.last + step) % FLOWS) {
            let Flow { waiting, hashing } = &mut self.queue[flow];
            if hashing.is_some() {
                continue;
            }
            while let Some((pending, hash)) = waiting.pop_front() {
                if pending.is_awaited() {
                    *hashing = Some(pending);
                    self.last = flow;
                    return Some((flow, hash));
                }
            }
        }
        None
    }

    /// The hash of this flow has ended: those who share its entry get the answer, and no further
    /// request shares it.
    pub(super) fn end(&mut self, flow: usize) -> watch::Sender<Option<HashAnswer>> {
        let pending = self.queue[flow].hashing.take();
        pending.expect("a hash that ends was begun").answer
    }
}

impl PendingPair {
    fn is_awaited(&self) -> bool {
        self.answer.receiver_count() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl FairQueue {
        fn take(&mut self, flow: u8, pair: u8) -> Option<Awaited> {
            self.enter(flow, [pair; 32], Box::new(|| None))
        }

        fn begun(&mut self) -> Option<(usize, u8)> {
            let (flow, _) = self.begin()?;
            self.queue[flow].hashing.as_ref().map(|pending| (flow, pending.pair[0]))
        }
    }

    #[test]
    fn a_flow_hashes_one_pair_at_a_time_in_order() {
        let mut queue = FairQueue::default();
        let _awaited = [1, 2].map(|pair| queue.take(0, pair).unwrap());
        assert_eq!(queue.begun(), Some((0, 1)));
        assert_eq!(queue.begun(), None);
        drop(queue.end(0));
        assert_eq!(queue.begun(), Some((0, 2)));
    }

    #[test]
    fn flows_take_turns() {
        let mut queue = FairQueue::default();
        let _awaited = [(3, 1), (3, 2), (3, 3), (5, 4), (15, 5), (16 + 5, 6)]
            .map(|(flow, pair)| queue.take(flow, pair).unwrap());
        let mut hashers = Vec::new();
        while let Some(job) = queue.begun() {
            drop(queue.end(job.0));
            hashers.push(job);
        }
        assert_eq!(hashers, [(3, 1), (5, 4), (15, 5), (3, 2), (5, 6), (3, 3)]);
    }

    #[test]
    fn a_hash_is_shared_from_its_first_request_to_its_end() {
        let mut queue = FairQueue::default();
        let pair = [1; 32];
        assert!(queue.share(0, &pair).is_none());
        let first = queue.take(0, 1).unwrap();
        let second = queue.share(0, &pair).unwrap();
        assert!(queue.share(0, &[2; 32]).is_none() && queue.share(1, &pair).is_none());
        assert_eq!(queue.begun(), Some((0, 1)));
        let third = queue.share(0, &pair).unwrap();
        queue.end(0).send_replace(Some(None));
        assert!([first, second, third].iter().all(|awaited| awaited.borrow().is_some()));
        assert!(queue.share(0, &pair).is_none());
    }

    #[test]
    fn a_pair_keeps_its_place_when_its_first_request_has_gone() {
        let mut queue = FairQueue::default();
        let first = queue.take(0, 1).unwrap();
        let _other = queue.take(0, 2).unwrap();
        let _second = queue.share(0, &[1; 32]).unwrap();
        drop(first);
        assert_eq!(queue.begun(), Some((0, 1)));
    }

    #[test]
    fn a_place_that_nobody_waits_at_is_passed_over() {
        let mut queue = FairQueue::default();
        drop([1, 2].map(|pair| queue.take(0, pair).unwrap()));
        let _awaited = queue.take(0, 3).unwrap();
        assert_eq!(queue.begun(), Some((0, 3)));
    }

    #[test]
    fn a_full_flow_gives_away_only_places_that_nobody_waits_at() {
        let mut queue = FairQueue::default();
        let pending_pairs = u8::try_from(PAIRS_IN_A_FLOW).unwrap();
        let mut awaited: Vec<_> =
            (0..pending_pairs).map(|pair| queue.take(0, pair).unwrap()).collect();
        assert!(queue.take(0, pending_pairs).is_none());
        drop(awaited.remove(5));
        awaited.push(queue.take(0, pending_pairs).unwrap());
        assert!(queue.take(0, pending_pairs + 1).is_none());
        let _shared = queue.share(0, &[0; 32]).unwrap();
        let _other = queue.take(1, 0).unwrap();
    }
}
