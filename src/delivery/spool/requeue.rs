//! Records of the quarantine, back into the queue of a stopped bridge.
//!
//! Promise: they come behind all others, under new numbers, as they were. A segment of the quarantine
//! is removed after all in it was synced in the queue; a power cut in between leaves its records in
//! both. What does not check stays, in a file that is kept.

use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::Folder;
use crate::delivery::spool::store::Store;
use crate::delivery::spool::{disk, sizes};
use std::path::Path;

/// What became of the records of the quarantine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requeued {
    /// They wait again.
    pub rows: u64,
    /// They do not check, and stay in a file that is kept.
    pub left: u64,
}

/// Moves them. There must be a spool in the folder, and no bridge may have it; this takes its lock
/// meanwhile.
pub fn requeue(dir: &Path) -> Result<Requeued, SpoolError> {
    let folder = Folder::at(dir);
    folder.must_hold_spool()?;
    let _lock = folder.lock()?;
    // They are in the folder already: the limit is none for them.
    let moved = Store::open(&disk(dir), sizes(u64::MAX)).and_then(|mut store| store.requeue());
    moved.map_err(|fault: Fault| SpoolError::Files { dir: dir.to_owned(), fault })
}
