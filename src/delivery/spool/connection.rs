//! `SQLite`, set up as the promises need it.
//!
//! Promise: a connection that is returned has every setting of [`SETTINGS`], read back from the
//! live connection, and the tables of this format and no others. A new database gets its name only
//! when it is complete, so that whatever bears the name is whole or damaged.

use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::{self, FILE_MODE, Folder};
use crate::delivery::spool::header::{self, APPLICATION_ID, Header};
use crate::delivery::spool::state::{FORMAT, State};
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, FileControl, OpenFlags};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

/// How long a commit waits for another writer, such as a `sqlite3` that a person has open. Shorter
/// than a sender waits; readers do not keep a commit waiting at all.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// What is set on each connection and read back.
/// - WAL and synchronous=FULL: a commit is one append and one sync.
/// - `wal_autocheckpoint=0`: the spool checkpoints itself, after the senders were told, and sees the
///   errors, which `SQLite`'s own checkpoint swallows.
/// - `auto_vacuum=0`: emptied, a file of a million rows is vacuumed whole in 0.1 s; piece by piece
///   (incremental) it took 9 s, and each commit wrote a page more.
/// - `page_size` 4096: larger pages save 16 % of space and cost a lone commit twice the bytes.
/// - `mmap_size=0`: an I/O error must be an error, not a signal.
/// - `cache_size`: rows are written once and read once.
const SETTINGS: [(&str, &str); 11] = [
    ("journal_mode", "wal"),
    ("synchronous", "2"),
    ("locking_mode", "normal"),
    ("page_size", "4096"),
    ("wal_autocheckpoint", "0"),
    ("auto_vacuum", "0"),
    ("encoding", "UTF-8"),
    ("cell_size_check", "1"),
    ("temp_store", "2"),
    ("mmap_size", "0"),
    ("cache_size", "-1024"),
];

/// The tables. `rows` is written explicitly numbered, from the state, which is covered by a
/// checksum: AUTOINCREMENT keeps its counter in a table that is not. `set_aside` takes what a
/// damaged row holds, whatever that is. `taken_over` remembers how far the rescue of a file got.
const TABLES: [(&str, &str); 5] = [
    (
        "state",
        "CREATE TABLE state(id INTEGER PRIMARY KEY, format INTEGER NOT NULL, \
         change INTEGER NOT NULL, last_id INTEGER NOT NULL, floor INTEGER NOT NULL, \
         row_count INTEGER NOT NULL, row_bytes INTEGER NOT NULL, aside_count INTEGER NOT NULL, \
         checksum INTEGER NOT NULL)",
    ),
    (
        "rows",
        "CREATE TABLE rows(id INTEGER PRIMARY KEY, received INTEGER NOT NULL, \
         checksum INTEGER NOT NULL, topic TEXT NOT NULL, key TEXT NOT NULL, \
         headers BLOB NOT NULL, value BLOB NOT NULL)",
    ),
    ("holes", "CREATE TABLE holes(first INTEGER PRIMARY KEY, last INTEGER NOT NULL)"),
    (
        "set_aside",
        "CREATE TABLE set_aside(id INTEGER PRIMARY KEY, at INTEGER, reason TEXT, row_id INTEGER, \
         received INTEGER, checksum INTEGER, topic TEXT, key TEXT, headers BLOB, value BLOB)",
    ),
    (
        "taken_over",
        "CREATE TABLE taken_over(file TEXT NOT NULL, pages INTEGER NOT NULL, \
         row_count INTEGER NOT NULL)",
    ),
];

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The bridge's own.
    Write,
    /// Another process looks at it; it takes no part in checkpoints.
    Read,
    /// Nobody else has it open, and there is no room for an index: the database file alone is read.
    Peek,
}

/// Connects to an existing database.
pub(super) fn connect(folder: &Folder, purpose: Purpose) -> Result<Connection, Fault> {
    let access = match purpose {
        Purpose::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Purpose::Read | Purpose::Peek => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let options = match purpose {
        // A commit repeats its last frame: see the walk through the log.
        Purpose::Write | Purpose::Read => "psow=0",
        Purpose::Peek => "immutable=1",
    };
    let conn = open(&folder.db(), access, options)?;
    // Never a checkpoint by the way: it would hide its errors, and after a failed sync it would
    // write pages whose log may not be on the disk.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cell_size_check = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cache_size = -1024;",
    )?;
    match purpose {
        Purpose::Write => check_settings(&conn)?,
        Purpose::Read | Purpose::Peek => {}
    }
    let version = conn.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))?;
    if version != FORMAT {
        return Err(Fault::UnknownFormat(version));
    }
    check_tables(&conn)?;
    Ok(conn)
}

fn open(path: &Path, access: OpenFlags, options: &str) -> Result<Connection, Fault> {
    let flags = access | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let path = std::path::absolute(path).map_err(Fault::io("find the folder"))?;
    let mut uri = "file://".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte));
            }
            _ => write!(uri, "%{byte:02x}").expect("a String takes all text"),
        }
    }
    let conn = Connection::open_with_flags(format!("{uri}?{options}"), flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    Ok(conn)
}

fn check_settings(conn: &Connection) -> Result<(), Fault> {
    for (setting, wanted) in SETTINGS {
        let found = conn.pragma_query_value(None, setting, |row| row.get::<_, Value>(0))?;
        let found = match found {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            Value::Null | Value::Real(_) | Value::Blob(_) => String::new(),
        };
        if found != wanted {
            return Err(Fault::Setting { setting, found, wanted });
        }
    }
    // Minus one: to be told, not to set.
    let mut psow = -1;
    conn.file_control(None::<&str>, FileControl::PowerSafeOverwrite(&mut psow))?;
    match psow {
        0 => Ok(()),
        _ => Err(Fault::Setting { setting: "psow", found: psow.to_string(), wanted: "0" }),
    }
}

fn check_tables(conn: &Connection) -> Result<(), Fault> {
    let mut found = conn
        .prepare("SELECT name, sql FROM sqlite_schema")?
        .query_map([], |row| Ok((row.get::<_, Value>(0)?, row.get::<_, Value>(1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    for (name, sql) in TABLES {
        let table = (Value::Text(name.to_owned()), Value::Text(sql.to_owned()));
        found.retain(|other| *other != table);
        let exists = conn.prepare(&format!("SELECT 1 FROM {name} LIMIT 0"));
        exists.map_err(|error| Fault::Damaged(error.to_string()))?;
    }
    match found.first() {
        None => Ok(()),
        Some((name, _)) => Err(Fault::Damaged(format!("{name:?} is none of the spool's tables"))),
    }
}

/// Makes an empty database, with the numbers of rows going on behind `last_id`.
pub(super) fn create(folder: &Folder, last_id: i64) -> Result<(), Fault> {
    let path = folder.new_db();
    let made = build(&path, last_id).and_then(|()| check_new(&path));
    if let Err(fault) = made {
        // What is left of it is removed before the next try.
        remove_half_made(&path).unwrap_or_else(|_| tracing::debug!("a half-made file is left"));
        return Err(fault);
    }
    fs::rename(&path, folder.db()).map_err(Fault::io("name the new file"))?;
    folder.sync().map_err(Fault::io("sync the folder"))
}

fn build(path: &Path, last_id: i64) -> Result<(), Fault> {
    remove_half_made(path).map_err(Fault::io("remove a half-made file"))?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
        .map_err(Fault::io("make a new file"))?;
    let conn = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, "psow=0")?;
    conn.execute_batch(&format!(
        "PRAGMA page_size = 4096; PRAGMA auto_vacuum = NONE; PRAGMA encoding = 'UTF-8'; \
         PRAGMA synchronous = FULL; BEGIN; PRAGMA application_id = {APPLICATION_ID}; \
         PRAGMA user_version = {FORMAT};"
    ))?;
    for (_, sql) in TABLES {
        conn.execute_batch(sql)?;
    }
    conn.execute("INSERT INTO state VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0)", [])?;
    State { last_id, floor: last_id + 1, ..State::default() }.write(&conn)?;
    conn.execute_batch("COMMIT; PRAGMA journal_mode = WAL;")?;
    // The last to close it moves the log into the file and removes the log.
    conn.close().map_err(|(_, error)| Fault::from(error))
}

/// The mode of the journal can fail to be set without an error, and with an answer that says it was
/// (seen when a sync failed). `SQLite` has closed the file by now.
fn check_new(path: &Path) -> Result<(), Fault> {
    let synced = File::open(path).and_then(|file| {
        file.sync_all()?;
        Ok(file.metadata()?.len())
    });
    match header::read(path, synced.map_err(Fault::io("sync a new database"))?)? {
        Header::Ours => Ok(()),
        Header::Format(version) => Err(Fault::UnknownFormat(version)),
        Header::Changed(found) => {
            Err(Fault::Setting { setting: "the new header", found, wanted: "as the format has it" })
        }
    }
}

fn remove_half_made(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        folder::remove(Path::new(&name))?;
    }
    Ok(())
}
