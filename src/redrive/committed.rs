//! What may be committed: all below it is done with. A plain value.

use crate::delivery::kafka::group_reader::read_record::Position;
use std::collections::{BTreeMap, BTreeSet};

/// Of each partition.
#[derive(Debug, Default)]
pub(super) struct Committed {
    partitions: BTreeMap<i32, Partition>,
    /// How many are done since the last commit.
    pending: usize,
}

#[derive(Debug, Default)]
struct Partition {
    /// Begun and not done; as many as the outbox holds.
    open: BTreeSet<i64>,
    /// Behind the last that was begun.
    next: i64,
    /// What was committed last.
    committed: i64,
}

impl Committed {
    /// The record is looked at. Those of a partition come in its order.
    pub(super) fn begun(&mut self, position: Position) {
        let partition = self.partitions.entry(position.partition).or_default();
        partition.open.insert(position.offset);
        partition.next = position.offset + 1;
    }

    /// It is done with.
    pub(super) fn done(&mut self, position: Position) {
        self.partitions.entry(position.partition).or_default().open.remove(&position.offset);
        self.pending += 1;
    }

    /// How many are done since the last commit.
    pub(super) fn pending(&self) -> usize {
        self.pending
    }

    /// How many offsets there are from the first that is not done to the last that was begun, of all
    /// partitions: so many are looked at again behind a sudden end.
    pub(super) fn spread(&self) -> i64 {
        let of = |known: &Partition| known.open.first().map_or(0, |first| known.next - first);
        self.partitions.values().map(of).sum()
    }

    /// What is new to be committed.
    pub(super) fn due(&self) -> Vec<Position> {
        let due = |(partition, known): (&i32, &Partition)| {
            let offset = known.open.first().copied().unwrap_or(known.next);
            let is_news = known.committed < offset;
            is_news.then_some(Position { partition: *partition, offset })
        };
        self.partitions.iter().filter_map(due).collect()
    }

    /// All that was due is committed.
    pub(super) fn was_committed(&mut self, due: &[Position]) {
        self.pending = 0;
        for Position { partition, offset } in due {
            if let Some(known) = self.partitions.get_mut(partition) {
                known.committed = *offset;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> Position {
        Position { partition: 3, offset }
    }

    #[test]
    fn nothing_is_committed_past_what_is_not_done() {
        let mut committed = Committed::default();
        for offset in [5, 6, 9] {
            committed.begun(at(offset));
        }
        committed.done(at(6));
        assert_eq!(committed.due(), [at(5)]);
        assert_eq!((committed.due(), committed.pending()), (vec![at(5)], 1));
        committed.was_committed(&[at(5)]);
        assert_eq!((committed.due(), committed.pending()), (vec![], 0));
        assert_eq!(committed.spread(), 5);
        committed.done(at(5));
        assert_eq!(committed.due(), [at(9)]);
        committed.done(at(9));
        assert_eq!(committed.due(), [at(10)]);
    }
}
