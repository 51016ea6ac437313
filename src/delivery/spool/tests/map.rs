//! Random lives against a plain map.
//!
//! No power is cut and nothing fails, so all is known at every moment: which rows are given out, in
//! which order, and what the counts are. Kills lose nothing that was written.

use crate::delivery::record::Record;
use crate::delivery::record::header_name::HeaderName;
use crate::delivery::spool::disk::Disk;
use crate::delivery::spool::requeue::Requeued;
use crate::delivery::spool::row::{RowId, from_unix_millis};
use crate::delivery::spool::status::{Room, Totals};
use crate::delivery::spool::store::{Sizes, Store};
use crate::delivery::spool::tests::look::{Look, read_all};
use crate::delivery::spool::tests::model::ModelDisk;
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Some records to a segment.
const SIZES: Sizes = Sizes { queue: 12 << 10, quarantine: 12 << 10, limit: u64::MAX };
/// The topics that records have.
const TOPICS: [&str; 2] = ["one", "two"];

#[derive(Debug, Clone)]
enum Action {
    /// Records of these sizes, of the topic.
    Append(usize, Vec<usize>),
    /// Rows from behind this one, this many at once.
    Read(Option<Index>, usize),
    /// Some of those that wait, in this order.
    Release(Vec<Index>),
    Refuse(Vec<Index>),
    Maintain,
    Requeue,
    /// From this one of the topics to the other one.
    Retopic(usize),
    Reopen,
    Kill,
}

/// A record in few words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plain {
    number: usize,
    size: usize,
    topic: usize,
}

/// A store and what it should hold.
struct Pair {
    disk: ModelDisk,
    store: Store,
    queue: BTreeMap<u64, Plain>,
    quarantine: Vec<(u64, Plain)>,
    /// The id and the number of the next record.
    next: (u64, usize),
    totals: Totals,
}

fn action() -> impl Strategy<Value = Action> {
    let some = || vec(any::<Index>(), 0..20);
    let sizes =
        vec(prop_oneof![6 => 0..300_usize, 2 => 300..2000_usize, 1 => 4000..9000_usize], 0..12);
    prop_oneof![
        6 => (0..TOPICS.len(), sizes).prop_map(|(topic, sizes)| Action::Append(topic, sizes)),
        3 => (any::<Option<Index>>(), 1..30_usize).prop_map(|(from, rows)| Action::Read(from, rows)),
        5 => some().prop_map(Action::Release),
        2 => some().prop_map(Action::Refuse),
        3 => Just(Action::Maintain),
        1 => Just(Action::Requeue),
        1 => (0..TOPICS.len()).prop_map(Action::Retopic),
        1 => Just(Action::Reopen),
        1 => Just(Action::Kill),
    ]
}

proptest! {
    #[test]
    fn a_spool_holds_what_a_map_holds(actions in vec(action(), 1..40)) {
        let mut pair = Pair::new();
        for action in actions {
            pair.act(action);
            pair.check();
        }
    }
}

impl Plain {
    fn record(&self) -> Record {
        let Self { number, size, topic } = self;
        let subject = number.to_string();
        let headers = [(HeaderName::Subject, &*subject)];
        let value = Bytes::from(vec![u8::try_from(number % 7).unwrap(); *size]);
        let received = from_unix_millis(i64::try_from(*number).unwrap());
        Record::restored(TOPICS[*topic].into(), "app", headers, value, received)
    }
}

impl Pair {
    fn new() -> Self {
        let disk = ModelDisk::new(0);
        let store = open(&disk);
        let (queue, quarantine) = (BTreeMap::new(), Vec::new());
        Self { disk, store, queue, quarantine, next: (1, 0), totals: Totals::default() }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Append(topic, sizes) => self.append(topic, &sizes),
            Action::Read(from, rows) => self.read(from, rows),
            Action::Release(rows) => {
                let ids = self.pick(&rows);
                self.store.release(&ids, &[]).unwrap();
                for RowId(id) in ids {
                    self.totals.drained += u64::from(self.queue.remove(&id).is_some());
                }
            }
            Action::Refuse(rows) => {
                let mut ids = self.pick(&rows);
                let refused: Vec<_> = ids.iter().map(|id| (*id, "refused".to_owned())).collect();
                self.store.release(&[], &refused).unwrap();
                ids.sort_unstable();
                for RowId(id) in ids {
                    if let Some(record) = self.queue.remove(&id) {
                        self.totals.quarantined_rows += 1;
                        self.quarantine.push((id, record));
                    }
                }
            }
            Action::Maintain => self.store.maintain().unwrap(),
            Action::Requeue => self.requeue(),
            Action::Retopic(from) => self.retopic(from),
            Action::Reopen => {
                self.store.sync_cursor().unwrap();
                self.reopen();
            }
            Action::Kill => self.reopen(),
        }
    }

    fn pick(&self, rows: &[Index]) -> Vec<RowId> {
        let ids: Vec<_> = self.queue.keys().copied().map(RowId).collect();
        // One that is not there is passed over.
        if ids.is_empty() {
            vec![RowId(self.next.0)]
        } else {
            rows.iter().map(|at| *at.get(&ids)).collect()
        }
    }

    fn append(&mut self, topic: usize, sizes: &[usize]) {
        let number = self.next.1;
        let plain = |(number, size): (usize, &usize)| Plain { number, size: *size, topic };
        let plains: Vec<_> = (number..).zip(sizes).map(plain).collect();
        let records: Vec<_> = plains.iter().map(Plain::record).collect();
        self.store.append(&records.iter().collect::<Vec<_>>()).unwrap();
        self.totals.appended += records.len() as u64;
        self.put(plains);
    }

    fn put(&mut self, plains: Vec<Plain>) {
        let (id, number) = self.next;
        self.next = (id + plains.len() as u64, number + plains.len());
        self.queue.extend((id..).zip(plains));
    }

    fn read(&mut self, from: Option<Index>, rows: usize) {
        let ids: Vec<_> = self.queue.keys().copied().collect();
        let after = from.filter(|_| !ids.is_empty()).map(|from| *from.get(&ids));
        let limit =
            crate::delivery::spool::Limit { rows: rows.try_into().unwrap(), bytes: u64::MAX };
        let found = self.store.read(after.map(RowId), limit).unwrap();
        let expected =
            ids.into_iter().filter(|id| after.is_none_or(|after| *id > after)).take(rows);
        assert!(found.rows.iter().map(|row| row.id.0).eq(expected));
    }

    fn requeue(&mut self) {
        let rows = self.quarantine.len() as u64;
        assert_eq!(self.store.requeue().unwrap(), Requeued { rows, left: 0 });
        let moved = std::mem::take(&mut self.quarantine);
        self.put(moved.into_iter().map(|(_, plain)| plain).collect());
        self.reopen();
    }

    fn retopic(&mut self, from: usize) {
        let to = 1 - from;
        let all = self.queue.values_mut().chain(self.quarantine.iter_mut().map(|(_, plain)| plain));
        let changed = all.filter(|plain| plain.topic == from).map(|plain| plain.topic = to).count();
        let reported = self.store.retopic(TOPICS[from], TOPICS[to]).unwrap();
        // Those that were released and still have their segment count too.
        assert!(reported >= changed as u64);
        self.reopen();
    }

    fn reopen(&mut self) {
        self.store = open(&self.disk);
        self.totals = Totals::default();
    }

    /// Holds one against the other.
    fn check(&mut self) {
        let rows = read_all(&mut self.store, 7).unwrap();
        let found: Vec<_> = rows.iter().map(|row| (row.id.0, text(&row.record))).collect();
        let expected: Vec<_> =
            self.queue.iter().map(|(id, plain)| (*id, text(&plain.record()))).collect();
        assert_eq!(found, expected);
        let look = Look::at(&mut self.store, &self.disk, 1).unwrap();
        let again: Vec<_> = look.rows.iter().map(|row| (row.id.0, text(&row.record))).collect();
        assert_eq!(again, expected, "a second pass gives the same");
        let quarantined: Vec<_> =
            look.quarantined.iter().map(|(id, record)| (*id, text(record))).collect();
        let expected: Vec<_> =
            self.quarantine.iter().map(|(id, plain)| (*id, text(&plain.record()))).collect();
        assert_eq!(quarantined, expected);
        let status = self.store.status(Room::HasRoom);
        let counts = (status.rows, status.quarantined_rows, look.next);
        assert_eq!(counts, (self.queue.len() as u64, self.quarantine.len() as u64, self.next.0));
        assert_eq!(Totals { commits: 0, ..status.totals }, self.totals);
        let bytes: u64 = self.disk.list().unwrap().iter().map(|entry| entry.bytes).sum();
        assert_eq!(status.file_bytes, bytes);
        assert!(status.used_bytes <= bytes);
    }
}

fn open(disk: &ModelDisk) -> Store {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut store = Store::open(&disk, SIZES).unwrap();
    store.make_room().unwrap();
    // The cursor may have been made since the folder was looked at.
    store.look_around().unwrap();
    store
}

/// All of a record; of a long value its length and its first byte.
fn text(record: &Record) -> String {
    let (topic, key, received) = (record.topic(), record.key(), record.received());
    let headers: Vec<_> = record.stored_headers().collect();
    let value = (record.value().len(), record.value().first());
    assert!(record.value().iter().all(|byte| Some(byte) == value.1));
    format!("{topic} {key} {received:?} {headers:?} {value:?}")
}
