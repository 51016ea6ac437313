//! What can go wrong with the spool's files, by what has to be done about it.
//!
//! It decides nothing; whoever owns the files acts on the kind.

use crate::chain::chain;
use std::io;

/// A failure at the spool's files.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file cannot grow, or none be made.
    #[error("the disk is full")]
    DiskFull,
    /// The files would outgrow their limit.
    #[error("its limit is reached")]
    LimitReached,
    /// The file was written by a version that this one does not know.
    #[error("the format of {file} is {version}, which this version does not know")]
    UnknownFormat {
        /// Its name.
        file: String,
        /// Its version.
        version: u32,
    },
    /// The file is part of another spool.
    #[error(
        "{file} belongs to another spool than the files beside it: give it a folder of its own, and \
         send what is in it with `hookbridge spool drain`"
    )]
    Foreign {
        /// Its name.
        file: String,
    },
    /// What another kind of store has left.
    #[error(
        "{file} is a spool of an unreleased build: empty it with that build's `hookbridge spool drain`, \
         and remove the file"
    )]
    Earlier {
        /// Its name.
        file: String,
    },
    /// Any other answer of the file system's, such as a failed write or sync.
    #[error("cannot {doing}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// What came of it.
        #[source]
        source: io::Error,
    },
}

impl Fault {
    /// Names what was tried when the file system failed.
    pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
            if full.contains(&source.kind()) {
                return Self::DiskFull;
            }
            Self::Io { doing, source }
        }
    }

    /// The fault and its causes, in one line.
    pub(super) fn chain(&self) -> String {
        chain(self)
    }
}
