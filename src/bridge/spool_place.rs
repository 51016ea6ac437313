//! Where the spool is, for the line at the start: a folder off its volume, or a file system that does
//! not outlive the process, is seen there before it is needed.
//!
//! It judges nothing: whether a disk keeps its word cannot be asked.

use rustix::fs::statfs;
use std::fmt;
use std::path::{self, Path, PathBuf};

/// The file systems that a spool is found on, by the numbers of `statfs(2)` (Linux' `magic.h`).
const FILE_SYSTEMS: &[(u32, &str)] = &[
    (0xef53, "ext4"), // and ext2, ext3
    (0x5846_5342, "xfs"),
    (0x9123_683e, "btrfs"),
    (0x2fc1_2fc1, "zfs"),
    (0xf2f5_2010, "f2fs"),
    (0xca45_1a4e, "bcachefs"),
    (0x0102_1994, "tmpfs"),
    (0x8584_58f6, "ramfs"),
    (0x794c_7630, "overlay"),
    (0x6175_6673, "aufs"),
    (0x6969, "nfs"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x6573_5546, "fuse"),
    (0x00c3_6400, "ceph"),
    (0x0102_1997, "9p"),
    (0x4d44, "vfat"),
    (0x2011_bab0, "exfat"),
    (0x7366_746e, "ntfs"),
];

/// A folder, and what it is on.
pub(super) struct SpoolPlace {
    /// From the root.
    pub(super) folder: PathBuf,
    /// Its name, or its number where it has none here.
    pub(super) file_system: FileSystem,
}

/// A kind of file system.
pub(super) enum FileSystem {
    Known(&'static str),
    Other(u32),
    /// The kernel does not say.
    Untold,
}

impl SpoolPlace {
    /// Looks at a folder that is there.
    pub(super) fn of(folder: &Path) -> Self {
        let folder = path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let file_system = statfs(&folder).map_or(FileSystem::Untold, |told| {
            // The numbers have 32 bits, whatever the platform keeps them in.
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "more bits are its sign"
            )]
            FileSystem::of(told.f_type as u32)
        });
        Self { folder, file_system }
    }
}

impl FileSystem {
    fn of(number: u32) -> Self {
        let known = FILE_SYSTEMS.iter().find(|(known, _)| *known == number);
        known.map_or(Self::Other(number), |(_, name)| Self::Known(name))
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(name) => f.write_str(name),
            Self::Other(number) => write!(f, "0x{number:x}"),
            Self::Untold => f.write_str("unknown"),
        }
    }
}
