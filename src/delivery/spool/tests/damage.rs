//! Bytes that changed on the disk while nobody had the spool: no record is altered, and what is not
//! given out is counted.
//!
//! The spools are of small segments, so that every byte can have its turn. What a damaged byte may
//! cost follows from the frame that it lies in: see the table of [`crate::delivery::spool::format`].

mod blocks;
mod clumsy;
mod flips;
mod open;
mod several;
mod tails;

use super::*;
use crate::delivery::spool::disk::OpenFor;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::format::{FRAME, HEADER, HEADER_COPIES, HEADER_LEN, STEP};
use crate::delivery::spool::frame::{Head, Kind};
use crate::delivery::spool::frames::{Frames, OnError};
use crate::delivery::spool::part::Part;
use crate::delivery::spool::reader::SpoolReader;
use crate::delivery::spool::segments;
use crate::delivery::spool::store::Store;
use std::collections::BTreeSet;
use std::ops::Range;

/// A page of header and a few records.
const SMALL: Sizes = Sizes { queue: 10_240, quarantine: 9216, limit: AMPLE };

/// Rows by their numbers, as texts.
type Texts = BTreeMap<u64, String>;

/// A spool that nothing has happened to yet.
struct Sound {
    files: BTreeMap<String, Vec<u8>>,
    /// All that was appended.
    appended: Texts,
    /// Those of it that wait, and those in the quarantine.
    waiting: BTreeSet<u64>,
    quarantined: BTreeSet<u64>,
    frames: Vec<FramePlace>,
}

/// Where a frame is, without its padding.
#[derive(Debug)]
struct FramePlace {
    file: String,
    bytes: Range<usize>,
    /// The row, as it was numbered in the queue; a commit has none.
    row: Option<u64>,
    part: Part,
}

/// What became of a spool until nothing waited in it.
#[derive(Debug)]
struct Drained {
    given: Texts,
    missing: u64,
    kept: Vec<String>,
}

impl Sound {
    /// Several segments of both parts; rows released out of order, and some quarantined.
    fn new() -> Self {
        let temp = memory_dir();
        let mut store = open_store(temp.path()).unwrap();
        let mut appended = Texts::new();
        for batch in [0..3, 3..4, 4..9, 9..11, 11..12, 12..16] {
            append(&mut store, batch.map(|n| sized_record(n, 100 + n * 17)), &mut appended);
        }
        let quarantined = BTreeSet::from([3, 4, 5, 8, 11]);
        let refused: Vec<_> = quarantined.iter().map(|id| (RowId(*id), "no".to_owned())).collect();
        store.release(&[], &refused[..2]).unwrap();
        store.release(&[RowId(6), RowId(13)], &refused[2..]).unwrap();
        store.sync_cursor().unwrap();
        store.release(&[RowId(2)], &[]).unwrap();
        store.sync_cursor().unwrap();
        let waiting = [1, 7, 9, 10, 12, 14, 15, 16].into();
        let files = contents(temp.path());
        let frames = frames(temp.path(), &quarantined);
        let sound = Self { files, appended, waiting, quarantined, frames };
        let count = |part| sound.segments(part).len();
        assert!(count(Part::Queue) >= 3 && count(Part::Quarantine) >= 2);
        sound
    }

    /// The names of the segments of a part.
    fn segments(&self, part: Part) -> Vec<String> {
        let of_part = |name: &&String| Part::of(name).is_some_and(|(found, _)| found == part);
        self.files.keys().filter(of_part).cloned().collect()
    }

    /// A folder with these files, but for what is written over them.
    fn with(&self, changed: &BTreeMap<String, Vec<u8>>) -> TempDir {
        let temp = memory_dir();
        for (name, bytes) in &self.files {
            fs::write(temp.path().join(name), changed.get(name).unwrap_or(bytes)).unwrap();
        }
        temp
    }

    /// The rows that lie under these bytes, of those that a part has.
    fn hit(&self, part: Part, file: &str, bytes: &Range<usize>) -> BTreeSet<u64> {
        let ids = match part {
            Part::Queue => &self.waiting,
            Part::Quarantine => &self.quarantined,
        };
        let touched = self.frames.iter().filter(|place| {
            let Range { start, end } = place.bytes;
            place.part == part && place.file == file && start < bytes.end && bytes.start < end
        });
        touched.filter_map(|place| place.row).filter(|id| ids.contains(id)).collect()
    }

    /// The rows of a folder's quarantine are those that were put there, but for this many.
    #[track_caller]
    fn assert_quarantine(&self, dir: &Path, lost: &BTreeSet<u64>, what: &str) {
        let reader = SpoolReader::open(dir).unwrap();
        let mut rows = reader.rows(Part::Quarantine).unwrap();
        let (mut given, mut faults) = (BTreeSet::new(), 0);
        while let Some(row) = rows.read().unwrap() {
            if row.fault.is_some() {
                faults += 1;
                continue;
            }
            let text = &self.appended[&row.id];
            assert!(text.contains(&format!("{:?}", Bytes::from(row.value))), "{what}");
            assert!(given.insert(row.id), "{what}: {} twice", row.id);
        }
        let expected: BTreeSet<_> = self.quarantined.difference(lost).copied().collect();
        assert_eq!(given, expected, "{what}");
        assert_eq!(faults > 0, !lost.is_empty(), "{what}");
    }

    /// What was given is what waited, as it was appended; what is more was released before.
    #[track_caller]
    fn assert_unaltered(&self, drained: &Drained, what: &str) {
        for (id, text) in &drained.given {
            assert_eq!(Some(text), self.appended.get(id), "{what}: {id} is altered");
        }
    }

    /// Rows that waited and were not given.
    fn lost(&self, drained: &Drained) -> BTreeSet<u64> {
        self.waiting.iter().filter(|id| !drained.given.contains_key(id)).copied().collect()
    }
}

/// A folder in memory, where there is one: spools are made by the thousand.
fn memory_dir() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

fn open_store(dir: &Path) -> Result<Store, DiskFault> {
    let mut store = Store::open(&disk(dir), SMALL)?;
    store.make_room()?;
    Ok(store)
}

fn append(store: &mut Store, records: impl Iterator<Item = Record>, appended: &mut Texts) {
    let records: Vec<_> = records.collect();
    let refs: Vec<_> = records.iter().collect();
    store.append(&refs).unwrap();
    let first = store.next_id() - records.len() as u64;
    appended.extend((first..).zip(records.iter().map(text)));
}

/// Gives out and releases until nothing waits; then records can be appended, and come back.
#[track_caller]
fn drain(dir: &Path, what: &str) -> Drained {
    let mut store = open_store(dir).unwrap_or_else(|fault| panic!("{what}: {}", fault.chain()));
    let mut given = Texts::new();
    take(&mut store, &mut given, what);
    let missing = store.status(Room::HasRoom).totals.missing_rows;
    let mut appended = Texts::new();
    // Enough of them to leave the segment that was the last one.
    append(&mut store, (100..112).map(|n| sized_record(n, 300)), &mut appended);
    let mut behind = Texts::new();
    take(&mut store, &mut behind, what);
    assert!(behind == appended, "{what}: what is appended afterwards comes back");
    assert_eq!(store.status(Room::HasRoom).totals.missing_rows, missing, "{what}");
    let kept = contents(dir).into_keys().filter(|name| name.ends_with(".damaged")).collect();
    Drained { given, missing, kept }
}

fn take(store: &mut Store, given: &mut Texts, what: &str) {
    let limit = Limit { rows: NonZeroUsize::new(3).unwrap(), bytes: u64::MAX };
    loop {
        let rows = store.read(None, limit).unwrap().rows;
        if rows.is_empty() {
            assert_eq!(store.rows(), 0, "{what}");
            return;
        }
        for row in &rows {
            let before = given.insert(row.id.0, text(&row.record));
            assert!(before.is_none(), "{what}: {:?} twice", row.id);
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        store.release(&ids, &[]).unwrap();
        store.maintain().unwrap();
    }
}

fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = files(dir, "").into_iter();
    let names = names.filter(|name| name != "lock" && dir.join(name).is_file());
    names.map(|name| (name.clone(), fs::read(dir.join(&name)).unwrap())).collect()
}

fn frames(dir: &Path, quarantined: &BTreeSet<u64>) -> Vec<FramePlace> {
    let (disk, mut places) = (disk(dir), Vec::new());
    let found = segments::look(&*disk, OnError::Fails).unwrap();
    for segment in found.queue.iter().chain(&found.quarantine) {
        let bytes = fs::read(dir.join(segment.name())).unwrap();
        let file = disk.open(&segment.name(), OpenFor::Read).unwrap();
        let mut frames = Frames::new(file, segment.salt, segment.bytes, OnError::Fails);
        while let Some(frame) = frames.next().unwrap() {
            let start = usize::try_from(frame.place.start).unwrap();
            let len = Head::parse(&bytes[start..], segment.salt.magic()).unwrap().len;
            let row = match frame.kind {
                Kind::Record => Some(frame.id),
                Kind::Quarantined => {
                    quarantined.iter().nth(usize::try_from(frame.id).unwrap() - 1).copied()
                }
                Kind::Commit => None,
            };
            let (file, bytes) = (segment.name(), start..start + FRAME + len);
            places.push(FramePlace { file, bytes, row, part: segment.part });
        }
    }
    places
}
