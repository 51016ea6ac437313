//! The folder of a running bridge, on whatever file system it is.
//!
//! Promise: it is one folder, however it is moved, and whatever is put in its place.

use crate::delivery::spool::disk::{Disk, DiskFile, FileId, FolderEntry, OpenFor};
use crate::delivery::spool::folder::FILE_MODE;
use rustix::fs::{
    AtFlags, CWD, Dir, FallocateFlags, FileType, IFlags, Mode, OFlags, Stat, Statx, StatxFlags,
    fallocate, fstat, fstatvfs, ioctl_getflags, ioctl_setflags, linkat, makedev, openat, renameat,
    stat, statat, statx, unlinkat,
};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes that are written at once where a file system cannot set room apart.
const PIECE: usize = 1 << 16;

/// A folder that is there.
#[derive(Debug)]
pub(in crate::delivery::spool) struct SystemDisk {
    /// By which it was opened.
    dir: PathBuf,
    folder: File,
}

impl FileId {
    fn of(stat: &Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }

    /// Asked for without its times, which would make the next sync slower
    /// (`findings/ext4-stat-makes-the-next-sync-slower.sh`).
    fn of_statx(found: &Statx) -> Self {
        let device = makedev(found.stx_dev_major, found.stx_dev_minor);
        Self { device, inode: found.stx_ino }
    }
}

impl SystemDisk {
    /// The folder at `dir`.
    pub(in crate::delivery::spool) fn at(dir: &Path) -> io::Result<Self> {
        Ok(Self { dir: dir.to_owned(), folder: File::open(dir)? })
    }

    /// Files to be locked: one of that name, made if it is missing, and the folder.
    pub(in crate::delivery::spool) fn lock_files(&self, name: &str) -> io::Result<(File, File)> {
        Ok((self.file(name, OFlags::WRONLY | OFlags::CREATE)?, self.folder.try_clone()?))
    }

    fn file(&self, name: &str, flags: OFlags) -> io::Result<File> {
        // A pipe of such a name would hang whoever opens it.
        let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let mode = Mode::from_raw_mode(FILE_MODE);
        loop {
            match openat(&self.folder, name, flags, mode) {
                Err(Errno::INTR) => {}
                opened => return Ok(opened?.into()),
            }
        }
    }
}

impl Disk for SystemDisk {
    fn list(&self) -> io::Result<Vec<FolderEntry>> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(&self.folder)? {
            let name = entry?.file_name().to_owned();
            let stat = match statat(&self.folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
                // It has vanished meanwhile.
                Err(Errno::NOENT) => continue,
                stat => stat?,
            };
            // Folders, pipes and sockets are not ours.
            if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
                let bytes = u64::try_from(stat.st_size).unwrap_or(0);
                // A name that is no text is none of ours, but takes up room.
                let name = name.to_string_lossy().into_owned();
                entries.push(FolderEntry { name, bytes });
            }
        }
        Ok(entries)
    }

    fn open(&self, name: &str, open_for: OpenFor) -> io::Result<Box<dyn DiskFile>> {
        let flags = match open_for {
            OpenFor::Read => OFlags::RDONLY,
            OpenFor::Write => OFlags::RDWR,
        };
        Ok(Box::new(self.file(name, flags)?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = self.file(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)?;
        write_in_place(&file);
        Ok(Box::new(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.folder, from, &self.folder, to)?)
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(linkat(&self.folder, from, &self.folder, to, AtFlags::empty())?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.folder, name, AtFlags::empty())?)
    }

    fn sync(&self) -> io::Result<()> {
        self.folder.sync_all()
    }

    fn id_of(&self, name: &str) -> io::Result<FileId> {
        let path = self.dir.join(name);
        match statx(CWD, &path, AtFlags::empty(), StatxFlags::INO) {
            Err(Errno::NOSYS) => Ok(FileId::of(&stat(&path)?)),
            found => Ok(FileId::of_statx(&found?)),
        }
    }

    fn room(&self) -> u64 {
        match fstatvfs(&self.folder) {
            // Some network file systems do not know, and a disk that cannot be asked is tried.
            Ok(disk) if disk.f_blocks > 0 => disk.f_bavail.saturating_mul(disk.f_frsize),
            Ok(_) | Err(_) => u64::MAX,
        }
    }
}

/// Where what is written goes to a new place, as on btrfs, a full disk would refuse writes into
/// allocated room, the cursor's too. An empty file can be exempted; most file systems know no such
/// flag, and need none. The file system's checksums go with it; every frame and every slot has its
/// own.
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

    fn id(&self) -> io::Result<FileId> {
        match statx(self, "", AtFlags::EMPTY_PATH, StatxFlags::INO) {
            Err(Errno::NOSYS) => Ok(FileId::of(&fstat(self)?)),
            found => Ok(FileId::of_statx(&found?)),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
