//! The folder of a spool: names, rights, sizes, and the lock that makes it one bridge's own.
//!
//! | name | what |
//! |---|---|
//! | `spool.db`, `spool.db-wal`, `spool.db-shm` | the database, its log, the index of the log |
//! | `spool.db.new` | a database that is being made; it gets its name when it is complete |
//! | `spool.db.unread-<time>` | a damaged database whose rows are being taken over |
//! | `spool.db.damaged-<time>` | the same when that is done; it is kept for people to look at |
//! | `ballast` | the reserve for a full disk |
//! | `topics` | the topics that brokers have shown to it |
//! | `lock` | locked by the bridge that owns the folder; empty |
//!
//! Promise: the folder is made with 0700 and its files with 0600. It never opens the database
//! itself: closing any descriptor of it would drop `SQLite`'s POSIX locks (howtocorrupt.html, 2.2).

use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::limit::Others;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The rights of the folder: a record holds what a sender's customers say.
const FOLDER_MODE: u32 = 0o700;
/// The rights of its files; `SQLite` gives the -wal and the -shm those of the database.
pub(super) const FILE_MODE: u32 = 0o600;
/// The rights of all but the owner.
const OTHERS: u32 = 0o077;

/// The names in a folder. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    dir: PathBuf,
}

impl Folder {
    /// The folder at `dir`, as it is.
    pub(super) fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Makes the folder if it is missing. The rights of one that exists are only warned about: it
    /// may be the root of a mounted volume.
    pub(super) fn make(&self) -> Result<(), SpoolError> {
        let dir = || self.dir.clone();
        let failed = |source| SpoolError::Folder { dir: dir(), source };
        match fs::metadata(&self.dir) {
            Ok(metadata) if metadata.mode() & OTHERS != 0 => {
                let mode = format!("{:o}", metadata.mode() & 0o777);
                tracing::warn!(dir = %self.dir.display(), mode, "others may look into the spool");
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut builder = DirBuilder::new();
                builder.recursive(true).mode(FOLDER_MODE);
                builder.create(&self.dir).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        // Also of a folder that is there: whoever made it may have been killed before this.
        self.sync_ancestors().map_err(failed)
    }

    /// A power cut must not take the folder itself. Where we may not look is nothing of ours.
    fn sync_ancestors(&self) -> io::Result<()> {
        let dir = std::path::absolute(&self.dir)?;
        for ancestor in dir.ancestors().skip(1) {
            match sync_folder(ancestor) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// An error unless there is a database, of whatever kind: whoever looks for a spool must not
    /// make one.
    pub(super) fn must_hold_spool(&self) -> Result<(), SpoolError> {
        let is_database = |entry: io::Result<fs::DirEntry>| {
            entry.is_ok_and(|entry| entry.file_name().as_bytes().starts_with(b"spool.db"))
        };
        let found = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            entries => entries.map(|mut entries| entries.any(is_database)),
        };
        match found {
            Ok(true) => Ok(()),
            Ok(false) => Err(SpoolError::Missing { dir: self.dir.clone() }),
            Err(source) => Err(SpoolError::Folder { dir: self.dir.clone(), source }),
        }
    }

    /// Makes this process the folder's only owner, until the lock is dropped. It is a lock of
    /// flock(2) on a file of its own, so that it is independent of `SQLite`'s locks and ends with
    /// the process, however that ends.
    pub(super) fn lock(&self) -> Result<Lock, SpoolError> {
        let failed = |source: io::Error| {
            let dir = self.dir.clone();
            if source.kind() == io::ErrorKind::ReadOnlyFilesystem {
                return SpoolError::ReadOnly { dir };
            }
            SpoolError::Folder { dir, source }
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(self.dir.join("lock"))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(SpoolError::Locked { dir: self.dir.clone() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Where it is.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The database.
    pub(super) fn db(&self) -> PathBuf {
        self.dir.join("spool.db")
    }

    /// The log of the database.
    pub(super) fn wal(&self) -> PathBuf {
        self.dir.join("spool.db-wal")
    }

    /// The index of the log, shared by all processes that have the database open.
    pub(super) fn shm(&self) -> PathBuf {
        self.dir.join("spool.db-shm")
    }

    /// A database that is being made.
    pub(super) fn new_db(&self) -> PathBuf {
        self.dir.join("spool.db.new")
    }

    /// The reserve.
    pub(super) fn ballast(&self) -> PathBuf {
        self.dir.join("ballast")
    }

    /// Makes what was created, renamed or removed in the folder durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        sync_folder(&self.dir)
    }

    /// The bytes of its files: the database and its log, and all others.
    pub(super) fn sizes(&self) -> io::Result<(u64, Others)> {
        let (db, wal, ballast) = (self.db(), self.wal(), self.ballast());
        let mut database = 0;
        let mut others = Others::default();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            // A file that vanishes meanwhile takes no room.
            let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
            match entry.path() {
                path if path == db || path == wal => database += bytes,
                path if path == ballast => others.reserve = bytes,
                _ => others.rest += bytes,
            }
        }
        Ok((database, others))
    }

    /// What an ordinary user could still write to the disk, in bytes.
    pub(super) fn disk_room(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.dir)?;
        // Some network file systems do not know.
        let known = disk.f_blocks > 0;
        Ok(if known { disk.f_bavail.saturating_mul(disk.f_frsize) } else { u64::MAX })
    }

    /// What the disk gives out at once, in bytes.
    pub(super) fn disk_block(&self) -> io::Result<u64> {
        Ok(rustix::fs::statvfs(&self.dir)?.f_frsize)
    }
}

/// The right to change a spool, held by one process. Not `Clone`: it ends with its owner.
#[derive(Debug)]
#[must_use = "the folder is locked only as long as the lock lives"]
pub(super) struct Lock(#[expect(dead_code, reason = "it locks by being open")] File);

/// The size of a file; none if it is not there.
pub(super) fn file_size(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_missing_folder_is_made_for_its_owner_alone() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::at(&temp.path().join("a/spool"));
        folder.make().unwrap();
        let _lock = folder.lock().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(folder.dir()), FOLDER_MODE);
        assert_eq!(mode(&folder.dir().join("lock")), FILE_MODE);
    }

    #[test]
    fn the_rights_of_an_existing_folder_stay_as_they_are() {
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let folder = Folder::at(temp.path());
        folder.make().unwrap();
        assert_eq!(fs::metadata(temp.path()).unwrap().mode() & 0o777, 0o755);
    }

    #[test]
    fn a_second_owner_is_told_which_folder_is_taken_and_the_lock_ends_with_the_first() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::at(temp.path());
        let first = folder.lock().unwrap();
        let error = folder.lock().unwrap_err();
        assert!(matches!(error, SpoolError::Locked { .. }));
        assert!(error.to_string().contains(temp.path().to_str().unwrap()));
        drop(first);
        let _second = folder.lock().unwrap();
    }
}
