//! A disk that is full: it is drained without any room, and goes on by itself once there is some.

use super::*;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::status::FullBecause;
use crate::delivery::spool::store::Store;
use std::process::Command;

const BY_DISK: Room = Room::Full { why: FullBecause::Disk };

/// A small disk, and what fills the rest of it.
struct SmallDisk {
    temp: TempDir,
}

impl SmallDisk {
    /// None where the test may not mount: then it says so and passes.
    fn mount(test: &str, megabytes: u64) -> Option<Self> {
        let temp = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(temp.path())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self { temp });
        }
        std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("skipped, because it may not mount a tmpfs: {test}\n").as_bytes(),
        )
        .unwrap();
        None
    }

    fn dir(&self) -> PathBuf {
        self.temp.path().join("spool")
    }

    fn open(&self) -> Open {
        open(&self.dir(), AMPLE).unwrap()
    }

    /// Leaves this many bytes free, rounded up to pages.
    fn leave(&self, bytes: u64) {
        let path = self.temp.path().join("filler");
        let filler = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let (filler, disk) = (filler.unwrap(), rustix::fs::statvfs(self.temp.path()).unwrap());
        let len = filler.metadata().unwrap().len();
        match (disk.f_bavail * disk.f_frsize).checked_sub(bytes) {
            Some(more) => {
                let more = vec![1; usize::try_from(more).unwrap()];
                std::os::unix::fs::FileExt::write_all_at(&filler, &more, len).unwrap();
            }
            // Only cut, so that nobody else can take more meanwhile.
            None => filler.set_len(len - bytes).unwrap(),
        }
    }

    /// Leaves all but the spool free.
    fn free(&self) {
        drop(fs::remove_file(self.temp.path().join("filler")));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.temp.path()).status());
    }
}

/// Appends until that is refused; gives the rows.
fn fill(open: &Open, size: usize) -> (Vec<RowId>, AppendError) {
    let mut stored = Vec::new();
    loop {
        for answer in open.append_records((0..4).map(|n| sized_record(n, size))) {
            match answer {
                Ok(id) => stored.push(id),
                Err(error) => return (stored, error),
            }
        }
        assert!(stored.len() < 100_000);
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_spool_recovers_by_itself() {
    let name = "a_full_disk_loses_nothing_and_the_spool_recovers_by_itself";
    let Some(disk) = SmallDisk::mount(name, 32) else { return };
    let open = disk.open();
    for round in 0..2 {
        let (stored, error) = fill(&open, 50_000);
        assert!(matches!(error, AppendError::Full(FullBecause::Disk)), "{error:?}");
        open.wait_for("the full disk", |status| status.room == BY_DISK);
        let found = open.read_all();
        assert!(found.keys().eq(&stored), "round {round}: {} of {}", found.len(), stored.len());
        // The rest is taken by somebody else: there is no room at all.
        disk.leave(0);
        let refused = open.append([1]).remove(0);
        assert!(matches!(refused, Err(AppendError::Full(FullBecause::Disk))), "{refused:?}");
        open.release(stored[..10].to_vec(), vec![(stored[11], "refused".to_owned())]).unwrap();
        assert_eq!(open.status().rows, stored.len() as u64 - 11);
        open.drain();
        assert_eq!(open.status().rows, 0);
        disk.free();
        open.wait_for("room", |status| status.room == Room::HasRoom);
    }
    assert_eq!(open.status().totals.missing_rows, 0);
    assert_eq!(open.status().quarantined_rows, 2);
}

#[test]
fn it_goes_on_when_others_make_room() {
    let Some(disk) = SmallDisk::mount("it_goes_on_when_others_make_room", 64) else { return };
    let open = disk.open();
    let before = open.store(0..10);
    disk.leave(20 << 10);
    let (stored, _) = fill(&open, 5000);
    open.wait_for("the full disk", |status| status.room == BY_DISK);
    disk.free();
    open.wait_for("room", |status| status.room == Room::HasRoom);
    let after = open.store(10..20);
    let found = open.read_all();
    assert!(found.keys().eq(before.iter().chain(&stored).chain(&after)));
}

#[test]
fn it_starts_and_drains_on_a_disk_without_a_free_block() {
    let name = "it_starts_and_drains_on_a_disk_without_a_free_block";
    let Some(disk) = SmallDisk::mount(name, 64) else { return };
    let first = disk.open();
    let rows = first.append_records((0..150).map(|n| sized_record(n, 60_000)));
    assert!(rows.iter().all(Result::is_ok));
    first.close();
    disk.leave(0);
    let open = disk.open();
    assert_eq!(open.status().rows, 150);
    for left in (0..150).rev().step_by(5) {
        let ids: Vec<_> = open.read(None, 5).unwrap().iter().map(|row| row.id).collect();
        disk.leave(0);
        open.release(ids, Vec::new()).unwrap();
        assert_eq!(open.status().rows, left - 4);
    }
    disk.free();
    open.wait_for("room", |status| status.room == Room::HasRoom);
    open.store(0..1);
    assert_eq!(open.status().totals.missing_rows, 0);
}

#[test]
fn a_process_after_one_killed_on_a_full_disk_drains() {
    let name = "a_process_after_one_killed_on_a_full_disk_drains";
    let Some(small) = SmallDisk::mount(name, 24) else { return };
    fs::create_dir(small.dir()).unwrap();
    let mut store = Store::open(&disk(&small.dir()), sizes(AMPLE)).unwrap();
    store.make_room().unwrap();
    let mut promised = 0;
    let cut = loop {
        match store.append(&[&sized_record(1, 50_000)]) {
            Ok(()) => promised += 1,
            Err(cut) => break cut,
        }
    };
    assert!(matches!(cut.fault, DiskFault::DiskFull), "{:?}", cut.fault);
    small.leave(0);
    // Nothing is written or synced here, as where a process is killed.
    drop(store);
    let open = small.open();
    assert_eq!(open.status().rows, promised);
    // What is left of the last segment does not hold it.
    let large = open.append_records([sized_record(1, 50_000)]).remove(0);
    assert!(matches!(large, Err(AppendError::Full(FullBecause::Disk))), "{large:?}");
    let mut left = promised;
    while left > 0 {
        let ids: Vec<_> = open.read(None, 7).unwrap().iter().map(|row| row.id).collect();
        left -= ids.len() as u64;
        small.leave(0);
        open.release(ids, Vec::new()).unwrap();
        assert_eq!(open.status().rows, left);
    }
    small.free();
    open.wait_for("room", |status| status.room == Room::HasRoom);
    assert_eq!(open.status().totals.missing_rows, 0);
}

#[test]
fn an_empty_folder_on_a_full_disk_is_a_full_spool_without_rows() {
    let name = "an_empty_folder_on_a_full_disk_is_a_full_spool_without_rows";
    let Some(disk) = SmallDisk::mount(name, 32) else { return };
    disk.leave(0);
    let open = disk.open();
    assert_eq!((open.status().rows, open.status().room), (0, BY_DISK));
    disk.free();
    open.wait_for("room", |status| status.room == Room::HasRoom);
    open.store(0..1);
}

#[test]
fn a_read_only_disk_is_reported_and_ends_it() {
    let Some(disk) = SmallDisk::mount("a_read_only_disk_is_reported_and_ends_it", 32) else {
        return;
    };
    disk.open().close();
    let remounted =
        Command::new("mount").args(["-o", "remount,ro"]).arg(disk.temp.path()).status().unwrap();
    assert!(remounted.success());
    let error = open(&disk.dir(), AMPLE).err().unwrap();
    assert!(matches!(error, SpoolError::ReadOnly { .. }), "{error:?}");
    assert!(error.to_string().contains(disk.dir().to_str().unwrap()));
}
