//! The end of a segment that another process has written, brought to the disk for certain.
//!
//! Promise: what could be read of its last batch is on the disk afterwards, under the segment's name.
//! Who wrote it may have been killed before a sync, or after one that failed, and then a further sync
//! proves nothing; so the batch is written once more, with the same bytes. Those before it were synced.

use crate::delivery::spool::disk::{Access, Disk, DiskFile};
use crate::delivery::spool::segments::{Segment, Tail};
use std::io;

/// How often it is tried: an error may pass.
const TRIES: usize = 5;

/// Does it; gives the file, for further writes.
pub(super) fn prove(
    disk: &dyn Disk,
    segment: &Segment,
    tail: &Tail,
) -> io::Result<Box<dyn DiskFile>> {
    let Tail { last_batch, .. } = tail;
    let file = disk.open(&segment.name(), Access::Write)?;
    let mut bytes = vec![0; usize::try_from(last_batch.end - last_batch.start).unwrap_or(0)];
    // Once: after a sync that failed, other bytes may be read.
    file.read_at(&mut bytes, last_batch.start)?;
    let attempt = || {
        disk.sync()?;
        file.write_at(&bytes, last_batch.start)?;
        file.sync()
    };
    (1..TRIES).find_map(|_| attempt().ok()).map_or_else(attempt, Ok)?;
    Ok(file)
}
