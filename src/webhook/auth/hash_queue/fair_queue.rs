//! Whose pairs wait for a hash, and whose turn it is: a plain value, without clock and threads.
//!
//! Promise: each user of the credentials file has a flow, and all other names have one together;
//! flows take turns, and a flow hashes one pair at a time. A flow has one entry for each pair,
//! shared by all requests with that pair until its hash has ended. Of a hash that has ended nothing
//! is kept, and of a flow that nobody is in neither.
//!
//! It does not bound how many requests share an entry: that takes a connection for each and nothing
//! here.

use crate::webhook::auth::credentials::User;
use crate::webhook::auth::hash_queue::flow::{Flow, Network};
use crate::webhook::auth::verified_pairs::Digest;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;

/// Whose pair it is.
pub(super) type HashAnswer = Option<Arc<User>>;

/// What finds it out.
pub(super) type Hash = Box<dyn FnOnce() -> HashAnswer + Send>;

/// Where the answer comes, or the channel is closed because nothing was found out.
pub(super) type Awaited = watch::Receiver<Option<HashAnswer>>;

/// The name of a flow whose hash was begun, and the hash.
pub(super) type Job = (FlowName, Hash);

/// A user of the file, or any other name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum FlowName {
    /// This user of the file.
    User(Arc<str>),
    /// A name that the file does not have.
    Other,
}

/// All flows; at most one for each user of the file, and one.
#[derive(Default)]
pub(super) struct FairQueue {
    flows: HashMap<FlowName, Flow>,
    /// The flows in which some pair waits, each once; the next one first.
    turns: VecDeque<FlowName>,
}

impl FairQueue {
    /// Shares the entry of a pair that waits or is being hashed.
    pub(super) fn share(&self, name: &FlowName, pair: &Digest) -> Option<Awaited> {
        self.flows.get(name)?.share(pair)
    }

    /// Takes a new entry.
    pub(super) fn enter(
        &mut self,
        name: &FlowName,
        pair: Digest,
        network: Network,
        hash: Hash,
    ) -> Awaited {
        let flow = self.flows.entry(name.clone()).or_default();
        if !flow.waits() {
            self.turns.push_back(name.clone());
        }
        flow.enter(pair, network, hash)
    }

    /// The next hash, if a flow that hashes nothing has one; its flow is busy from now on.
    pub(super) fn begin(&mut self) -> Option<Job> {
        let mut place = 0;
        while let Some(name) = self.turns.get(place).cloned() {
            let flow = self.flows.get_mut(&name).expect("a flow that has a turn is there");
            let hash = flow.begin();
            if hash.is_none() && flow.waits() {
                // It hashes already, and keeps its turn.
                place += 1;
                continue;
            }
            self.turns.remove(place);
            if flow.waits() {
                self.turns.push_back(name.clone());
            }
            if flow.is_idle() {
                self.flows.remove(&name);
            }
            if let Some(hash) = hash {
                return Some((name, hash));
            }
        }
        None
    }

    /// The hash of this flow has ended: those who share its entry get the answer, and no further
    /// request shares it.
    pub(super) fn end(&mut self, name: &FlowName) -> watch::Sender<Option<HashAnswer>> {
        let flow = self.flows.get_mut(name).expect("a flow that hashes is there");
        let waiters = flow.end();
        if flow.is_idle() {
            self.flows.remove(name);
        }
        waiters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn name(flow: u8) -> FlowName {
        if flow == 0 { FlowName::Other } else { FlowName::User(flow.to_string().into()) }
    }

    impl FairQueue {
        fn take(&mut self, flow: u8, pair: u8) -> Awaited {
            let network = IpAddr::from(Ipv4Addr::LOCALHOST).into();
            self.enter(&name(flow), [pair; 32], network, Box::new(|| None))
        }

        fn begun(&mut self) -> Option<FlowName> {
            self.begin().map(|(name, _)| name)
        }
    }

    #[test]
    fn a_flow_hashes_one_pair_at_a_time() {
        let mut queue = FairQueue::default();
        let _awaited = [1, 2].map(|pair| queue.take(0, pair));
        assert_eq!(queue.begun(), Some(name(0)));
        assert_eq!(queue.begun(), None);
        drop(queue.end(&name(0)));
        assert_eq!(queue.begun(), Some(name(0)));
    }

    #[test]
    fn flows_take_turns_and_all_unknown_names_have_one() {
        let mut queue = FairQueue::default();
        let _flood: Vec<_> = (0..100).map(|pair| queue.take(0, pair)).collect();
        let _others = [(1, 1), (1, 2), (2, 1), (3, 1)].map(|(flow, pair)| queue.take(flow, pair));
        let mut order = Vec::new();
        for _ in 0..8 {
            let flow = queue.begun().unwrap();
            drop(queue.end(&flow));
            order.push(flow);
        }
        assert_eq!(order, [0, 1, 2, 3, 0, 1, 0, 0].map(name));
    }

    #[test]
    fn a_flow_that_hashes_keeps_its_turn() {
        let mut queue = FairQueue::default();
        let _awaited = [(1, 1), (1, 2), (2, 1), (3, 1)].map(|(flow, pair)| queue.take(flow, pair));
        assert_eq!([(); 2].map(|()| queue.begun()), [Some(name(1)), Some(name(2))]);
        drop(queue.end(&name(2)));
        assert_eq!(queue.begun(), Some(name(3)));
        drop(queue.end(&name(1)));
        assert_eq!(queue.begun(), Some(name(1)));
    }

    #[test]
    fn a_hash_is_shared_from_its_first_request_to_its_end() {
        let mut queue = FairQueue::default();
        let pair = [1; 32];
        assert!(queue.share(&name(0), &pair).is_none());
        let first = queue.take(0, 1);
        let second = queue.share(&name(0), &pair).unwrap();
        assert!(queue.share(&name(0), &[2; 32]).is_none());
        assert!(queue.share(&name(1), &pair).is_none());
        assert_eq!(queue.begun(), Some(name(0)));
        let third = queue.share(&name(0), &pair).unwrap();
        queue.end(&name(0)).send_replace(Some(None));
        assert!([first, second, third].iter().all(|awaited| awaited.borrow().is_some()));
        assert!(queue.share(&name(0), &pair).is_none());
    }

    #[test]
    fn nothing_is_kept_of_flows_that_nobody_is_in() {
        let mut queue = FairQueue::default();
        drop([(1, 1), (1, 2), (2, 1)].map(|(flow, pair)| queue.take(flow, pair)));
        let _awaited = queue.take(3, 1);
        assert_eq!(queue.begun(), Some(name(3)));
        drop(queue.end(&name(3)));
        assert_eq!((queue.begun(), queue.flows.len(), queue.turns.len()), (None, 0, 0));
    }

    #[test]
    fn a_pair_is_hashed_also_when_its_first_request_has_gone() {
        let mut queue = FairQueue::default();
        let first = queue.take(0, 1);
        let _second = queue.share(&name(0), &[1; 32]).unwrap();
        drop(first);
        assert_eq!(queue.begun(), Some(name(0)));
    }
}
