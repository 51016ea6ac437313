//! A small disk for one test, and what others keep on it.
//!
//! A shell mounts it and unmounts it when its standard input closes, so that it is gone when it is
//! dropped and also when the test binary is killed.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::statvfs;
use tempfile::TempDir;

use crate::support::children;
use crate::support::deadline;
use crate::support::say_skipped;

/// `$0` is a folder for it, `$1` its size in mebibytes, `$2` that of its blocks. A real file system where there is a loop
/// device, with all of its room for everybody.
const MOUNT: &str = r#"
mkdir "$0/disk"
truncate -s "$1M" "$0/image"
{ mkfs.ext4 -q -m 0 -b "$2" "$0/image" && mount -o loop "$0/image" "$0/disk"; } ||
    mount -t tmpfs -o "size=$1m" tmpfs "$0/disk" || exit
echo mounted
read -r _
umount -l "$0/disk"
rm -rf -- "$0"
"#;

/// What a disk gives out at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocks {
    /// As most do.
    Pages,
    /// As an ext4 of less than 512 MiB does: what is mapped may then lack room when it is touched.
    Small,
}

/// Of an unmount.
const GONE: Duration = Duration::from_secs(10);

/// What is written at once to fill it.
const PIECE: usize = 1 << 16;

/// A mounted disk. To be dropped after the bridge that uses it.
pub(super) struct SmallDisk {
    shell: Child,
    temp: TempDir,
}

impl SmallDisk {
    /// `None` where none may be mounted, said under the name of `test`.
    pub(super) fn mount(test: &str, mebibytes: u32, blocks: Blocks) -> Option<Self> {
        let block = match blocks {
            Blocks::Pages => 4096,
            Blocks::Small => 1024,
        };
        let temp = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", MOUNT])
            .arg(temp.path())
            .args([mebibytes, block].map(|number| number.to_string()));
        shell.process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = children::spawn(&mut shell).unwrap();
        let mut said = String::new();
        // Not a wait: the shell says so at once, or ends.
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said.is_empty() {
            shell.wait().unwrap();
            say_skipped(test, "the right to mount is needed");
            return None;
        }
        let disk = Self { shell, temp };
        if statvfs(disk.root()).unwrap().f_frsize != u64::from(block) {
            say_skipped(test, "mkfs.ext4 and a loop device are needed");
            return None;
        }
        Some(disk)
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

    /// As after an error that the file system was told to stop at.
    pub(super) fn make_read_only(&self) {
        let mut mount = Command::new("mount");
        let output = children::output(mount.args(["-o", "remount,ro"]).arg(self.root())).unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Others take all room that is left.
    pub(super) fn fill(&self) {
        let mut filler = OpenOptions::new().append(true).create(true).open(self.filler()).unwrap();
        for piece in [PIECE, 512] {
            while filler.write_all(&vec![1; piece]).is_ok() {}
        }
        // The error may be that of the sync, where room is given out late.
        drop(filler.sync_all());
    }

    /// Others give it back.
    pub(super) fn free(&self) {
        File::create(self.filler()).unwrap().sync_all().unwrap();
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
