//! Damaged databases: moved aside, kept, counted.
//!
//! Promise: a damaged database is renamed with its log and never changed; no bytes are copied, so
//! it needs no room. As `spool.db.unread-<time>` its rows still have to be taken over, which goes
//! on after a crash or a full disk; as `spool.db.damaged-<time>` that is done.

use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::{self, Folder};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::PathBuf;
use time::OffsetDateTime;

/// A disk that damages files again and again is not cured by another copy of the rows; and a person
/// should look at a few of them, not at thousands.
const MOST_KEPT: usize = 32;
/// What the names of both kinds begin with.
const UNREAD: &str = "spool.db.unread-";
const DAMAGED: &str = "spool.db.damaged-";
/// The log of a database bears its name and this, so that `SQLite` finds it.
const WAL: &str = "-wal";

/// A database that was moved aside and whose rows were not yet taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    folder: PathBuf,
    time: String,
}

impl Unread {
    /// Where the database is, if there was one.
    pub(super) fn db(&self) -> PathBuf {
        self.folder.join(format!("{UNREAD}{}", self.time))
    }

    /// Where its log is, if there was one.
    pub(super) fn wal(&self) -> PathBuf {
        self.folder.join(format!("{UNREAD}{}{WAL}", self.time))
    }

    /// What the folder keeps it as in the end.
    pub(super) fn kept_as(&self) -> String {
        format!("{DAMAGED}{}", self.time)
    }
}

/// Moves the database and its log aside.
pub(super) fn move_aside(folder: &Folder) -> Result<Unread, Fault> {
    let names = names(folder).map_err(Fault::io("list the folder"))?;
    let kept = times(&names, DAMAGED).union(&times(&names, UNREAD)).count();
    if kept >= MOST_KEPT {
        return Err(Fault::TooManyDamaged(kept));
    }
    let unread = Unread { folder: folder.dir().to_owned(), time: free_time(&names) };
    // The index first: another process may still have it open, and must not share it with the
    // database that comes next.
    folder::remove(&folder.shm()).map_err(Fault::io("remove the index of the log"))?;
    // Then the database: a log without its database is damage too, should this end half-way.
    rename(folder.db(), unread.db())?;
    rename(folder.wal(), unread.wal())?;
    folder.sync().map_err(Fault::io("sync the folder"))?;
    Ok(unread)
}

/// Ends a move that was cut off half-way: a log that was left behind goes where its database is.
pub(super) fn finish_move(folder: &Folder) -> Result<(), Fault> {
    if folder.db().exists() || !folder.wal().exists() {
        return Ok(());
    }
    match unread(folder)?.last() {
        Some(unread) if unread.db().exists() && !unread.wal().exists() => {
            rename(folder.wal(), unread.wal())?;
            folder.sync().map_err(Fault::io("sync the folder"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Gives a database its last name: its rows were taken over.
pub(super) fn finish(folder: &Folder, unread: &Unread) -> Result<(), Fault> {
    let kept = folder.dir().join(unread.kept_as());
    rename(unread.wal(), folder.dir().join(format!("{}{WAL}", unread.kept_as())))?;
    rename(unread.db(), kept)?;
    folder.sync().map_err(Fault::io("sync the folder"))
}

/// The databases whose rows were not yet taken over, oldest first.
pub(super) fn unread(folder: &Folder) -> Result<Vec<Unread>, Fault> {
    let names = names(folder).map_err(Fault::io("list the folder"))?;
    let times = times(&names, UNREAD).into_iter();
    Ok(times.map(|time| Unread { folder: folder.dir().to_owned(), time }).collect())
}

/// How many damaged databases the folder keeps, of either kind.
pub(super) fn count(folder: &Folder) -> io::Result<u64> {
    let names = names(folder)?;
    Ok(times(&names, DAMAGED).union(&times(&names, UNREAD)).count() as u64)
}

/// The names of those databases, oldest first by kind, with their bytes: each with its log's.
pub(super) fn kept(folder: &Folder) -> io::Result<BTreeMap<String, u64>> {
    let mut kept = BTreeMap::new();
    for name in names(folder)? {
        if name.starts_with(DAMAGED) || name.starts_with(UNREAD) {
            let bytes = folder::file_size(&folder.dir().join(&name))?.unwrap_or(0);
            let database = name.strip_suffix(WAL).unwrap_or(&name).to_owned();
            *kept.entry(database).or_default() += bytes;
        }
    }
    Ok(kept)
}

fn names(folder: &Folder) -> io::Result<Vec<String>> {
    fs::read_dir(folder.dir())?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// The times in the names of one kind: one for a database, its log or both.
fn times(names: &[String], kind: &str) -> BTreeSet<String> {
    let times = names.iter().filter_map(|name| name.strip_prefix(kind));
    times.map(|time| time.strip_suffix(WAL).unwrap_or(time).to_owned()).collect()
}

/// Now, in UTC, as a name may hold it, or the first free one of the milliseconds behind.
fn free_time(names: &[String]) -> String {
    let mut now = OffsetDateTime::now_utc();
    loop {
        let (date, (hour, minute, second, milli)) = (now.date(), now.time().as_hms_milli());
        let time = format!(
            "{:04}{:02}{:02}T{hour:02}{minute:02}{second:02}.{milli:03}Z",
            date.year(),
            u8::from(date.month()),
            date.day()
        );
        if !names.iter().any(|name| name.contains(&time)) {
            return time;
        }
        now += time::Duration::MILLISECOND;
    }
}

fn rename(from: PathBuf, to: PathBuf) -> Result<(), Fault> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(Fault::io("move a damaged file aside")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Folder) {
        fs::write(folder.db(), "database").unwrap();
        fs::write(folder.wal(), "log").unwrap();
        fs::write(folder.shm(), "index").unwrap();
    }

    #[test]
    fn a_database_is_moved_aside_as_it_is_and_keeps_its_log() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::at(temp.path());
        put(&folder);
        let moved = move_aside(&folder).unwrap();
        assert_eq!(unread(&folder).unwrap(), std::slice::from_ref(&moved));
        finish(&folder, &moved).unwrap();
        assert_eq!((unread(&folder).unwrap().len(), count(&folder).unwrap()), (0, 1));
        let kept = temp.path().join(moved.kept_as());
        assert_eq!(fs::read_to_string(&kept).unwrap(), "database");
        let log = temp.path().join(format!("{}-wal", moved.kept_as()));
        assert_eq!(fs::read_to_string(log).unwrap(), "log");
        let bytes = "databaselog".len() as u64;
        assert_eq!(super::kept(&folder).unwrap(), BTreeMap::from([(moved.kept_as(), bytes)]));
        assert!(!folder.shm().exists());
    }

    #[test]
    fn a_move_that_was_cut_off_is_finished() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::at(temp.path());
        put(&folder);
        let moved = move_aside(&folder).unwrap();
        fs::rename(moved.wal(), folder.wal()).unwrap();
        finish_move(&folder).unwrap();
        assert!(moved.wal().exists() && !folder.wal().exists());
        // A log of which nothing says whose it was stays where it is.
        fs::write(folder.wal(), "log").unwrap();
        finish_move(&folder).unwrap();
        assert!(folder.wal().exists());
    }

    #[test]
    fn two_in_one_millisecond_get_names_of_their_own_and_the_number_is_bounded() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::at(temp.path());
        for kept in 0..MOST_KEPT {
            assert_eq!(count(&folder).unwrap(), kept as u64);
            put(&folder);
            move_aside(&folder).unwrap();
        }
        put(&folder);
        assert!(matches!(move_aside(&folder), Err(Fault::TooManyDamaged(MOST_KEPT))));
        assert!(folder.db().exists());
    }
}
