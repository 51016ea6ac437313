//! What can go wrong with the spool's files, by what has to be done about it.
//!
//! Promise: each error of `SQLite` and of the file system becomes exactly one [`Fault`]. It decides
//! nothing; whoever owns the files acts on the kind.

use crate::chain::chain;
use rusqlite::{Error, ErrorCode, ffi};
use std::io;

/// A failure at the spool's files.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Neither a commit nor anything else that grows a file can succeed now.
    #[error("the disk is full")]
    DiskFull,
    /// The bytes of the database or of its log are not as they were written.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// So many damaged files were moved aside that something else must be wrong.
    #[error("{0} damaged files were moved aside already: the disk or the memory needs attention")]
    TooManyDamaged(usize),
    /// The file was written by a version that this one does not know.
    #[error("the format of the file is {0}, which this version does not know")]
    UnknownFormat(u32),
    /// `SQLite` does not run as the promises need it.
    #[error("SQLite runs with {setting} = {found}, and not {wanted}")]
    Setting {
        /// The pragma.
        setting: &'static str,
        /// As it is.
        found: String,
        /// As it must be.
        wanted: &'static str,
    },
    /// Any other answer of `SQLite`'s, such as a failed write or sync.
    #[error("SQLite failed")]
    Sqlite(#[source] Error),
    /// Any other answer of the file system's.
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

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        // The index of the log cannot grow.
        if error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_SHMSIZE) {
            return Self::DiskFull;
        }
        match (error.sqlite_error_code(), &error) {
            (Some(ErrorCode::DiskFull), _) => Self::DiskFull,
            // No statement of ours breaks a constraint or a type on a sound file, or gets a value
            // of another type than was written: that comes from changed bytes.
            (
                Some(
                    ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::ConstraintViolation
                    | ErrorCode::TypeMismatch,
                ),
                _,
            )
            | (
                None,
                Error::InvalidColumnType(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::FromSqlConversionFailure(..)
                | Error::Utf8Error(..),
            ) => Self::Damaged(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn fault(code: i32) -> Fault {
        Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn a_full_disk_a_damaged_file_and_the_rest_are_told_apart() {
        assert!(matches!(fault(ffi::SQLITE_FULL), Fault::DiskFull));
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_CORRUPT_INDEX, ffi::SQLITE_NOTADB] {
            assert!(matches!(fault(code), Fault::Damaged(_)), "{code}");
        }
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_BUSY, ffi::SQLITE_READONLY] {
            assert!(matches!(fault(code), Fault::Sqlite(_)), "{code}");
        }
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(Fault::io("write")(full), Fault::DiskFull));
    }

    #[test]
    fn the_causes_are_told_with_the_fault() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(Fault::io("open it")(denied).chain(), "cannot open it: permission denied");
    }
}
