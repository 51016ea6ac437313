//! A look at a spool from another process, while a bridge may be at work in it.
//!
//! Promise: it takes no lock that a bridge could meet, changes nothing, and holds no snapshot longer
//! than one batch of rows takes, so that the bridge can move its log meanwhile; [`SpoolReader::verify`]
//! alone holds one for as long as it reads all pages. Damaged rows are shown with their fault. It
//! does not repair.

mod verify;

use crate::delivery::spool::aside;
use crate::delivery::spool::connection::{self, Purpose};
use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::Folder;
use crate::delivery::spool::row::{Columns, from_unix_millis};
use crate::delivery::spool::store::Store;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::SystemTime;

const WAITING: &str = "SELECT id, NULL, NULL, id, received, checksum, topic, key, headers, value \
                       FROM rows WHERE id > ?1 ORDER BY id LIMIT ?2";
const SET_ASIDE: &str = "SELECT id, at, reason, row_id, received, checksum, topic, key, headers, \
                         value FROM set_aside WHERE id > ?1 ORDER BY id LIMIT ?2";
const COUNTS: &str = "SELECT id, received, topic, key, coalesce(octet_length(topic) + octet_length(key) + \
                      octet_length(headers) + octet_length(value), 0) FROM rows WHERE id > ?1 \
                      ORDER BY id LIMIT ?2";
/// Rows that are counted or checked in one batch.
const BATCH: NonZeroUsize = NonZeroUsize::new(8192).expect("not zero");

/// A read-only view of a folder's spool.
#[derive(Debug)]
pub struct SpoolReader {
    folder: Folder,
    conn: Connection,
}

/// How things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rows that wait.
    pub rows: u64,
    /// Their bytes.
    pub bytes_of_rows: u64,
    /// When the post of the first one was received.
    pub oldest: Option<SystemTime>,
    /// Rows that were set aside.
    pub set_aside_rows: u64,
    /// Damaged files that were moved aside.
    pub set_aside_files: u64,
    /// Bytes of all files of the folder.
    pub file_bytes: u64,
}

/// A damaged database that was moved aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFile {
    /// Its name in the folder.
    pub name: String,
    /// Its bytes and those of its log.
    pub bytes: u64,
}

/// What waits for one key of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCount {
    /// The topic.
    pub topic: String,
    /// The key: an `app_id`.
    pub key: String,
    /// Its rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the post of its first one was received.
    pub oldest: SystemTime,
}

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Those that wait.
    Waiting,
    /// Those that were set aside.
    SetAside,
}

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// Its place in its part; the next batch begins behind it.
    pub place: i64,
    /// The number under which it was appended.
    pub id: i64,
    /// Its topic.
    pub topic: String,
    /// Its key.
    pub key: String,
    /// Its headers, as far as they can be read.
    pub headers: Vec<(String, String)>,
    /// Its value.
    pub value: Vec<u8>,
    /// When its post was received.
    pub received: SystemTime,
    /// When and why it was set aside.
    pub set_aside: Option<(SystemTime, String)>,
    /// What is wrong with it. Then nothing of the above is certain.
    pub fault: Option<String>,
}

impl SpoolReader {
    /// Opens the spool in `dir`.
    pub fn open(dir: &Path) -> Result<Self, SpoolError> {
        let folder = Folder::at(dir);
        folder.must_hold_spool()?;
        match connection::connect(&folder, Purpose::Read) {
            Ok(conn) => Ok(Self { folder, conn }),
            Err(fault) => Err(SpoolError::Files { dir: dir.to_owned(), fault }),
        }
    }

    /// How things stand. Reads no rows but the first.
    pub fn summary(&self) -> Result<Summary, SpoolError> {
        let read = || {
            let (state, oldest) = Store::peek(&self.conn)?;
            let failed = || Fault::io("look at the folder");
            let (database, others) = self.folder.sizes().map_err(failed())?;
            Ok(Summary {
                rows: state.rows.cast_unsigned(),
                bytes_of_rows: state.bytes.cast_unsigned(),
                oldest: oldest.map(from_unix_millis),
                set_aside_rows: state.aside.cast_unsigned(),
                set_aside_files: aside::count(&self.folder).map_err(failed())?,
                file_bytes: database + others.reserve + others.rest,
            })
        };
        self.named(read())
    }

    /// What waits, by topic and key, in the order of both. Reads all rows, but not their values.
    pub fn by_key(&self) -> Result<Vec<KeyCount>, SpoolError> {
        self.named(self.count_keys())
    }

    /// The damaged databases that the folder keeps.
    pub fn damaged_files(&self) -> Result<Vec<DamagedFile>, SpoolError> {
        let kept = aside::kept(&self.folder).map_err(Fault::io("look at the folder"));
        let kept = self.named(kept)?.into_iter();
        Ok(kept.map(|(name, bytes)| DamagedFile { name, bytes }).collect())
    }

    /// The rows of a part behind the place `after`, oldest first. None: there are no more.
    pub fn rows(
        &self,
        part: Part,
        after: Option<i64>,
        limit: NonZeroUsize,
    ) -> Result<Vec<StoredRow>, SpoolError> {
        let sql = match part {
            Part::Waiting => WAITING,
            Part::SetAside => SET_ASIDE,
        };
        let read = || {
            let mut select = self.conn.prepare_cached(sql)?;
            let most = i64::try_from(limit.get()).unwrap_or(i64::MAX);
            let range = [after.unwrap_or(i64::MIN), most];
            let rows = select.query_map(range, stored_row)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        };
        self.named(read())
    }

    fn count_keys(&self) -> Result<Vec<KeyCount>, Fault> {
        let mut keys: BTreeMap<(String, String), KeyCount> = BTreeMap::new();
        let mut select = self.conn.prepare(COUNTS)?;
        let mut last = i64::MIN;
        let most = i64::try_from(BATCH.get()).unwrap_or(i64::MAX);
        loop {
            let mut rows = select.query([last, most])?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                count += 1;
                last = row.get(0)?;
                let received = from_unix_millis(row.get_ref(1)?.as_i64().unwrap_or_default());
                let text = |at| -> Result<String, Fault> {
                    let bytes = row.get_ref(at)?.as_bytes().unwrap_or_default();
                    Ok(String::from_utf8_lossy(bytes).into_owned())
                };
                let bytes = row.get::<_, i64>(4)?.cast_unsigned();
                let (topic, key) = (text(2)?, text(3)?);
                let count = keys.entry((topic.clone(), key.clone()));
                let none = KeyCount { topic, key, rows: 0, bytes: 0, oldest: received };
                let count = count.or_insert(none);
                count.rows += 1;
                count.bytes += bytes;
                count.oldest = count.oldest.min(received);
            }
            if count < most {
                return Ok(keys.into_values().collect());
            }
        }
    }

    fn named<T>(&self, result: Result<T, Fault>) -> Result<T, SpoolError> {
        result.map_err(|fault| SpoolError::Files { dir: self.folder.dir().to_owned(), fault })
    }
}

fn stored_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredRow> {
    let id = row.get_ref(3)?.as_i64().unwrap_or_default();
    let (columns, checksum) = Columns::read(row, 4)?;
    let at = row.get_ref(1)?.as_i64().ok();
    let reason = || Some(String::from_utf8_lossy(row.get_ref(2).ok()?.as_bytes().ok()?).into());
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let headers = columns.headers().map_while(Result::ok);
    Ok(StoredRow {
        place: row.get(0)?,
        id,
        topic: text(columns.topic),
        key: text(columns.key),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        value: columns.value.to_vec(),
        received: from_unix_millis(columns.received),
        set_aside: at.map(|at| (from_unix_millis(at), reason().unwrap_or_default())),
        fault: columns.restore(id, checksum, &mut "".into()).err().map(|fault| fault.to_string()),
    })
}
