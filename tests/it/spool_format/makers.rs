//! Random spools, made by the library, and what must be in them.

use crate::spool_format::second_reader::{self, Row};
use bytes::Bytes;
use fastrand::Rng;
use hookbridge::delivery::record::Record;
use hookbridge::delivery::record::header_name::HeaderName;
use hookbridge::delivery::spool::row::RowId;
use hookbridge::delivery::spool::{Spool, SpoolOptions, SpoolThread};
use hookbridge::delivery::ticket::Ticket;
use hookbridge::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

/// Of anything that the disk does.
const DISK: Duration = Duration::from_secs(60);

/// A folder in which a spool was made, and what was done to it.
pub(super) struct Made {
    temp: TempDir,
    appended: BTreeMap<u64, Row>,
    /// Acked or quarantined since the last kill.
    released: Vec<u64>,
    /// The same before it: a kill may bring these back, which at-least-once allows.
    may_return: Vec<u64>,
}

struct Maker {
    made: Made,
    random: Rng,
    open: (Spool, SpoolThread),
}

/// The spool of this seed, after up to `turns` turns, closed.
pub(super) fn random(seed: u64, turns: usize) -> Made {
    let temp = memory_dir();
    let open = open(temp.path());
    let made =
        Made { temp, appended: BTreeMap::new(), released: Vec::new(), may_return: Vec::new() };
    let mut maker = Maker { made, random: Rng::with_seed(seed), open };
    // One in sixteen is of records so large that there are many segments.
    let largest = if seed.is_multiple_of(16) { 1 << 20 } else { 1500 };
    for _ in 0..maker.random.usize(1..=turns) {
        match maker.random.u8(..10) {
            0..5 => maker.append(largest),
            5..8 => maker.release(),
            8 => maker = maker.restart(),
            _ => maker = maker.kill(),
        }
    }
    maker.open.1.close(DISK).unwrap();

    maker.made
}

impl Made {
    pub(super) fn dir(&self) -> &Path {
        self.temp.path()
    }

    /// All that was appended waits but what was released, as it was appended.
    #[track_caller]
    pub(super) fn assert_holds(&self, queue: &[Row], seed: u64) {
        let queue: BTreeMap<_, _> = queue.iter().map(|row| (row.id, row)).collect();
        for (id, row) in &self.appended {
            let waits = !self.released.contains(id);
            match queue.get(id) {
                Some(found) => {
                    assert!(waits, "seed {seed}: {id} was released");
                    assert_eq!(*found, row, "seed {seed}");
                }
                None => {
                    assert!(!waits || self.may_return.contains(id), "seed {seed}: {id} is gone");
                }
            }
        }
        assert!(queue.keys().all(|id| self.appended.contains_key(id)), "seed {seed}");
    }
}

impl Maker {
    fn append(&mut self, largest: usize) {
        let count = self.random.usize(1..12);
        let records: Vec<_> = (0..count).map(|_| record(&mut self.random, largest)).collect();
        let kept: Vec<_> = records.iter().map(row).collect();
        let answers: Vec<_> = records
            .into_iter()
            .map(|record| {
                let (done, answer) = mpsc::channel();
                self.open.0.append(record, move |row| done.send(row).unwrap()).unwrap();
                answer
            })
            .collect();
        for (answer, row) in answers.into_iter().zip(kept) {
            let id = answer.recv_timeout(DISK).unwrap().unwrap().get();
            self.made.appended.insert(id, Row { id, ..row });
        }
    }

    /// Ends some of what waits, in any order, the older ones rather; some are refused.
    fn release(&mut self) {
        let made = &self.made;
        let mut ids: Vec<_> =
            made.appended.keys().filter(|id| !made.released.contains(id)).copied().collect();
        ids.truncate(ids.len() * self.random.usize(1..=4) / 4);
        self.random.shuffle(&mut ids);
        ids.truncate(ids.len() * self.random.usize(1..=8) / 8);
        let refused = ids.split_off(ids.len() - ids.len() * self.random.usize(0..3) / 4);
        self.made.released.extend(ids.iter().chain(&refused));
        let row_id = |id: u64| RowId::from_ticket(Ticket::of(usize::try_from(id).unwrap()));
        let acked = ids.into_iter().map(row_id).collect();
        let refused =
            refused.into_iter().map(|id| (row_id(id), format!("because of {id}"))).collect();
        let (done, answer) = mpsc::channel();
        self.open.0.release(acked, refused, move |end| done.send(end).unwrap()).unwrap();
        answer.recv_timeout(DISK).unwrap().unwrap();
    }

    fn restart(self) -> Self {
        self.open.1.close(DISK).unwrap();
        let open = open(self.made.dir());
        Self { open, ..self }
    }

    /// Goes on with a copy of the folder as it is.
    fn kill(self) -> Self {
        let temp = memory_dir();
        for entry in fs::read_dir(self.made.dir()).unwrap() {
            let entry = entry.unwrap();
            // A file that vanishes meanwhile was on its way to another name, or was done with.
            let copied = fs::copy(entry.path(), temp.path().join(entry.file_name()));
            assert!(copied.is_ok() || !entry.path().exists(), "{copied:?}");
        }
        self.open.1.close(DISK).unwrap();
        let open = open(temp.path());
        let may_return = self.made.may_return.into_iter().chain(self.made.released).collect();
        let made = Made { temp, may_return, released: Vec::new(), ..self.made };
        Self { made, open, ..self }
    }
}

fn open(dir: &Path) -> (Spool, SpoolThread) {
    Spool::open(&SpoolOptions { dir: dir.to_owned(), max_bytes: 1 << 30 }).unwrap()
}

/// A folder in memory, where there is one.
fn memory_dir() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// A record of any shape that the format holds.
fn record(random: &mut Rng, largest: usize) -> Record {
    let topic = ["video.events", "t", "video.events.of-a-longer-name"][random.usize(..3)];
    let key = text(random, 40);
    let mut headers = Vec::new();
    for name in HeaderName::ALL {
        if name != HeaderName::Received && random.u8(..4) > 0 {
            headers.push((name, header(random, name)));
        }
    }
    let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let size = random.usize(..=largest);
    let value = Bytes::from(key.repeat(size / key.len().max(1)));
    let received = UNIX_EPOCH + Duration::from_millis(random.u64(..4_000_000_000_000));
    Record::restored(topic.into(), &key, headers, value, received)
}

fn header(random: &mut Rng, name: HeaderName) -> String {
    match random.u8(..5) {
        0 => String::new(),
        1 if name == HeaderName::ContentType => "application/json".to_owned(),
        1 if name == HeaderName::SpecVersion => "1.0".to_owned(),
        2 => second_reader::hex(&random.u64(..).to_le_bytes().repeat(random.usize(..5))),
        3 => (0..random.usize(..9)).map(|_| random.digit(16).to_ascii_uppercase()).collect(),
        _ => text(random, 300),
    }
}

fn text(random: &mut Rng, longest: usize) -> String {
    (0..random.usize(..longest)).map(|_| random.char('!'..'\u{17f}')).collect()
}

/// The record as the readers should give it, without its number.
fn row(record: &Record) -> Row {
    let headers = record.stored_headers();
    Row {
        id: 0,
        topic: record.topic().to_owned(),
        key: record.key().to_owned(),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), value.to_owned()))
            .collect(),
        value: record.value().to_vec(),
        received: Timestamp::from(record.received()).unix_millis(),
        quarantined: None,
    }
}
