//! No room: the limit, a full disk, and the way back.

use super::*;
use crate::delivery::spool::ballast::BALLAST;
use crate::delivery::spool::fault::Fault;
use std::process::Command;

const LIMIT: u64 = 16 << 20;
const BY_LIMIT: Room = Room::Full { why: FullBecause::Limit };
const BY_DISK: Room = Room::Full { why: FullBecause::Disk };

fn folder_bytes(dir: &Path) -> u64 {
    let sizes = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    sizes.sum()
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
fn the_folder_never_outgrows_its_limit_and_has_room_again_after_releases() {
    let fixture = Fixture::new();
    let open = open(fixture.dir(), LIMIT).unwrap();
    for round in 0..3 {
        let size = [300, 3000, 30_000][round];
        let mut stored = Vec::new();
        while open.status().room == Room::HasRoom {
            stored.extend(open.append_records((0..200).map(|n| sized_record(n, size))));
            assert!(folder_bytes(fixture.dir()) <= LIMIT);
        }
        let (stored, errors): (Vec<_>, Vec<_>) = stored.into_iter().partition(Result::is_ok);
        let full = |error| matches!(error, Err(AppendError::Full(FullBecause::Limit)));
        assert!(errors.into_iter().all(full));
        assert!(stored.len() * size > 2 << 20, "{} rows of {size}", stored.len());
        assert_eq!(open.status().room, BY_LIMIT);
        assert!(full(open.append([1]).remove(0)));
        while open.status().rows > 0 {
            let ids = open.read(None, 100).unwrap().iter().map(|row| row.id).collect();
            open.release(ids, Vec::new()).unwrap();
            let bytes = folder_bytes(fixture.dir());
            assert!(bytes <= LIMIT, "{bytes}");
        }
        open.wait_for("room", |status| status.room == Room::HasRoom);
    }
}

#[test]
fn a_record_that_does_not_fit_is_refused_alone() {
    let fixture = Fixture::new();
    let open = open(fixture.dir(), LIMIT).unwrap();
    let answers = open.append_records([record(1), sized_record(2, 12 << 20), record(3)]);
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert!(matches!(answers[1], Err(AppendError::Full(FullBecause::Limit))));
    assert_eq!(open.status().room, Room::HasRoom);
}

#[test]
fn the_disk_gets_its_room_back_when_the_spool_is_drained() {
    let fixture = Fixture::new();
    let open = fixture.open();
    open.append_records((0..400).map(|n| sized_record(n, 40_000)));
    let full = open.status().file_bytes;
    assert!(full > 16 << 20);
    open.drain();
    open.wait_for("the room", |status| status.file_bytes < BALLAST + (1 << 20));
    assert_eq!(folder_bytes(fixture.dir()), open.status().file_bytes);
    assert_eq!(open.store(0..3).len(), 3);
}

#[test]
fn what_released_rows_leave_free_is_not_in_use_while_the_files_are_as_large_as_before() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let rows = open.append_records((0..400).map(|n| sized_record(n, 40_000)));
    let full = open.status();
    assert!(full.used_bytes > 16 << 20);
    let mut rows: Vec<_> = rows.into_iter().collect::<Result<_, _>>().unwrap();
    let left = rows.pop().unwrap();
    open.release(rows, Vec::new()).unwrap();
    open.wait_for("free pages", |status| status.used_bytes < full.used_bytes / 2);
    assert!(open.status().file_bytes >= full.file_bytes / 2);
    assert!(open.read_all().keys().eq([&left]));
}

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

    /// Leaves so many bytes free, rounded up to pages.
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

#[test]
fn on_a_full_disk_nothing_is_lost_rows_are_released_and_it_goes_on_by_itself() {
    let name = "on_a_full_disk_nothing_is_lost_rows_are_released_and_it_goes_on_by_itself";
    let Some(disk) = SmallDisk::mount(name, 32) else { return };
    let open = disk.open();
    for round in 0..2 {
        let (stored, error) = fill(&open, 50_000);
        let by_disk = match &error {
            AppendError::Full(why) => *why == FullBecause::Disk,
            AppendError::Failed(fault) => matches!(**fault, Fault::DiskFull),
            AppendError::QueueFull | AppendError::Broken | AppendError::Closed => false,
        };
        assert!(by_disk, "{error:?}");
        open.wait_for("the full disk", |status| status.room == BY_DISK);
        assert!(!disk.dir().join("ballast").exists(), "the reserve was given up");
        let found = open.read_all();
        assert!(found.keys().eq(&stored), "round {round}: {} of {}", found.len(), stored.len());
        open.release(stored[..10].to_vec(), vec![(stored[11], "refused".to_owned())]).unwrap();
        assert_eq!(open.status().rows, stored.len() as u64 - 11);
        assert!(matches!(open.append([1])[0], Err(AppendError::Full(FullBecause::Disk))));
        open.drain();
        open.wait_for("room", |status| status.room == Room::HasRoom);
        assert_eq!(fs::metadata(disk.dir().join("ballast")).unwrap().len(), BALLAST);
    }
    assert_eq!(open.status().totals.missing_rows, 0);
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
fn it_starts_on_a_full_disk_with_its_reserve_and_can_be_drained() {
    let name = "it_starts_on_a_full_disk_with_its_reserve_and_can_be_drained";
    let Some(disk) = SmallDisk::mount(name, 64) else { return };
    let open = disk.open();
    open.append_records((0..100).map(|n| sized_record(n, 20_000)));
    open.close();
    disk.leave(0);
    let open = disk.open();
    assert_eq!((open.status().rows, open.status().room), (100, BY_DISK));
    assert!(matches!(open.append([1])[0], Err(AppendError::Full(FullBecause::Disk))));
    for _ in 0..20 {
        let ids: Vec<_> = open.read(None, 5).unwrap().iter().map(|row| row.id).collect();
        // The first release finds that it has to give the reserve up.
        if open.release(ids.clone(), Vec::new()).is_err() {
            open.release(ids, Vec::new()).unwrap();
        }
    }
    assert_eq!(open.status().rows, 0);
    disk.free();
    open.wait_for("room", |status| status.room == Room::HasRoom);
    assert!(disk.dir().join("ballast").exists());
    open.store(0..1);
}

#[test]
fn it_starts_on_a_full_disk_without_its_reserve_and_heals() {
    let name = "it_starts_on_a_full_disk_without_its_reserve_and_heals";
    let Some(disk) = SmallDisk::mount(name, 64) else { return };
    for lost in [&["ballast"][..], &["ballast", "spool.db-wal", "spool.db-shm"]] {
        let open = disk.open();
        let ids = open.store(0..10);
        open.close();
        for name in lost {
            fs::remove_file(disk.dir().join(name)).unwrap();
        }
        disk.leave(0);
        let open = disk.open();
        let status = open.status();
        assert_eq!((status.rows, status.room), (10, BY_DISK), "without {lost:?}");
        assert!(status.oldest.is_some());
        assert!(open.release(ids.clone(), Vec::new()).is_err());
        assert_eq!(open.status().rows, 10);
        disk.leave(2 << 20);
        open.wait_for("rows", |_| open.read(None, 100).is_ok_and(|rows| rows.len() == 10));
        open.wait_for("a release", |_| open.release(ids.clone(), Vec::new()).is_ok());
        assert_eq!((open.status().rows, open.status().room), (0, BY_DISK));
        disk.free();
        open.wait_for("room", |status| status.room == Room::HasRoom);
        open.store(0..1);
        open.drain();
    }
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
fn rows_of_a_damaged_file_are_taken_over_when_the_full_disk_has_room_again() {
    let name = "rows_of_a_damaged_file_are_taken_over_when_the_full_disk_has_room_again";
    let Some(disk) = SmallDisk::mount(name, 64) else { return };
    let open = disk.open();
    open.append_records((0..200).map(|n| sized_record(n, 50_000)));
    let rows = open.read_all();
    open.close();
    let db = fs::OpenOptions::new().write(true).open(disk.dir().join("spool.db")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&db, b"X", 3).unwrap();
    drop(db);
    disk.leave(8 << 20);
    let open = disk.open();
    assert_eq!(open.status().room, BY_DISK);
    let some = open.read_all();
    assert!((1..200).contains(&some.len()));
    assert!(some.iter().all(|(id, text)| rows.get(id) == Some(text)));
    assert!(!files(&disk.dir(), "spool.db.unread-").is_empty());
    disk.free();
    open.wait_for("room", |status| status.room == Room::HasRoom);
    assert_eq!(open.read_all(), rows);
    assert!(files(&disk.dir(), "spool.db.unread-").is_empty());
    assert_eq!((open.status().set_aside_files, open.status().totals.missing_rows), (1, 0));
}

#[test]
fn a_read_only_disk_is_told_and_ends_it() {
    let Some(disk) = SmallDisk::mount("a_read_only_disk_is_told_and_ends_it", 32) else { return };
    disk.open().close();
    let remounted =
        Command::new("mount").args(["-o", "remount,ro"]).arg(disk.temp.path()).status().unwrap();
    assert!(remounted.success());
    let error = open(&disk.dir(), AMPLE).err().unwrap();
    assert!(matches!(error, SpoolError::ReadOnly { .. }), "{error:?}");
    assert!(error.to_string().contains(disk.dir().to_str().unwrap()));
}
