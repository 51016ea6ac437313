//! The errors that callers of the spool see.

use crate::delivery::spool::disk_fault::{DiskFault, is_full, is_unreadable};
use crate::delivery::spool::status::FullBecause;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A spool cannot be opened, or work on a stopped one cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another bridge has it.
    #[error("the spool folder {} is in use by another bridge: give each a folder of its own", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// Nothing can be stored there.
    #[error("the spool folder {} is on a read-only disk", dir.display())]
    ReadOnly {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder cannot be made or entered.
    #[error("cannot use the spool folder {}", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no spool to read.
    #[error("there is no spool in {}: name the folder that a bridge was given as --spool", dir.display())]
    Missing {
        /// The folder.
        dir: PathBuf,
    },
    /// The limit leaves no room for records.
    #[error("the spool's limit of {given} bytes is under the least, {least}")]
    LimitTooSmall {
        /// As configured.
        given: u64,
        /// The least that works.
        least: u64,
    },
    /// The files cannot be used.
    #[error("cannot use the files of the spool in {}", dir.display())]
    Files {
        /// The folder.
        dir: PathBuf,
        /// Why.
        #[source]
        fault: DiskFault,
    },
    /// The system gives no thread.
    #[error("cannot start the spool's thread")]
    Thread(#[source] io::Error),
}

impl SpoolError {
    /// Whether the flags that name the spool are at fault, and not what happens on the machine.
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::ReadOnly { .. } | Self::Missing { .. } | Self::LimitTooSmall { .. } => true,
            Self::Folder { source, .. } => !is_full(source) && !is_unreadable(source),
            Self::Files { fault, .. } => matches!(fault, DiskFault::Unusable { .. }),
            Self::Locked { .. } | Self::Thread(_) => false,
        }
    }
}

/// A record was not stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// More waits for the disk than may wait. Nothing was tried.
    #[error("too much waits for the spool")]
    QueueFull,
    /// There is no room. Nothing was tried.
    #[error("the spool is full: {0}")]
    Full(FullBecause),
    /// The files cannot be used for now. Nothing was tried.
    #[error("the spool is broken")]
    Broken,
    /// It could not be written or synced. The record is not in the spool, unless the process ends
    /// before the spool has recovered: then it may be.
    #[error("the spool could not store it")]
    Failed(#[source] Arc<DiskFault>),
    /// The spool is closed, or its thread has ended.
    #[error("the spool is closed")]
    Closed,
}

/// Rows could not be read or released.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccessError {
    /// Too many such jobs wait already.
    #[error("too much waits for the spool")]
    QueueFull,
    /// It was tried and failed; what was to be released is still there, or was released
    /// nevertheless. Releasing it once more is right in both cases.
    #[error("the spool failed")]
    Failed(#[source] Arc<DiskFault>),
    /// The spool is closed, or its thread has ended.
    #[error("the spool is closed")]
    Closed,
}

/// The spool did not close in time, or not cleanly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CloseError {
    /// Its thread still waits for the disk. What was synced is safe.
    #[error("the spool still waits for the disk")]
    Late,
    /// Its thread panicked. What was synced is safe.
    #[error("the spool's thread has panicked")]
    Panicked,
}
