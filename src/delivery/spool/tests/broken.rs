//! Stores that are broken on purpose, by a disk that does less than it says: the power cuts must find
//! each of them.

use crate::delivery::spool::disk::{Disk, DiskFile, FileId, FolderEntry, OpenFor};
use crate::delivery::spool::tests::cuts::live;
use crate::delivery::spool::tests::lives::Wrap;
use crate::delivery::spool::tests::model::ModelDisk;
use std::io;
use std::sync::Arc;

/// Power cuts within which each must show: a hundredth of those of the suite.
const CUTS: u64 = 1000;

/// What the store does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// It does not sync the folder.
    NoSyncOfTheFolder,
    /// It says that a batch is there before that was synced.
    NoSync,
    /// After a sync that failed it syncs the same bytes again, and believes that.
    SyncsTwice,
}

#[derive(Debug)]
struct BrokenDisk {
    disk: ModelDisk,
    flaw: Flaw,
}

#[derive(Debug)]
struct BrokenFile {
    file: Box<dyn DiskFile>,
    flaw: Flaw,
}

#[test]
fn a_store_that_does_not_sync_its_folder_is_found() {
    assert_found(|disk| broken(disk, Flaw::NoSyncOfTheFolder));
}

#[test]
fn a_store_that_answers_before_the_sync_is_found() {
    assert_found(|disk| broken(disk, Flaw::NoSync));
}

#[test]
fn a_store_that_syncs_the_same_bytes_after_a_failure_is_found() {
    assert_found(|disk| broken(disk, Flaw::SyncsTwice));
}

fn assert_found(wrap: Wrap) {
    let mut cuts = 0;
    for seed in 0.. {
        match live(seed, wrap) {
            Ok(more) => cuts += more,
            Err(_) => return,
        }
        assert!(cuts < CUTS, "nothing was found in {cuts} cuts");
    }
}

fn broken(disk: &ModelDisk, flaw: Flaw) -> Arc<dyn Disk> {
    Arc::new(BrokenDisk { disk: disk.clone(), flaw })
}

impl BrokenDisk {
    fn file(&self, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(BrokenFile { file, flaw: self.flaw })
    }
}

impl Disk for BrokenDisk {
    fn list(&self) -> io::Result<Vec<FolderEntry>> {
        self.disk.list()
    }

    fn open(&self, name: &str, open_for: OpenFor) -> io::Result<Box<dyn DiskFile>> {
        self.disk.open(name, open_for).map(|file| self.file(file))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.disk.create(name).map(|file| self.file(file))
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
        match self.flaw {
            Flaw::NoSyncOfTheFolder => Ok(()),
            Flaw::NoSync | Flaw::SyncsTwice => self.disk.sync(),
        }
    }

    fn id_of(&self, name: &str) -> io::Result<FileId> {
        self.disk.id_of(name)
    }

    fn room(&self) -> u64 {
        self.disk.room()
    }
}

impl DiskFile for BrokenFile {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
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
        match self.flaw {
            Flaw::NoSync => Ok(()),
            Flaw::SyncsTwice => self.file.sync().or_else(|_| self.file.sync()),
            Flaw::NoSyncOfTheFolder => self.file.sync(),
        }
    }
}
