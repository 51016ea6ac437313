//! The spool as its users see it, and what a hostile disk does to it.

mod broken;
mod cuts;
mod damage;
mod errors;
mod hiccup;
mod kill;
mod ledger;
mod life;
mod limits;
mod lives;
mod look;
mod map;
mod model;
mod others;
mod place;
mod small_disk;

use super::*;
use crate::delivery::record::Event;
use crate::delivery::spool::disk::system::SystemDisk;
use crate::delivery::spool::status::{Room, Totals};
use crate::timestamp::Timestamp;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Instant, SystemTime};
use tempfile::TempDir;

/// Longer than any job takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Large enough never to matter.
const AMPLE: u64 = 1 << 30;

/// The folder as its owner's disk.
fn disk(dir: &Path) -> Arc<dyn Disk> {
    Arc::new(SystemDisk::at(dir).unwrap())
}

/// A spool in a folder of its own.
struct Fixture {
    temp: TempDir,
}

/// An open spool; closed when it is dropped.
struct Open {
    spool: Spool,
    thread: Option<SpoolThread>,
}

impl Fixture {
    fn new() -> Self {
        Self { temp: tempfile::tempdir().unwrap() }
    }

    fn dir(&self) -> &Path {
        self.temp.path()
    }

    fn open(&self) -> Open {
        open(self.dir(), AMPLE).unwrap()
    }
}

fn open(dir: &Path, max_bytes: u64) -> Result<Open, SpoolError> {
    let options = SpoolOptions { dir: dir.to_owned(), max_bytes };
    let (spool, thread) = Spool::open(&options)?;
    Ok(Open { spool, thread: Some(thread) })
}

impl Open {
    fn close(mut self) {
        self.thread.take().unwrap().close(PATIENCE).unwrap();
    }

    fn status(&self) -> Status {
        self.spool.status()
    }

    /// Appends records and waits for all of them.
    fn append(&self, numbers: impl IntoIterator<Item = usize>) -> Vec<Result<RowId, AppendError>> {
        self.append_records(numbers.into_iter().map(record))
    }

    fn append_records(
        &self,
        records: impl IntoIterator<Item = Record>,
    ) -> Vec<Result<RowId, AppendError>> {
        let answers: Vec<_> = records
            .into_iter()
            .map(|record| {
                let (done, answer) = mpsc::channel();
                let queued = self.spool.append(record, move |result| done.send(result).unwrap());
                queued.map(|()| answer)
            })
            .collect();
        answers.into_iter().map(|answer| answer?.recv_timeout(PATIENCE).unwrap()).collect()
    }

    /// Appends records that must be stored.
    fn store(&self, numbers: impl IntoIterator<Item = usize>) -> Vec<RowId> {
        self.append(numbers).into_iter().collect::<Result<_, _>>().unwrap()
    }

    fn read(&self, after: Option<RowId>, rows: usize) -> Result<Vec<Row>, AccessError> {
        let limit = Limit { rows: NonZeroUsize::new(rows).unwrap(), bytes: u64::MAX };
        let (done, answer) = mpsc::channel();
        self.spool.read(after, limit, move |result| done.send(result).unwrap())?;
        answer.recv_timeout(PATIENCE).unwrap()
    }

    /// All rows, as a drain reads them.
    fn read_all(&self) -> BTreeMap<RowId, String> {
        let mut all = BTreeMap::new();
        loop {
            let after = all.last_key_value().map(|(id, _)| *id);
            let rows = self.read(after, 100).unwrap();
            if rows.is_empty() {
                return all;
            }
            all.extend(rows.iter().map(|row| (row.id, text(&row.record))));
        }
    }

    fn release(&self, acked: Vec<RowId>, refused: Vec<(RowId, String)>) -> Result<(), AccessError> {
        let (done, answer) = mpsc::channel();
        self.spool.release(acked, refused, move |result| done.send(result).unwrap())?;
        answer.recv_timeout(PATIENCE).unwrap()
    }

    /// Releases every row.
    fn drain(&self) {
        loop {
            let rows = self.read(None, 256).unwrap();
            if rows.is_empty() {
                return;
            }
            self.release(rows.iter().map(|row| row.id).collect(), Vec::new()).unwrap();
        }
    }

    fn wait_for(&self, what: &str, holds: impl Fn(&Status) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(&self.status()) {
            assert!(Instant::now() < deadline, "{what} did not come: {:?}", self.status());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.close(PATIENCE);
        }
    }
}

/// A record that its number makes one of its kind, like an ordinary post.
fn record(number: usize) -> Record {
    sized_record(number, 300)
}

fn sized_record(number: usize, size: usize) -> Record {
    let app_id = format!("app-{}", number % 5);
    let event = Event {
        app_id: &app_id,
        event_type: "recording",
        source: "hookbridge",
        subject: Some("room 1"),
        time: Some(&"2023-07-03T08:48:43Z"),
        trace_parent: None,
        trace_state: None,
        user: Some("video"),
    };
    let mut body = format!("{{\"number\":{number},\"text\":\"");
    while body.len() + 2 < size {
        body.push(char::from(b'a' + u8::try_from((body.len() + number) % 26).unwrap()));
    }
    body.push_str("\"}");
    Record::new("video.events".into(), event, Bytes::from(body), SystemTime::now())
}

/// All that a consumer sees of a record, and when it was received, to the millisecond.
fn text(record: &Record) -> String {
    let headers: Vec<_> = record.headers().collect();
    let received = Timestamp::from(record.received()).unix_millis();
    let (topic, key, value) = (record.topic(), record.key(), record.value());
    format!("{topic} {key} {headers:?} {value:?} {received}")
}

/// The names of the files of a folder that begin like this.
fn files(dir: &Path, prefix: &str) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort();
    names
}
