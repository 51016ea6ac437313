//! Which pairs wait for a hash, and whose turn it is: a plain value, without clock and threads.
//!
//! Promises: a lane has one place for each pair, shared by all claims of that pair until its hash
//! has ended; at most [`PLACES_IN_A_LANE`] wait there, in the order in which they came, also when
//! the first who claimed the pair has gone. A lane hashes one pair at a time, and lanes take turns.
//! A place that nobody waits at is passed over, and given away when a lane is full. Of a hash that
//! has ended nothing is kept.
//!
//! Does not bound how many claims share a place: that takes a connection for each and nothing here.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

use crate::webhook::auth::credentials::User;
use crate::webhook::auth::verified_pairs::Digest;

/// Enough that two users seldom share one; few enough that the pair at the head of its lane waits
/// for a handful of hashes at worst.
const LANES: usize = 16;

/// A lane gets through a hundred hashes of cost 10 before its claims lose timeouts; users that are
/// new at the same time are hardly more. A place takes a few hundred bytes.
pub(super) const PLACES_IN_A_LANE: usize = 128;

/// Whose pair it is.
pub(super) type Answer = Option<Arc<User>>;

/// What finds it out.
pub(super) type Hash = Box<dyn FnOnce() -> Answer + Send>;

/// Where the answer is told, or the channel is closed because nothing was found out.
pub(super) type Awaited = watch::Receiver<Option<Answer>>;

/// The lane of a hash that was begun, and the hash.
pub(super) type Turn = (usize, Hash);

/// All lanes of a queue.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: [Lane; LANES],
    /// The one whose turn was last.
    last: usize,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<(Place, Hash)>,
    hashing: Option<Place>,
}

/// Of all claims of one pair.
struct Place {
    pair: Digest,
    answer: watch::Sender<Option<Answer>>,
}

impl Lanes {
    /// Shares the place of a pair that waits or is being hashed.
    pub(super) fn share(&self, lane: u8, pair: &Digest) -> Option<Awaited> {
        let Lane { waiting, hashing } = &self.lanes[usize::from(lane) % LANES];
        let mut places = hashing.iter().chain(waiting.iter().map(|(place, _)| place));
        let place = places.find(|place| place.pair == *pair)?;
        Some(place.answer.subscribe())
    }

    /// Takes a new place at the end of a lane, unless the lane is full.
    pub(super) fn enter(&mut self, lane: u8, pair: Digest, hash: Hash) -> Option<Awaited> {
        let waiting = &mut self.lanes[usize::from(lane) % LANES].waiting;
        if waiting.len() == PLACES_IN_A_LANE {
            waiting.retain(|(place, _)| place.is_awaited());
        }
        if waiting.len() == PLACES_IN_A_LANE {
            return None;
        }
        let (answer, awaited) = watch::channel(None);
        waiting.push_back((Place { pair, answer }, hash));
        Some(awaited)
    }

    /// The next hash, if a lane that hashes nothing has one; its lane is busy from now on.
    pub(super) fn begin(&mut self) -> Option<Turn> {
        for lane in (1..=LANES).map(|step| (self.last + step) % LANES) {
            let Lane { waiting, hashing } = &mut self.lanes[lane];
            if hashing.is_some() {
                continue;
            }
            while let Some((place, hash)) = waiting.pop_front() {
                if place.is_awaited() {
                    *hashing = Some(place);
                    self.last = lane;
                    return Some((lane, hash));
                }
            }
        }
        None
    }

    /// The hash of this lane has ended: those who shared its place are to be told, and no further
    /// claim shares it.
    pub(super) fn end(&mut self, lane: usize) -> watch::Sender<Option<Answer>> {
        let place = self.lanes[lane].hashing.take();
        place.expect("a hash that ends was begun").answer
    }
}

impl Place {
    fn is_awaited(&self) -> bool {
        self.answer.receiver_count() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Lanes {
        fn take(&mut self, lane: u8, pair: u8) -> Option<Awaited> {
            self.enter(lane, [pair; 32], Box::new(|| None))
        }

        fn begun(&mut self) -> Option<(usize, u8)> {
            let (lane, _) = self.begin()?;
            self.lanes[lane].hashing.as_ref().map(|place| (lane, place.pair[0]))
        }
    }

    #[test]
    fn a_lane_hashes_one_pair_at_a_time_in_order() {
        let mut lanes = Lanes::default();
        let _awaited = [1, 2].map(|pair| lanes.take(0, pair).unwrap());
        assert_eq!(lanes.begun(), Some((0, 1)));
        assert_eq!(lanes.begun(), None);
        drop(lanes.end(0));
        assert_eq!(lanes.begun(), Some((0, 2)));
    }

    #[test]
    fn lanes_take_turns() {
        let mut lanes = Lanes::default();
        let _awaited = [(3, 1), (3, 2), (3, 3), (5, 4), (15, 5), (16 + 5, 6)]
            .map(|(lane, pair)| lanes.take(lane, pair).unwrap());
        let mut turns = Vec::new();
        while let Some(turn) = lanes.begun() {
            drop(lanes.end(turn.0));
            turns.push(turn);
        }
        assert_eq!(turns, [(3, 1), (5, 4), (15, 5), (3, 2), (5, 6), (3, 3)]);
    }

    #[test]
    fn a_place_is_shared_from_its_first_claim_to_the_end_of_its_hash() {
        let mut lanes = Lanes::default();
        let pair = [1; 32];
        assert!(lanes.share(0, &pair).is_none());
        let first = lanes.take(0, 1).unwrap();
        let second = lanes.share(0, &pair).unwrap();
        assert!(lanes.share(0, &[2; 32]).is_none() && lanes.share(1, &pair).is_none());
        assert_eq!(lanes.begun(), Some((0, 1)));
        let third = lanes.share(0, &pair).unwrap();
        lanes.end(0).send_replace(Some(None));
        assert!([first, second, third].iter().all(|awaited| awaited.borrow().is_some()));
        assert!(lanes.share(0, &pair).is_none());
    }

    #[test]
    fn a_pair_keeps_its_place_when_the_first_who_claimed_it_has_gone() {
        let mut lanes = Lanes::default();
        let first = lanes.take(0, 1).unwrap();
        let _other = lanes.take(0, 2).unwrap();
        let _second = lanes.share(0, &[1; 32]).unwrap();
        drop(first);
        assert_eq!(lanes.begun(), Some((0, 1)));
    }

    #[test]
    fn a_place_that_nobody_waits_at_is_passed_over() {
        let mut lanes = Lanes::default();
        drop([1, 2].map(|pair| lanes.take(0, pair).unwrap()));
        let _awaited = lanes.take(0, 3).unwrap();
        assert_eq!(lanes.begun(), Some((0, 3)));
    }

    #[test]
    fn a_full_lane_gives_away_the_places_that_nobody_waits_at_and_no_others() {
        let mut lanes = Lanes::default();
        let places = u8::try_from(PLACES_IN_A_LANE).unwrap();
        let mut awaited: Vec<_> = (0..places).map(|pair| lanes.take(0, pair).unwrap()).collect();
        assert!(lanes.take(0, places).is_none());
        drop(awaited.remove(5));
        awaited.push(lanes.take(0, places).unwrap());
        assert!(lanes.take(0, places + 1).is_none());
        let _shared = lanes.share(0, &[0; 32]).unwrap();
        let _other = lanes.take(1, 0).unwrap();
    }
}
