//! The reserve for a full disk.
//!
//! On a full disk even a delete fails: it has to be written to the log first, and the log to the
//! database (measured). So a file of a few mebibytes is kept that is of no other use, and is removed
//! when the disk is full: then releases go through, the drain can empty the spool, and the file is
//! made again before anything is appended.

use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::{self, FILE_MODE, Folder};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

/// The log up to its checkpoint (4 MiB), and what the database may grow by meanwhile.
pub(super) const BALLAST: u64 = 5 << 20;
/// What is written at once where a file cannot be allocated.
const PIECE: usize = 1 << 16;

/// The reserve of a folder.
#[derive(Debug)]
pub(super) struct Ballast {
    folder: Folder,
    held: bool,
}

impl Ballast {
    /// As the folder has it.
    pub(super) fn find(folder: &Folder) -> Result<Self, Fault> {
        let size = folder::file_size(&folder.ballast()).map_err(Fault::io("find the reserve"))?;
        Ok(Self { folder: folder.clone(), held: size == Some(BALLAST) })
    }

    /// Whether it is there.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Makes it, unless it is there.
    pub(super) fn take(&mut self) -> Result<(), Fault> {
        if self.held {
            return Ok(());
        }
        match self.make() {
            Ok(()) => {
                self.held = true;
                Ok(())
            }
            Err(error) => {
                folder::remove(&self.folder.ballast()).map_err(Fault::io("give room back"))?;
                Err(Fault::io("make the reserve")(error))
            }
        }
    }

    /// Gives its room to the others.
    pub(super) fn release(&mut self) -> Result<(), Fault> {
        folder::remove(&self.folder.ballast()).map_err(Fault::io("give the reserve up"))?;
        self.held = false;
        Ok(())
    }

    fn make(&self) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(self.folder.ballast())?;
        match fallocate(&file, FallocateFlags::empty(), 0, BALLAST) {
            Ok(()) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(&mut file)?,
            Err(error) => return Err(error.into()),
        }
        file.sync_all()
    }
}

/// Writes it out, with bytes that a file system cannot compress away.
fn fill(file: &mut File) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    for _ in 0..BALLAST / PIECE as u64 {
        fastrand::fill(&mut piece);
        file.write_all(&piece)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_real_room_and_gives_it_back() {
        use std::os::unix::fs::MetadataExt as _;
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::at(temp.path());
        let mut ballast = Ballast::find(&folder).unwrap();
        assert!(!ballast.is_held());
        ballast.take().unwrap();
        let blocks = std::fs::metadata(folder.ballast()).unwrap().blocks();
        assert!(blocks * 512 >= BALLAST, "{blocks} blocks");
        assert!(Ballast::find(&folder).unwrap().is_held());
        ballast.release().unwrap();
        assert!(!folder.ballast().exists() && !ballast.is_held());
    }

    #[test]
    fn a_piece_of_it_does_not_count() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::at(temp.path());
        std::fs::write(folder.ballast(), "short").unwrap();
        let mut ballast = Ballast::find(&folder).unwrap();
        assert!(!ballast.is_held());
        ballast.take().unwrap();
        fill(&mut File::create(folder.ballast()).unwrap()).unwrap();
        assert!(Ballast::find(&folder).unwrap().is_held());
    }
}
