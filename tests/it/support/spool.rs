//! A spool on a real disk, written by the library as a bridge would.
//!
//! Open, it holds the folder's lock; closed, it is what a bridge leaves behind.

use bytes::Bytes;
use hookbridge::delivery::record::{Event, Record};
use hookbridge::delivery::spool::error::SpoolError;
use hookbridge::delivery::spool::row::RowId;
use hookbridge::delivery::spool::{Spool, SpoolOptions, SpoolThread};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use testkit::deadline::wait_for;

/// Of anything that the disk does.
const DISK: Duration = Duration::from_secs(30);

/// Records that wait for the disk at once: the queue has a bound.
const AT_ONCE: usize = 1024;

/// More than any test writes.
const AMPLE: u64 = 1 << 30;

/// When the first record of a spool was received: milliseconds of Unix time, long ago.
pub(crate) const FIRST_MS: u64 = 1_688_374_123_456;

/// A folder with a spool in it.
pub(crate) struct SpoolFolder {
    path: PathBuf,
    _temp: TempDir,
}

/// The spool, open, and its folder locked.
pub(crate) struct OpenSpool {
    spool: Spool,
    thread: SpoolThread,
}

impl SpoolFolder {
    /// An empty spool.
    pub(crate) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        // Made by the spool, so that nobody else may look into it.
        let folder = Self { path: temp.path().join("spool"), _temp: temp };
        folder.open().close();
        folder
    }

    /// A spool of these records, closed.
    pub(crate) fn of(records: impl IntoIterator<Item = Record>) -> Self {
        let folder = Self::new();
        let open = folder.open();
        open.append(records);
        open.close();
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The same as text.
    pub(crate) fn dir(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Opens it and keeps it. The lock of one that was closed just now is let go when the last
    /// process has it no more that another test forked meanwhile.
    #[track_caller]
    pub(crate) fn open(&self) -> OpenSpool {
        let options = SpoolOptions { dir: self.path().to_owned(), max_bytes: AMPLE };
        let opened = wait_for(DISK, "the folder is not locked", || match Spool::open(&options) {
            Err(SpoolError::Locked { .. }) => None,
            opened => Some(opened),
        });
        let (spool, thread) = opened.unwrap();
        OpenSpool { spool, thread }
    }
}

impl OpenSpool {
    /// Appends them and waits until all are stored.
    #[track_caller]
    pub(crate) fn append(&self, records: impl IntoIterator<Item = Record>) -> Vec<RowId> {
        let mut rows = Vec::new();
        let mut stored = Vec::new();
        for record in records {
            let (done, answer) = mpsc::channel();
            let store = || self.spool.append(record, move |row| done.send(row).unwrap());
            store().unwrap();
            stored.push(answer);
            if stored.len() == AT_ONCE {
                rows.extend(stored.drain(..).map(|row| row.recv_timeout(DISK).unwrap().unwrap()));
            }
        }
        rows.extend(stored.drain(..).map(|row| row.recv_timeout(DISK).unwrap().unwrap()));
        rows
    }

    /// Quarantines rows, as the drain does with what Kafka refuses.
    #[track_caller]
    pub(crate) fn quarantine(&self, rows: &[RowId], reason: &str) {
        let refused = rows.iter().map(|row| (*row, reason.to_owned())).collect();
        let (done, answer) = mpsc::channel();
        self.spool.release(Vec::new(), refused, move |end| done.send(end).unwrap()).unwrap();
        answer.recv_timeout(DISK).unwrap().unwrap();
    }

    #[track_caller]
    pub(crate) fn close(self) {
        self.thread.close(DISK).unwrap();
    }
}

/// Records of one app_id with these numbers, a second apart.
pub(crate) fn records(
    topic: &str,
    app_id: &str,
    numbers: Range<u32>,
) -> impl Iterator<Item = Record> {
    numbers.map(move |number| record(topic, app_id, number, &value(number)))
}

/// The value of a record with this number.
pub(crate) fn value(number: u32) -> String {
    format!("{{\"type\":\"roomdrop\",\"number\":{number}}}")
}

/// A record with this value, received `number` seconds after the first.
pub(crate) fn record(topic: &str, app_id: &str, number: u32, value: &str) -> Record {
    let event = Event {
        app_id,
        event_type: "roomdrop",
        source: "hookbridge",
        subject: Some("room 1"),
        time: None,
        trace_parent: None,
        trace_state: None,
        user: Some("video"),
    };
    Record::new(topic.into(), event, Bytes::from(value.to_owned()), received(number))
}

fn received(number: u32) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(FIRST_MS) + Duration::from_secs(number.into())
}
