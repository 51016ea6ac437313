//! The pairs of one user that wait for a hash, and which of them is next.
//!
//! A flood of ever new wrong passwords for the right user fills that user's own flow, and nothing
//! in a pair that is good tells it from the others. What does tell them apart is how they come, so
//! the three rules of [`Rule`] take turns, each of which a flood can copy only at the cost of the
//! others: few passwords from many networks, the same password from many connections, or ever newer
//! ones. Oldest first, as is fair among equals, would give a good pair its hash when the whole
//! flood had had theirs.
//!
//! Promise: at most [`PAIRS_IN_A_FLOW`] wait. Where there are as many, the oldest goes, which would
//! have waited for longest and in vain. A pair that nobody waits for is passed over.

use crate::webhook::auth::hash_queue::fair_queue::{Awaited, Hash, HashAnswer};
use crate::webhook::auth::verified_pairs::Digest;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use tokio::sync::watch;

/// More than a flow gets through within a request's time: a hundred hashes of cost 10. An entry
/// takes some hundred bytes, and somebody waits for it on a connection that takes more.
pub(super) const PAIRS_IN_A_FLOW: usize = 1024;

/// How far back the newest pairs go.
const FEW: usize = 8;

/// Where a request comes from, as far as one sender has one of it: an IPv4 address, or the 64 bits
/// of an IPv6 address that a provider gives to one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let IpAddr::V6(address) = address else { return Self(address) };
        let [a, b, c, d, ..] = address.segments();
        Self(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
    }
}

/// By which the next pair of a flow is chosen; of equals the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Rule {
    /// From the network with the fewest pairs that wait: a sender has one or two passwords.
    #[default]
    FewestOfNetwork,
    /// That most requests wait for: a sender posts with the same password, and a flood tries each once.
    MostAwaited,
    /// That came last, or a few before, in turns: those who flood wait for their answers, so that
    /// new pairs come no faster than old ones are answered. Always the last alone, and a pair
    /// behind which one of the flood came would wait in vain (1 of 20, and none with the few).
    Newest,
}

/// The flow of one user.
#[derive(Default)]
pub(super) struct Flow {
    /// In the order in which they came.
    waiting: Vec<Waiting>,
    hashing: Option<PendingPair>,
    rule: Rule,
    /// How many of the newest are passed over the next time.
    passed_over: usize,
}

struct Waiting {
    pending: PendingPair,
    network: Network,
    hash: Hash,
}

/// Of all requests of one pair.
struct PendingPair {
    pair: Digest,
    answer: watch::Sender<Option<HashAnswer>>,
}

impl Flow {
    /// Shares the entry of a pair that waits or is being hashed.
    pub(super) fn share(&self, pair: &Digest) -> Option<Awaited> {
        let waiting = self.waiting.iter().map(|waiting| &waiting.pending);
        let pending = self.hashing.iter().chain(waiting).find(|pending| pending.pair == *pair)?;
        Some(pending.answer.subscribe())
    }

    /// Takes a new entry.
    pub(super) fn enter(&mut self, pair: Digest, network: Network, hash: Hash) -> Awaited {
        if self.waiting.len() == PAIRS_IN_A_FLOW {
            self.forget_the_unawaited();
        }
        if self.waiting.len() == PAIRS_IN_A_FLOW {
            drop(self.waiting.remove(0));
        }
        let (answer, awaited) = watch::channel(None);
        self.waiting.push(Waiting { pending: PendingPair { pair, answer }, network, hash });
        awaited
    }

    /// The next hash, if any waits and none is under way.
    pub(super) fn begin(&mut self) -> Option<Hash> {
        if self.hashing.is_some() {
            return None;
        }
        self.forget_the_unawaited();
        let next = self.next()?;
        if self.rule == Rule::Newest {
            self.passed_over = (self.passed_over + 1) % FEW;
        }
        self.rule = self.rule.next();
        let Waiting { pending, hash, .. } = self.waiting.remove(next);
        self.hashing = Some(pending);
        Some(hash)
    }

    /// The hash has ended: those who share its entry get the answer, and no further request shares it.
    pub(super) fn end(&mut self) -> watch::Sender<Option<HashAnswer>> {
        self.hashing.take().expect("a hash that ends was begun").answer
    }

    /// Whether some pair waits for its turn.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether nobody is in it.
    pub(super) fn is_idle(&self) -> bool {
        self.hashing.is_none() && self.waiting.is_empty()
    }

    fn next(&self) -> Option<usize> {
        let all = self.waiting.iter().enumerate();
        let next = match self.rule {
            Rule::FewestOfNetwork => {
                let mut pairs = HashMap::<Network, usize>::new();
                for waiting in &self.waiting {
                    *pairs.entry(waiting.network).or_default() += 1;
                }
                all.rev().min_by_key(|(_, waiting)| pairs[&waiting.network])
            }
            Rule::MostAwaited => all.max_by_key(|(_, waiting)| waiting.pending.awaiting()),
            Rule::Newest => all.rev().take(self.passed_over + 1).next_back(),
        };
        next.map(|(index, _)| index)
    }

    fn forget_the_unawaited(&mut self) {
        self.waiting.retain(|waiting| waiting.pending.awaiting() > 0);
    }
}

impl Rule {
    fn next(self) -> Self {
        match self {
            Self::FewestOfNetwork => Self::MostAwaited,
            Self::MostAwaited => Self::Newest,
            Self::Newest => Self::FewestOfNetwork,
        }
    }
}

impl PendingPair {
    fn awaiting(&self) -> usize {
        self.answer.receiver_count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(flow: &mut Flow, pair: u8, network: u8) -> Awaited {
        flow.enter([pair; 32], IpAddr::from([10, 0, 0, network]).into(), Box::new(|| None))
    }

    /// The next pair, whose hash ends at once.
    fn next(flow: &mut Flow) -> Option<u8> {
        let _hash = flow.begin()?;
        let pair = flow.hashing.as_ref().map(|pending| pending.pair[0]);
        drop(flow.end());
        pair
    }

    #[test]
    fn a_pair_of_its_own_network_passes_a_flood() {
        let mut flow = Flow::default();
        let _good = enter(&mut flow, 0, 1);
        let _flood: Vec<_> = (1..100).map(|pair| enter(&mut flow, pair, 2)).collect();
        assert_eq!(next(&mut flow), Some(0));
    }

    #[test]
    fn a_pair_that_several_requests_wait_for_passes_a_flood() {
        let mut flow = Flow::default();
        let _good = enter(&mut flow, 0, 2);
        let _again = flow.share(&[0; 32]).unwrap();
        let _flood: Vec<_> = (1..100).map(|pair| enter(&mut flow, pair, 2)).collect();
        assert_eq!([(); 2].map(|()| next(&mut flow)), [Some(99), Some(0)]);
    }

    #[test]
    fn of_equals_the_newest_are_next_and_the_oldest_comes_too() {
        let mut flow = Flow::default();
        let _all: Vec<_> = (0..9).map(|pair| enter(&mut flow, pair, 2)).collect();
        let order: Vec<_> = (0..9).map_while(|_| next(&mut flow)).collect();
        assert_eq!(order, [8, 7, 6, 5, 4, 2, 3, 1, 0]);
        assert!(flow.is_idle());
    }

    #[test]
    fn a_full_flow_gives_away_who_is_not_awaited_and_then_the_oldest() {
        let mut flow = Flow::default();
        let wide = |pair: u16| {
            let mut digest = [0; 32];
            digest[..2].copy_from_slice(&pair.to_be_bytes());
            digest
        };
        let network = IpAddr::from([10, 0, 0, 1]).into();
        let most = u16::try_from(PAIRS_IN_A_FLOW).unwrap();
        let mut enter = |pair| flow.enter(wide(pair), network, Box::new(|| None));
        let mut awaited: Vec<_> = (0..most).map(&mut enter).collect();
        drop(awaited.remove(5));
        awaited.push(enter(most));
        assert!(awaited[0].has_changed().is_ok());
        awaited.push(enter(most + 1));
        assert!(awaited[0].has_changed().is_err(), "the oldest is told that nothing was found out");
        assert!(awaited[1].has_changed().is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_what_one_customer_has() {
        let network = |address: &str| Network::from(address.parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
        assert_ne!(network("10.0.0.1"), network("10.0.0.2"));
    }
}
