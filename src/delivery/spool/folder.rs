//! The folder of a spool: its rights, and the lock that makes it one bridge's own.
//!
//! Promise: the folder is made with 0700 and its files with 0600. What is in the files it does not
//! know: see [`crate::delivery::spool::format`].

use crate::delivery::spool::cursor;
use crate::delivery::spool::disk::system::SystemDisk;
use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::part::Part;
use crate::delivery::spool::segments::EARLIER;
use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// The rights of the folder: a record holds what a sender's customers say.
const FOLDER_MODE: u32 = 0o700;
/// The rights of its files.
pub(super) const FILE_MODE: u32 = 0o600;
/// The file that says whose the folder is.
const LOCK: &str = "lock";
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
                // Some read-only systems sync no folders, and keep those that they have.
                Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// An error unless there is a spool, of whatever kind: whoever looks for one must not make it.
    pub(super) fn must_hold_spool(&self) -> Result<(), SpoolError> {
        let is_ours = |entry: io::Result<fs::DirEntry>| {
            let name = entry.map(|entry| entry.file_name().to_string_lossy().into_owned());
            name.is_ok_and(|name| {
                name == cursor::NAME || name.starts_with(EARLIER) || Part::of(&name).is_some()
            })
        };
        let found = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            entries => entries.map(|mut entries| entries.any(is_ours)),
        };
        match found {
            Ok(true) => Ok(()),
            Ok(false) => Err(SpoolError::Missing { dir: self.dir.clone() }),
            Err(source) => Err(SpoolError::Folder { dir: self.dir.clone(), source }),
        }
    }

    /// The folder as it is, none where it is missing; an error where this user may not change it.
    pub(super) fn look(&self) -> Result<Option<SystemDisk>, SpoolError> {
        if fs::metadata(&self.dir).is_ok_and(|there| !there.is_dir()) {
            // Its rights, which come first below, say less.
            return Err(self.failed(Errno::NOTDIR.into()));
        }
        let rights = Access::WRITE_OK | Access::EXEC_OK;
        match accessat(CWD, &self.dir, rights, AtFlags::EACCESS) {
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.failed(errno.into())),
            Ok(()) => SystemDisk::at(&self.dir).map(Some).map_err(|source| self.failed(source)),
        }
    }

    fn failed(&self, source: io::Error) -> SpoolError {
        let dir = self.dir.clone();
        if source.kind() == io::ErrorKind::ReadOnlyFilesystem {
            return SpoolError::ReadOnly { dir };
        }
        SpoolError::Folder { dir, source }
    }

    /// Opens the folder, and makes this process its only owner, until the lock is dropped. It is a lock
    /// of flock(2) on a file of its own, and on the folder where that can be: somebody may remove the
    /// file. It ends with the process, however that ends.
    pub(super) fn open(&self) -> Result<(SystemDisk, FolderLock), SpoolError> {
        let failed = |source| self.failed(source);
        let refused = |error| match error {
            TryLockError::WouldBlock => SpoolError::Locked { dir: self.dir.clone() },
            TryLockError::Error(source) => failed(source),
        };
        let disk = SystemDisk::at(&self.dir).map_err(failed)?;
        let (file, folder) = disk.lock_files(LOCK).map_err(failed)?;
        file.try_lock().map_err(refused)?;
        match folder.try_lock() {
            // Some network file systems lock no folders.
            Err(TryLockError::Error(source)) => {
                tracing::debug!(%source, "the folder itself cannot be locked");
            }
            locked => locked.map_err(refused)?,
        }
        Ok((disk, FolderLock { file, folder }))
    }
}

/// The right to change a spool, held by one process. Not `Clone`: it ends with its owner.
#[derive(Debug)]
#[must_use = "the folder is locked only as long as the lock lives"]
pub(super) struct FolderLock {
    file: File,
    folder: File,
}

impl Drop for FolderLock {
    /// Closing the file is not enough: a process that is being started by another thread holds a
    /// copy of it until its exec, and with the copy the lock.
    fn drop(&mut self) {
        for file in [&self.folder, &self.file] {
            if let Err(error) = file.unlock() {
                tracing::debug!(%error, "the lock of the spool ends with its file only");
            }
        }
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
        let _lock = folder.open().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&folder.dir), FOLDER_MODE);
        assert_eq!(mode(&folder.dir.join(LOCK)), FILE_MODE);
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
    fn a_taken_folder_is_named_and_the_lock_ends_with_its_owner() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::at(temp.path());
        let first = folder.open().unwrap();
        let error = folder.open().unwrap_err();
        assert!(matches!(error, SpoolError::Locked { .. }));
        assert!(error.to_string().contains(temp.path().to_str().unwrap()));
        drop(first);
        let _second = folder.open().unwrap();
    }
}
