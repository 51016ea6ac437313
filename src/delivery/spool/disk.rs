//! What a log needs of a disk: a folder of files, each written at a place and synced.
//!
//! There are two: the system's ([`system`]), and in the tests one whose power fails. Promise of both:
//! what was written before a sync that succeeded is there after a power cut, what was not may be
//! there in any part. A name is durable once the folder is synced. It knows nothing of what is stored.

pub(super) mod system;

use std::fmt::Debug;
use std::io;

/// A file of the folder, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FolderEntry {
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenFor {
    Read,
    Write,
}

/// Identifies a file, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    /// The file system that it is on.
    pub(super) device: u64,
    /// Its number there.
    pub(super) inode: u64,
}

/// A folder.
pub(super) trait Disk: Debug + Send + Sync {
    /// All files.
    fn list(&self) -> io::Result<Vec<FolderEntry>>;
    /// Opens a file that is there.
    fn open(&self, name: &str, open_for: OpenFor) -> io::Result<Box<dyn DiskFile>>;
    /// Makes a file that is not there, for reading and writing.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name; one that had it is gone.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Gives a file a second name. Not every file system can.
    fn link(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes what was made, renamed or removed durable.
    fn sync(&self) -> io::Result<()>;
    /// The file that is found by path now; it differs from the open one if the folder was moved or
    /// replaced.
    fn id_of(&self, name: &str) -> io::Result<FileId>;
    /// What could still be written, in bytes. A disk that does not know has all the room there is.
    fn room(&self) -> u64;
}

/// An open file.
pub(super) trait DiskFile: Debug + Send {
    /// Fills `bytes` from `at` on; gives how many there were before the end of the file.
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `at`.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Gives an empty file this length, with its blocks.
    fn allocate(&self, len: u64) -> io::Result<()>;
    /// Truncates it to `len`.
    fn cut(&self, len: u64) -> io::Result<()>;
    /// Which one it is.
    fn id(&self) -> io::Result<FileId>;
    /// Makes what was written durable. After an error nothing is known of it, and trying again
    /// proves nothing: the kernel may have dropped what it could not write (`fsync(2)`).
    fn sync(&self) -> io::Result<()>;
}
