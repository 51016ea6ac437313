//! Records of one topic, given to another while no bridge has the spool: the topic was mistyped, or
//! is gone for good.
//!
//! Promise: nothing of a record but its topic changes, its place in the queue neither; the quarantine's
//! are given over too, and stay there. A segment is written anew beside the old one, synced, and takes
//! its name: that needs room for one. What does not check stays as it is: its segment is kept.

use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::with_stopped;
use std::path::Path;

/// Gives all records of the topic `from` to the topic `to`; says how many there were.
pub fn retopic(dir: &Path, from: &str, to: &str) -> Result<u64, SpoolError> {
    with_stopped(dir, |store| store.retopic(from, to))
}
