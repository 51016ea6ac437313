//! The log into the database, and room back to the disk.

use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::limit::{Others, Usage};
use crate::delivery::spool::store::Store;
use rusqlite::wal::CheckpointMode;
use rusqlite::{ErrorCode, MAIN_DB};
use std::fs;
use std::path::Path;

/// Frames of the log before it is moved into the database: 4 MiB, one mebibyte under the reserve.
/// A longer log saves little: rows are written once, and so each page is copied about once.
const CHECKPOINT_FRAMES: i32 = 1000;
/// Free pages that are worth a vacuum: 1 MiB.
const VACUUM_FREE: u64 = 256;
/// What may be in use when the file is vacuumed, in pages: 8 MiB. A vacuum copies it, in memory.
const VACUUM_USED: u64 = 2048;

/// Whether the database was made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery::spool) enum Shrunk {
    Yes,
    No,
}

/// Whether the log could be emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery::spool) enum Emptied {
    /// It is empty, and has no length.
    Yes,
    /// A reader still needs it.
    InUse,
}

impl Store {
    /// Moves the log into the database when it is long enough. Readers are not waited for.
    pub(in crate::delivery::spool) fn checkpoint(&self) -> Result<(), Fault> {
        let (frames, moved) = self.conn.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::NOOP)?;
        if frames - moved >= CHECKPOINT_FRAMES { self.move_log() } else { Ok(()) }
    }

    /// Moves the log into the database, as far as no reader needs it.
    pub(in crate::delivery::spool) fn move_log(&self) -> Result<(), Fault> {
        self.conn.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE)?;
        Ok(())
    }

    /// What the disk has room for, in bytes; all the room there is if it cannot be asked.
    pub(in crate::delivery::spool) fn disk_room(&self) -> u64 {
        self.folder.disk_room().unwrap_or(u64::MAX)
    }

    /// Moves all of the log into the database and cuts it to nothing. Waits for readers as long as
    /// for other writers.
    pub(in crate::delivery::spool) fn empty_log(&self) -> Result<Emptied, Fault> {
        match self.conn.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::TRUNCATE) {
            Ok(_) => Ok(Emptied::Yes),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Ok(Emptied::InUse)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Gives room back to the disk when no row is left: then there is next to nothing to copy.
    /// While rows are left, free pages wait for new ones.
    pub(in crate::delivery::spool) fn shrink(&self, usage: &Usage) -> Result<Shrunk, Fault> {
        let used = usage.pages.saturating_sub(usage.free_pages);
        if self.ledger.state.rows == 0 && usage.free_pages >= VACUUM_FREE && used <= VACUUM_USED {
            self.conn.execute_batch("VACUUM")?;
            self.empty_log()?;
            return Ok(Shrunk::Yes);
        }
        Ok(Shrunk::No)
    }

    /// What the database takes up. `others` is what lies beside it. If other hands have removed a
    /// file, commits would go on into what no restart finds; what was committed is saved first.
    pub(in crate::delivery::spool) fn usage(&self, others: Others) -> Result<Usage, Fault> {
        let number = |sql| {
            let number =
                self.conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))?;
            Ok::<_, Fault>(number.cast_unsigned())
        };
        let size = |path: &Path| fs::metadata(path).map(|metadata| metadata.len());
        let db = size(&self.folder.db()).map_err(Fault::io("find the database"))?;
        let wal = size(&self.folder.wal()).or_else(|error| {
            self.empty_log()?;
            Err(Fault::io("find the log")(error))
        })?;
        let (pages, free_pages) = (number("PRAGMA page_count")?, number("PRAGMA freelist_count")?);
        if free_pages > pages {
            let why = format!("{free_pages} of {pages} pages are said to be free");
            return Err(Fault::Damaged(why));
        }
        Ok(Usage { pages, free_pages, db, wal, others })
    }
}
