//! Where the spool is, for the line at the start: a folder off its volume, or a file system that does
//! not outlive the process, is seen there before it is needed.
//!
//! It judges nothing but whether the disk is another machine's: whether one keeps its word cannot be
//! asked.

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

/// Those of which another machine, or a program, keeps the files. With `9p` and `fuse` that may be
/// this machine too, which is not visible.
const REMOTE: &[&str] = &["nfs", "cifs", "smb2", "fuse", "ceph", "9p"];

/// Those that end with the machine, or with the container.
const PASSING: &[&str] = &["tmpfs", "ramfs", "overlay", "aufs"];

/// A folder, and what it is on.
pub struct SpoolPlace {
    /// From the root.
    pub folder: PathBuf,
    /// Its name, or its number where it has none here.
    pub file_system: FileSystem,
}

/// A kind of file system.
pub enum FileSystem {
    /// By name.
    Known(&'static str),
    /// By number.
    Other(u32),
    /// The kernel does not say.
    Unknown,
}

impl SpoolPlace {
    /// Looks at a folder that is there.
    pub fn of(folder: &Path) -> Self {
        let folder = path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let file_system = statfs(&folder).map_or(FileSystem::Unknown, |status| {
            // The numbers have 32 bits, whatever the platform keeps them in.
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "more bits are its sign"
            )]
            FileSystem::of(status.f_type as u32)
        });
        Self { folder, file_system }
    }
}

impl FileSystem {
    fn of(number: u32) -> Self {
        let known = FILE_SYSTEMS.iter().find(|(known, _)| *known == number);
        known.map_or(Self::Other(number), |(_, name)| Self::Known(name))
    }

    /// Whether it is another's word that a lock holds and that a sync has reached a disk.
    pub fn is_remote(&self) -> bool {
        match self {
            Self::Known(name) => REMOTE.contains(name),
            Self::Other(_) | Self::Unknown => false,
        }
    }

    /// Whether what is on it may be gone when the process is started again.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Known(name) => PASSING.contains(name),
            Self::Other(_) | Self::Unknown => false,
        }
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(name) => f.write_str(name),
            Self::Other(number) => write!(f, "0x{number:x}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_of_another_machine_is_recognised() {
        let of = |number| FileSystem::of(number);
        for (number, name) in [
            (0x6969, "nfs"),
            (0xff53_4d42, "cifs"),
            (0xfe53_4d42, "smb2"),
            (0x6573_5546, "fuse"),
            (0x00c3_6400, "ceph"),
            (0x0102_1997, "9p"),
        ] {
            assert_eq!((of(number).to_string().as_str(), of(number).is_remote()), (name, true));
        }
        for number in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x1234] {
            assert!(!of(number).is_remote(), "{}", of(number));
        }
        assert!(!FileSystem::Unknown.is_remote());
    }

    #[test]
    fn each_name_that_is_remote_is_known() {
        for name in REMOTE {
            assert!(FILE_SYSTEMS.iter().any(|(_, known)| known == name), "{name}");
        }
    }
}
