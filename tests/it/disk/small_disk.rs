//! A small disk for one test, and what others keep on it.
//!
//! A shell mounts it and unmounts it when its standard input closes, so that it is gone when it is
//! dropped and also when the test binary is killed.

use rustix::fs::{FallocateFlags, fallocate, statvfs, syncfs};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use testkit::children;
use testkit::deadline;
use testkit::say_skipped;

/// `$0` is a folder for it, `$1` its size in mebibytes, the others make a file system in the file
/// whose name follows; with none it is a tmpfs. All of its room is for everybody.
const MOUNT: &str = r#"
mkdir "$0/disk"
size=$1
shift
if [ $# = 0 ]; then
    mount -t tmpfs -o "size=${size}m" tmpfs "$0/disk" || exit
else
    truncate -s "${size}M" "$0/image"
    "$@" "$0/image" >"$0/said" && mount -o loop "$0/image" "$0/disk" || exit
fi
echo mounted
read -r _
umount -l "$0/disk"
rm -rf -- "$0"
"#;

/// A file system of a small disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// With blocks of 4 KiB, as most are.
    Ext4,
    /// With blocks of 1 KiB, as `mkfs` makes one of less than 512 MiB.
    Ext4Small,
    Tmpfs,
    Xfs,
    /// It writes nothing in place.
    Btrfs,
}

impl Format {
    pub(super) const ALL: [Self; 5] =
        [Self::Ext4, Self::Ext4Small, Self::Tmpfs, Self::Xfs, Self::Btrfs];

    /// The least that `mkfs` takes, or what is left over is soon full.
    fn mebibytes(self) -> u32 {
        match self {
            Self::Ext4 | Self::Ext4Small | Self::Tmpfs => 24,
            Self::Xfs => 300,
            Self::Btrfs => 114,
        }
    }

    fn mkfs(self) -> &'static [&'static str] {
        match self {
            Self::Ext4 => &["mkfs.ext4", "-q", "-m", "0", "-b", "4096"],
            Self::Ext4Small => &["mkfs.ext4", "-q", "-m", "0", "-b", "1024"],
            Self::Tmpfs => &[],
            Self::Xfs => &["mkfs.xfs", "-q"],
            Self::Btrfs => &["mkfs.btrfs", "-q"],
        }
    }
}

/// What the shell says then.
const MOUNTED: &str = "mounted\n";

/// Of an unmount.
const GONE: Duration = Duration::from_secs(10);

/// What a bridge may fill, of a disk that is larger.
const ROOM: u64 = 22 << 20;

/// What is taken at once to fill it, in turn.
const PIECES: [u64; 4] = [16 << 20, 1 << 20, 64 << 10, 4 << 10];

/// A mounted disk. To be dropped after the bridge that uses it.
pub(super) struct SmallDisk {
    shell: Child,
    temp: TempDir,
}

impl SmallDisk {
    /// `None` where none such may be mounted, said under the name of `test`.
    pub(super) fn mount(test: &str, format: Format) -> Option<Self> {
        let temp = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", MOUNT]).arg(temp.path()).arg(format.mebibytes().to_string());
        shell.args(format.mkfs());
        shell.process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = children::spawn(&mut shell).unwrap();
        let mut said = String::new();
        // Not a wait: the shell says so at once, or ends.
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut said).unwrap();
        // Else the disk of the machine would be filled.
        if said != MOUNTED {
            shell.wait().unwrap();
            let right = "and the right to mount are needed";
            say_skipped(
                test,
                &format!("a kernel with {format:?}, its mkfs, a loop device {right}"),
            );
            return None;
        }
        let disk = Self { shell, temp };
        disk.take(disk.room().saturating_sub(ROOM));
        Some(disk)
    }

    /// One of each kind that can be mounted, one after another; each is named.
    pub(super) fn of_each_format(test: &str) -> impl Iterator<Item = (Format, Self)> {
        let mount = move |format| {
            let disk = Self::mount(test, format)?;
            eprintln!("on {format:?}");
            Some((format, disk))
        };
        Format::ALL.into_iter().filter_map(mount)
    }

    /// A folder on it, which is not there yet.
    pub(super) fn spool(&self) -> PathBuf {
        self.root().join("spool")
    }

    /// What could still be written to it, in bytes.
    pub(super) fn room(&self) -> u64 {
        let disk = statvfs(self.root()).unwrap();
        disk.f_bavail * disk.f_frsize
    }

    /// As after an error that the file system was set to stop at.
    pub(super) fn make_read_only(&self) {
        let mut mount = Command::new("mount");
        let output = children::output(mount.args(["-o", "remount,ro"]).arg(self.root())).unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Others take all room that is left, to the last block.
    pub(super) fn fill(&self) {
        self.take(u64::MAX);
        let mut filler = OpenOptions::new().append(true).open(self.filler()).unwrap();
        while filler.write_all(&[1; 512]).is_ok() {}
        // The error may be that of the sync, where room is given out late.
        drop(filler.sync_all());
    }

    /// Others give it back.
    pub(super) fn free(&self) {
        let filler = File::create(self.filler()).unwrap();
        // Some file systems give room back with their next commit.
        syncfs(&filler).unwrap();
    }

    /// Others take about so much of it.
    fn take(&self, most: u64) {
        let filler = OpenOptions::new().append(true).create(true).open(self.filler()).unwrap();
        let mut end = filler.metadata().unwrap().len();
        let most = end.saturating_add(most);
        for piece in PIECES {
            let take = |end| fallocate(&filler, FallocateFlags::empty(), end, piece).is_ok();
            while end.saturating_add(piece) <= most && take(end) {
                end += piece;
            }
        }
    }

    fn root(&self) -> PathBuf {
        self.temp.path().join("disk")
    }

    fn filler(&self) -> PathBuf {
        self.root().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if deadline::exit_within(&mut self.shell, GONE).is_none() {
            eprintln!("still mounted after {GONE:?}: {}", self.root().display());
        }
    }
}
