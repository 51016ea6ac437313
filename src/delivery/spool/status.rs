//! What is known of the spool at any moment, without asking the disk.
//!
//! Promise: reading it is O(1) and waits for nothing but a copy. The spool's thread keeps it
//! current: before a `done` is called, its effect is here.

use crate::delivery::spool::error::AppendError;
use crate::lock::Lock;
use std::fmt;
use std::time::SystemTime;

/// A look at the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Rows that wait: committed and neither released nor in quarantine.
    pub rows: u64,
    /// Bytes of all files of the folder, as `--spool-max-bytes` counts them.
    pub file_bytes: u64,
    /// Those of them that are not free for further rows.
    pub used_bytes: u64,
    /// The most that they may take up.
    pub limit_bytes: u64,
    /// When the post of the first row was received.
    pub oldest: Option<SystemTime>,
    /// Rows in the quarantine.
    pub quarantined_rows: u64,
    /// Damaged files that are kept in the folder.
    pub quarantined_files: u64,
    /// Whether a record can be appended now.
    pub room: Room,
    /// What has happened since the spool was opened.
    pub totals: Totals,
}

/// Counters since the spool was opened; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Rows appended: committed and reported.
    pub appended: u64,
    /// Rows released because they were acked.
    pub drained: u64,
    /// Rows put in quarantine: refused by Kafka, or for a topic that stays missing.
    pub quarantined_rows: u64,
    /// Damaged files that were kept.
    pub quarantined_files: u64,
    /// Rows that should be in a file and are not, or do not check. Each of them was promised and is
    /// lost, unless a person reads it from the file that is kept.
    pub missing_rows: u64,
    /// Appends of what waited together, each with one sync of the disk.
    pub commits: u64,
}

/// Whether a record can be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Room {
    /// Yes.
    HasRoom,
    /// No; it will be possible again when there is room.
    Full {
        /// What is full.
        why: FullBecause,
    },
    /// No; the spool tries to recover by itself.
    Broken {
        /// In words.
        why: String,
    },
}

/// What is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullBecause {
    /// The files of the folder have reached their limit.
    Limit,
    /// The disk has no room for them.
    Disk,
}

impl fmt::Display for FullBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Limit => "its limit is reached",
            Self::Disk => "the disk is full",
        })
    }
}

/// The status as the thread and the handles share it.
#[derive(Debug)]
pub(super) struct StatusCell(Lock<Status>);

impl StatusCell {
    pub(super) fn new(status: Status) -> Self {
        Self(Lock::new(status))
    }

    pub(super) fn get(&self) -> Status {
        self.0.lock().clone()
    }

    pub(super) fn set(&self, status: Status) {
        *self.0.lock() = status;
    }

    /// Nobody is left to recover.
    pub(super) fn thread_has_ended(&self) {
        self.0.lock().room = Room::Broken { why: "the spool's thread has ended".to_owned() };
    }

    /// What `Status::room` allows, without a copy of it.
    pub(super) fn check_room(&self) -> Result<(), AppendError> {
        match &self.0.lock().room {
            Room::HasRoom => Ok(()),
            Room::Full { why } => Err(AppendError::Full(*why)),
            Room::Broken { .. } => Err(AppendError::Broken),
        }
    }
}
