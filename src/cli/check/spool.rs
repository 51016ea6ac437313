//! The spool's folder: whether it can be used, what it is on, how fast that syncs, and the room.
//!
//! Promise: it leaves nothing there. Where the folder is not there yet, the one that it will be made
//! in is looked at. It blocks for as long as the disk does.

use crate::bridge::spool_place::SpoolPlace;
use crate::cli::check::finding::{Finding, Subject};
use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::{Spool, SpoolOptions};
use crate::error_chain::error_chain;
use bytesize::ByteSize;
use rustix::fs::{Mode, OFlags, open, statvfs};
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::{self, Path};
use std::time::{Duration, Instant};

/// Syncs that are measured.
const SYNCS: usize = 5;
/// What each of them has to write, as a batch of a few posts.
const BYTES: [u8; 4096] = [b'x'; 4096];
/// A post from disk waits for one; longer than this, most of them are felt.
const SLOW: Duration = Duration::from_millis(100);

/// What there is to say of it.
pub(super) fn findings(options: Option<&SpoolOptions>) -> Vec<Finding> {
    let Some(options) = options else {
        let says = "there is no --spool: while Kafka is away, posts get 503";
        let mend = "give --spool a folder that outlives the process";
        return vec![Finding::warns(Subject::Spool, says, mend)];
    };
    let mut findings = Vec::new();
    let folder = path::absolute(&options.dir).unwrap_or_else(|_| options.dir.clone());
    if let Err(error) = Spool::look(options) {
        let mend = mend(&folder, &error);
        findings.push(Finding::fails(Subject::Spool, error_chain(&error), mend));
    }
    let there = folder.ancestors().find(|ancestor| ancestor.exists());
    let Some(there) = there.filter(|there| there.is_dir()) else { return findings };
    if there == folder {
        findings.push(Finding::holds(Subject::Spool, format!("{} is there", folder.display())));
    } else {
        let says = format!("{} will be made in {}", folder.display(), there.display());
        findings.push(Finding::holds(Subject::Spool, says));
    }
    findings.extend([file_system(there), room(there, options.max_bytes), speed(&folder, there)]);
    findings
}

fn mend(folder: &Path, error: &SpoolError) -> String {
    match error {
        SpoolError::Folder { source, .. } => mend_of_folder(folder, source),
        SpoolError::ReadOnly { .. } => {
            "mount the disk to be written to, or give --spool a folder on another".to_owned()
        }
        SpoolError::LimitTooSmall { .. } => "give a larger --spool-max-bytes".to_owned(),
        SpoolError::Files { .. } => {
            "docs/log.md#the-disk-of-the-spool says what to do, or give --spool another folder"
                .to_owned()
        }
        SpoolError::Locked { .. } | SpoolError::Missing { .. } | SpoolError::Thread(_) => {
            "give --spool another folder".to_owned()
        }
    }
}

/// Only the folder of the spool is ever the bridge's own, and not what it is in.
fn mend_of_folder(folder: &Path, error: &io::Error) -> String {
    let (shown, kind) = (folder.display(), error.kind());
    let is_missing = [ErrorKind::PermissionDenied, ErrorKind::NotFound].contains(&kind);
    if kind == ErrorKind::NotADirectory {
        "correct --spool: a part of its path is a file and no folder".to_owned()
    } else if kind == ErrorKind::PermissionDenied && folder.is_dir() {
        format!("give the folder to the user of the bridge: chown USER {shown}; chmod 700 {shown}")
    } else if is_missing {
        format!("make the folder for the user of the bridge: install -d -m 700 -o USER {shown}")
    } else {
        "look at the disk, or give --spool a folder on another".to_owned()
    }
}

fn file_system(folder: &Path) -> Finding {
    let kind = SpoolPlace::of(folder).file_system;
    if kind.is_passing() {
        let says = format!("it is on {kind}, which ends with the machine or the container");
        return Finding::warns(Subject::Spool, says, "put it on a disk, or on a volume");
    }
    if kind.is_remote() {
        let says = format!("it is on {kind}: that a sync has reached a disk is another's word");
        return Finding::warns(Subject::Spool, says, "put it on a disk of this machine");
    }
    Finding::holds(Subject::Spool, format!("it is on {kind}"))
}

fn room(folder: &Path, limit: u64) -> Finding {
    let free = match statvfs(folder) {
        Ok(status) => status.f_bavail.saturating_mul(status.f_frsize),
        Err(error) => {
            let mend = "look at the disk: df shows its room";
            return Finding::fails(Subject::Spool, format!("its room is not known: {error}"), mend);
        }
    };
    let says = format!("{} are free, and it may take {}", shown(free), shown(limit));
    if free < limit {
        let mend = "make room, or lower --spool-max-bytes";
        return Finding::warns(Subject::Spool, says, mend);
    }
    Finding::holds(Subject::Spool, says)
}

fn shown(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}

/// Of `there`, which is the folder or what it will be made in.
fn speed(folder: &Path, there: &Path) -> Finding {
    match slowest_sync(there) {
        Ok(slowest) if slowest > SLOW => {
            let says = format!("the slowest of {SYNCS} syncs took {slowest:.1?}");
            Finding::warns(Subject::Spool, says, "take a faster disk: docs/spool.md")
        }
        Ok(slowest) => Finding::holds(
            Subject::Spool,
            format!("the slowest of {SYNCS} syncs took {slowest:.1?}"),
        ),
        Err(error) => {
            let says = format!("cannot write to {}: {error}", there.display());
            Finding::fails(Subject::Spool, says, mend_of_folder(folder, &error))
        }
    }
}

/// Of a file without a name, which is gone when it is closed.
fn slowest_sync(folder: &Path) -> io::Result<Duration> {
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(open(folder, flags, Mode::RUSR | Mode::WUSR)?);
    let mut slowest = Duration::ZERO;
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&BYTES)?;
        file.sync_data()?;
        slowest = slowest.max(begun.elapsed());
    }
    Ok(slowest)
}
