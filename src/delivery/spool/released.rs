//! Which ids of the queue are released.
//!
//! Nearly all are below one id; above it are ranges, because partitions ack each in its own time. They
//! are few: what the drain has under way. It is a plain value.

use std::collections::BTreeMap;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Released {
    /// All below are released, and this one is not.
    pub(super) below: u64,
    /// First and last of each range above; no two touch.
    ranges: BTreeMap<u64, u64>,
    /// Ids in them.
    above: u64,
}

impl Released {
    /// All below an id.
    pub(super) fn below(below: u64) -> Self {
        Self { below, ranges: BTreeMap::new(), above: 0 }
    }

    /// The ranges above, ascending.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        self.ranges.iter().map(|(first, last)| (*first, *last))
    }

    /// The highest that is released, or the one below the first that is not.
    pub(super) fn highest(&self) -> u64 {
        self.ranges.last_key_value().map_or(self.below.saturating_sub(1), |(_, last)| *last)
    }

    /// How many ids below `next` are not released.
    pub(super) fn left(&self, next: u64) -> u64 {
        next.saturating_sub(self.below).saturating_sub(self.above)
    }

    /// Whether an id is not released.
    pub(super) fn waits(&self, id: u64) -> bool {
        id >= self.below && self.ranges.range(..=id).next_back().is_none_or(|(_, last)| *last < id)
    }

    /// The first id from `from` on that is not released.
    pub(super) fn next(&self, from: u64) -> u64 {
        let from = from.max(self.below);
        match self.ranges.range(..=from).next_back() {
            Some((_, last)) if *last >= from => last + 1,
            Some(_) | None => from,
        }
    }

    /// Releases ids from `first` to `last`; gives how many of them were not.
    pub(super) fn add(&mut self, first: u64, last: u64) -> u64 {
        let asked = first.max(self.below)..=last;
        let (mut first, mut last) = asked.clone().into_inner();
        if last < first {
            return 0;
        }
        let mut new = last - first + 1;
        // Those that it touches become one with it.
        while let Some((begin, end)) = self.ranges.range(..=last + 1).next_back() {
            let (begin, end) = (*begin, *end);
            if end + 1 < first {
                break;
            }
            self.ranges.remove(&begin);
            self.above -= end - begin + 1;
            new -= (end.min(*asked.end()) + 1).saturating_sub(begin.max(*asked.start()));
            (first, last) = (first.min(begin), last.max(end));
        }
        if first <= self.below {
            self.below = last + 1;
        } else {
            self.ranges.insert(first, last);
            self.above += last - first + 1;
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_knows_what_a_set_knows(
            begin in 1..5_u64,
            added in prop::collection::vec((0..40_u64, 0..6_u64), 0..30),
        ) {
            let mut released = Released::below(begin);
            let mut set: BTreeSet<u64> = (0..begin).collect();
            for (first, more) in added {
                let new = (first..=first + more).filter(|id| set.insert(*id)).count();
                prop_assert_eq!(released.add(first, first + more), new as u64);
                let waiting: Vec<u64> = (0..60).filter(|id| !set.contains(id)).collect();
                prop_assert_eq!(released.left(60), waiting.len() as u64);
                prop_assert_eq!(released.below, waiting[0]);
                for id in 0..60 {
                    prop_assert_eq!(released.waits(id), !set.contains(&id));
                    let next = waiting.iter().find(|waiting| **waiting >= id).unwrap();
                    prop_assert_eq!(released.next(id), *next);
                }
                let mut end = released.below;
                for (first, last) in released.ranges() {
                    prop_assert!(first > end && last >= first);
                    end = last + 1;
                }
            }
        }
    }
}
