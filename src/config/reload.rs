//! Files that are read again while the bridge runs.
//!
//! Promise: what is read is put in force whole or not at all; a file that changes while it is read is
//! not put in force. When to look is said elsewhere.

use crate::config::ConfigError;
use crate::metrics::Reloaded;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// What a step of a reload gives: what puts it in force.
pub type PutInForce = Box<dyn FnOnce() + Send>;

/// Files that belong together, and what is done with what is in them.
pub struct Reloadable {
    /// What they are, as the log and the series name it.
    pub what: Reloaded,
    /// How they were before they were read at the start.
    pub first: Stamp,
    files: Vec<PathBuf>,
    read: Box<dyn Fn() -> Result<PutInForce, ConfigError> + Send + Sync>,
}

/// What distinguishes a state of some files from any other, without reading them. Behind a link it
/// is that of the file which the link leads to, so that the swap of a link is a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(Vec<Option<FileStamp>>);

/// None of a file that cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileStamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// The same, of its inode, which no program can set back.
    changed: (i64, i64),
}

impl Reloadable {
    /// `read` reads the files and checks them; `first` was taken before they were read for the first
    /// time.
    pub(super) fn new(
        what: Reloaded,
        files: Vec<PathBuf>,
        first: Stamp,
        read: impl Fn() -> Result<PutInForce, ConfigError> + Send + Sync + 'static,
    ) -> Self {
        Self { what, first, files, read: Box::new(read) }
    }

    /// How the files are now. It may block.
    pub fn stamp(&self) -> Stamp {
        Stamp::of(&self.files)
    }

    /// Reads the files and puts them in force; gives how they were. It may block.
    pub fn reload(&self) -> (Stamp, Result<(), ConfigError>) {
        let stamp = self.stamp();
        let read = (self.read)().and_then(|put_in_force| {
            if self.stamp() == stamp {
                put_in_force();
                return Ok(());
            }
            let files: Vec<_> = self.files.iter().map(|file| file.display().to_string()).collect();
            Err(ConfigError::new(files.join(", "), "changed while it was read"))
        });
        (stamp, read)
    }
}

impl Stamp {
    /// How files are now.
    pub(super) fn of(files: &[PathBuf]) -> Self {
        let stamp = |file: &PathBuf| fs::metadata(file).map(|metadata| FileStamp::of(&metadata));
        Self(files.iter().map(|file| stamp(file).ok()).collect())
    }
}

impl FileStamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}
