//! The folder of a running bridge, on whatever file system it is.

use crate::delivery::spool::disk::{Access, Disk, DiskFile, FolderEntry};
use crate::delivery::spool::folder::FILE_MODE;
use rustix::fs::{FallocateFlags, IFlags, fallocate, ioctl_getflags, ioctl_setflags, statvfs};
use rustix::io::Errno;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes that are written at once where a file system cannot set room apart.
const PIECE: usize = 1 << 16;

/// A folder that is there.
#[derive(Debug)]
pub(in crate::delivery::spool) struct SystemDisk {
    dir: PathBuf,
}

impl SystemDisk {
    /// The folder at `dir`.
    pub(in crate::delivery::spool) fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }
}

impl Disk for SystemDisk {
    fn list(&self) -> io::Result<Vec<FolderEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            // One that vanishes meanwhile takes no room, and a name that is no text is none of ours.
            let metadata = entry.metadata();
            if metadata.as_ref().is_ok_and(Metadata::is_dir) {
                continue;
            }
            let bytes = metadata.map_or(0, |metadata| metadata.len());
            let name = entry.file_name().to_string_lossy().into_owned();
            entries.push(FolderEntry { name, bytes });
        }
        Ok(entries)
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(access == Access::Write);
        Ok(Box::new(options.open(self.dir.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(FILE_MODE);
        let file = options.open(self.dir.join(name))?;
        write_in_place(&file);
        Ok(Box::new(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.dir.join(from), self.dir.join(to))
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        fs::hard_link(self.dir.join(from), self.dir.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.dir.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }

    fn room(&self) -> u64 {
        match statvfs(&self.dir) {
            // Some network file systems do not know, and a disk that cannot be asked is tried.
            Ok(disk) if disk.f_blocks > 0 => disk.f_bavail.saturating_mul(disk.f_frsize),
            Ok(_) | Err(_) => u64::MAX,
        }
    }
}

/// Where what is written goes to a new place, as on btrfs, a full disk would refuse even what has its
/// room, and that rows are released could not be written. An empty file can be exempted; most file
/// systems know no such flag, and need none. The checksums that go with it are no loss: every frame
/// and every slot has its own.
fn write_in_place(file: &File) {
    let exempted =
        ioctl_getflags(file).and_then(|flags| ioctl_setflags(file, flags | IFlags::NOCOW));
    if let Err(error) = exempted {
        tracing::trace!(%error, "the file system has no flag against copy-on-write");
    }
}

impl DiskFile for File {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < bytes.len() {
            match FileExt::read_at(self, &mut bytes[read..], at + read as u64) {
                Ok(0) => break,
                Ok(some) => read += some,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        loop {
            match fallocate(self, FallocateFlags::empty(), 0, bytes) {
                Ok(()) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => break,
                Err(error) => return Err(error.into()),
            }
        }
        let (zeros, mut at) = (vec![0; PIECE], 0);
        while at < bytes {
            let piece = PIECE.min(usize::try_from(bytes - at).unwrap_or(PIECE));
            self.write_all_at(&zeros[..piece], at)?;
            at += piece as u64;
        }
        Ok(())
    }

    fn cut(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
