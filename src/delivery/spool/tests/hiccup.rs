//! A disk that does not give a file for a moment, in which the spool is opened.
//!
//! Promise that is tried: what can be read a moment later is neither missing nor kept as damaged,
//! whether the start waits, fails or goes on.

use super::*;
use crate::delivery::spool::disk::{Disk, DiskFile, FileId, FolderEntry, OpenFor};
use crate::delivery::spool::format::HEADER;
use crate::delivery::spool::part::Part;
use crate::delivery::spool::store::Store;
use rustix::io::Errno;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

/// Reads that fail: of a start, in less than a millisecond.
const READS: u32 = 100;
const RECORDS: usize = 40;
const SMALL: Sizes = Sizes { queue: 64 << 10, quarantine: 64 << 10, limit: AMPLE };

/// The system's disk, of which one file cannot be read for a while.
#[derive(Debug)]
struct Hiccup {
    disk: Arc<dyn Disk>,
    name: String,
    /// Where in the file they begin to fail.
    from: u64,
    left: Arc<AtomicU32>,
}

#[derive(Debug)]
struct HiccupFile {
    file: Box<dyn DiskFile>,
    from: u64,
    left: Arc<AtomicU32>,
}

#[test]
fn a_first_segment_unreadable_for_a_moment_costs_nothing() {
    costs_nothing(<[String]>::first, 0);
}

#[test]
fn a_last_segment_unreadable_for_a_moment_costs_nothing() {
    costs_nothing(<[String]>::last, 0);
}

#[test]
fn records_unreadable_for_a_moment_of_the_start_are_not_lost() {
    costs_nothing(<[String]>::last, HEADER as u64);
}

fn costs_nothing(pick: fn(&[String]) -> Option<&String>, from: u64) {
    let fixture = Fixture::new();
    let sound = disk(fixture.dir());
    let mut store = Store::open(&sound, SMALL).unwrap();
    store.make_room().unwrap();
    for number in 0..RECORDS {
        store.append(&[&sized_record(number, 10_000)]).unwrap();
    }
    drop(store);
    let mut segments = files(fixture.dir(), "0");
    segments.retain(|name| matches!(Part::of(name), Some((Part::Queue, _))));
    let (name, left) = (pick(&segments).unwrap().clone(), Arc::new(AtomicU32::new(READS)));
    let ill: Arc<dyn Disk> =
        Arc::new(Hiccup { disk: sound.clone(), name, from, left: left.clone() });

    let store = Store::open(&ill, SMALL);
    left.store(0, Ordering::Relaxed);

    let mut store = store.unwrap_or_else(|_| Store::open(&sound, SMALL).unwrap());
    let all = Limit { rows: NonZeroUsize::new(2 * RECORDS).unwrap(), bytes: u64::MAX };
    let found = store.read(None, all).unwrap();
    assert_eq!((found.rows.len(), found.gaps), (RECORDS, Vec::new()));
}

impl Disk for Hiccup {
    fn list(&self) -> io::Result<Vec<FolderEntry>> {
        self.disk.list()
    }

    fn open(&self, name: &str, open_for: OpenFor) -> io::Result<Box<dyn DiskFile>> {
        let file = self.disk.open(name, open_for)?;
        if name != self.name {
            return Ok(file);
        }
        Ok(Box::new(HiccupFile { file, from: self.from, left: self.left.clone() }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.disk.create(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.link(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }

    fn id_of(&self, name: &str) -> io::Result<FileId> {
        self.disk.id_of(name)
    }

    fn room(&self) -> u64 {
        self.disk.room()
    }
}

impl DiskFile for HiccupFile {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let less = |left: u32| left.checked_sub(1);
        if at >= self.from
            && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
        {
            return Err(Errno::IO.into());
        }
        self.file.read_at(bytes, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.file.write_at(bytes, at)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.file.allocate(bytes)
    }

    fn cut(&self, bytes: u64) -> io::Result<()> {
        self.file.cut(bytes)
    }

    fn id(&self) -> io::Result<FileId> {
        self.file.id()
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
