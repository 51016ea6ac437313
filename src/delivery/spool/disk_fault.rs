//! What can go wrong with the spool's files, by what has to be done about it.
//!
//! It decides nothing; whoever owns the files acts on the kind.

use crate::error_chain::error_chain;
use rustix::io::Errno;
use std::io;

/// A failure at the spool's files.
#[derive(Debug, thiserror::Error)]
pub enum DiskFault {
    /// A file cannot grow, or none be made.
    #[error("the disk is full")]
    DiskFull,
    /// The files would outgrow their limit.
    #[error("its limit is reached")]
    LimitReached,
    /// A file is none of this spool's, or of a version that this one does not know.
    #[error("{file} {why}")]
    Unusable {
        /// Its name.
        file: String,
        /// What it is, and what to do.
        why: String,
    },
    /// The file system does not give what is there.
    #[error("cannot read {what}")]
    Read {
        /// Which file.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
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

impl DiskFault {
    /// Names what could not be read.
    pub(super) fn read(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| if is_full(&source) { Self::DiskFull } else { Self::Read { what, source } }
    }

    /// Names what else was tried when the file system failed.
    pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| if is_full(&source) { Self::DiskFull } else { Self::Io { doing, source } }
    }

    /// Whether the disk gave no answer to a read.
    pub(super) fn is_unreadable(&self) -> bool {
        match self {
            Self::Read { source, .. } => is_unreadable(source),
            Self::DiskFull | Self::LimitReached | Self::Unusable { .. } | Self::Io { .. } => false,
        }
    }

    /// The fault and its causes, in one line.
    pub(super) fn chain(&self) -> String {
        error_chain(self)
    }
}

/// Whether the disk itself gives no answer.
pub(super) fn is_unreadable(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::IO.raw_os_error())
}

/// Whether there is no room, or none for this user.
pub(super) fn is_full(error: &io::Error) -> bool {
    [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&error.kind())
}
