//! Records of the quarantine, back into the queue of a stopped bridge.
//!
//! Promise: they come behind all others, under new numbers, as they were. A segment of the quarantine
//! is removed after all in it was synced in the queue; a power cut in between leaves its records in
//! both. What does not check stays, in a file that is kept.

use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::store::Store;
use crate::delivery::spool::with_stopped;
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
    with_stopped(dir, Store::requeue)
}
