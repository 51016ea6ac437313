//! A look at a spool from another process, while a bridge may be at work in it.
//!
//! Promise: it takes no lock and changes nothing; it holds a piece of a segment at a time. A segment
//! that vanishes was released meanwhile. What is not synced yet may be seen. It does not repair.

use crate::delivery::spool::cursor;
use crate::delivery::spool::disk::Entry;
use crate::delivery::spool::disk::system::SystemDisk;
use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::Folder;
use crate::delivery::spool::frames::{Frame, OnError};
use crate::delivery::spool::part::Part;
use crate::delivery::spool::released::Released;
use crate::delivery::spool::row::{Parts, Unreadable, Verdict, from_unix_millis};
use crate::delivery::spool::segments::{self, Files, Segment};
use crate::delivery::spool::walk::{Step, Walk};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A read-only view of a folder's spool.
#[derive(Debug)]
pub struct SpoolReader {
    dir: PathBuf,
    disk: SystemDisk,
}

/// What waits, and what does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows that wait and check.
    pub rows: u64,
    /// Their bytes: topics, keys, headers, values.
    pub bytes_of_rows: u64,
    /// When the post of the first one was received.
    pub oldest: Option<SystemTime>,
    /// Rows that should be there and are not, or do not check.
    pub missing_rows: u64,
    /// The rows that wait, by topic and key, in the order of both.
    pub keys: Vec<KeyCount>,
    /// Bytes of all files of the folder.
    pub file_bytes: u64,
    /// Damaged files that are kept.
    pub damaged_files: Vec<DamagedFile>,
}

/// A damaged file that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFile {
    /// Its name in the folder.
    pub name: String,
    /// Its bytes.
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

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// The number under which it was appended.
    pub id: u64,
    /// Its topic.
    pub topic: String,
    /// Its key.
    pub key: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its value.
    pub value: Vec<u8>,
    /// When its post was received.
    pub received: SystemTime,
    /// When and why it was quarantined.
    pub quarantined: Option<(SystemTime, String)>,
    /// What is wrong. Then there is nothing of the above but the number.
    pub fault: Option<String>,
}

/// The rows of a part, one after another.
#[derive(Debug)]
pub struct Rows<'a> {
    reader: &'a SpoolReader,
    part: Part,
    segments: VecDeque<Segment>,
    released: Released,
    /// The id that should come.
    next: u64,
    /// The ids below this one were given, as a last segment that has lost its headers tells.
    reached: u64,
    /// What is not there and was not told yet.
    gap: Range<u64>,
    /// The segment that is read, and the id at which it ends.
    walk: Option<(Walk, u64)>,
}

/// What comes next.
enum Item {
    Record(Frame),
    Gap(Range<u64>),
    End,
}

impl SpoolReader {
    /// Opens the spool in `dir`.
    pub fn open(dir: &Path) -> Result<Self, SpoolError> {
        Folder::at(dir).must_hold_spool()?;
        let reader = Self { dir: dir.to_owned(), disk: SystemDisk::at(dir) };
        reader.look()?;
        Ok(reader)
    }

    /// How things stand. Reads all rows that wait.
    pub fn summary(&self) -> Result<Summary, SpoolError> {
        let files = self.look()?;
        let segments = files.queue.iter().chain(&files.quarantine);
        let file_bytes = segments.map(|segment| segment.bytes).sum::<u64>() + files.other_bytes;
        let damaged = files.damaged.into_iter();
        let damaged = damaged.map(|Entry { name, bytes }| DamagedFile { name, bytes });
        let mut summary =
            Summary { file_bytes, damaged_files: damaged.collect(), ..Summary::default() };
        self.named(self.count(&mut summary))?;
        Ok(summary)
    }

    /// The rows of a part, oldest first.
    pub fn rows(&self, part: Part) -> Result<Rows<'_>, SpoolError> {
        self.named(self.walk(part))
    }

    /// Looks at every row of both parts, and says what is wrong; nothing: all is sound.
    pub fn verify(&self) -> Result<Vec<String>, SpoolError> {
        let mut faults = Vec::new();
        for part in [Part::Queue, Part::Quarantine] {
            let mut rows = self.rows(part)?;
            while let Some(row) = rows.read()? {
                faults.extend(row.fault);
            }
        }
        let headless = self.look()?.headless;
        faults.extend(headless.iter().map(|file| format!("{} has lost its headers", file.name)));
        Ok(faults)
    }

    fn look(&self) -> Result<Files, SpoolError> {
        self.named(segments::look(&self.disk))
    }

    fn walk(&self, part: Part) -> Result<Rows<'_>, Fault> {
        let files = segments::look(&self.disk)?;
        let slot = cursor::read(&self.disk, files.spool).map_err(Fault::io("read the cursor"))?;
        let first = files.first(part);
        let headless = files.headless.iter().filter(|file| file.part == part);
        let reached = headless.map(|file| file.first).max().unwrap_or(0);
        let (segments, slot) = match part {
            Part::Queue => (files.queue, slot),
            Part::Quarantine => (files.quarantine, None),
        };
        let released = slot.map_or_else(|| Released::below(first), |slot| slot.released);
        let next = released.below;
        Ok(Rows {
            reader: self,
            part,
            segments: segments.into(),
            released,
            next,
            reached,
            gap: 0..0,
            walk: None,
        })
    }

    fn count(&self, summary: &mut Summary) -> Result<(), Fault> {
        let mut keys: BTreeMap<(String, String), KeyCount> = BTreeMap::new();
        let mut rows = self.walk(Part::Queue)?;
        loop {
            let frame = match rows.item()? {
                Item::Record(frame) => frame,
                Item::Gap(ids) => {
                    summary.missing_rows += ids.end - ids.start;
                    continue;
                }
                Item::End => break,
            };
            let parts = Parts::of(rows.payload(&frame)).and_then(|parts| Ok((parts, parts.len()?)));
            let Ok((parts, bytes)) = parts else {
                summary.missing_rows += 1;
                continue;
            };
            let received = from_unix_millis(parts.received);
            summary.rows += 1;
            summary.bytes_of_rows += bytes;
            summary.oldest.get_or_insert(received);
            let (topic, key) = (parts.topic.to_owned(), parts.key.to_owned());
            let count = keys.entry((topic, key)).or_insert_with_key(|(topic, key)| {
                let (topic, key) = (topic.clone(), key.clone());
                KeyCount { topic, key, rows: 0, bytes: 0, oldest: received }
            });
            count.rows += 1;
            count.bytes += bytes;
            count.oldest = count.oldest.min(received);
        }
        summary.keys = keys.into_values().collect();
        Ok(())
    }

    fn named<T>(&self, result: Result<T, Fault>) -> Result<T, SpoolError> {
        result.map_err(|fault| SpoolError::Files { dir: self.dir.clone(), fault })
    }
}

impl Rows<'_> {
    /// The next one; none: there are no more.
    pub fn read(&mut self) -> Result<Option<StoredRow>, SpoolError> {
        let item = self.item();
        let row = match self.reader.named(item)? {
            Item::End => return Ok(None),
            Item::Gap(ids) => broken(ids.start, describe(self.part, &ids)),
            Item::Record(frame) => stored_row(self.part, frame.id, self.payload(&frame))
                .unwrap_or_else(|Unreadable| broken(frame.id, Unreadable.to_string())),
        };
        Ok(Some(row))
    }

    fn payload(&self, frame: &Frame) -> &[u8] {
        self.walk.as_ref().map_or(&[], |(walk, _)| walk.payload(frame))
    }

    fn item(&mut self) -> Result<Item, Fault> {
        let failed = || Fault::io("read a segment");
        loop {
            if let Some(gap) = self.missing() {
                return Ok(Item::Gap(gap));
            }
            let Some((walk, end)) = &mut self.walk else {
                let Some(segment) = self.segments.pop_front() else { return Ok(Item::End) };
                if self.next < segment.first {
                    self.gap = self.next..segment.first;
                    self.next = segment.first;
                    self.segments.push_front(segment);
                    continue;
                }
                self.walk = self.enter(&segment).map_err(failed())?;
                if self.walk.is_none() {
                    // It was released meanwhile.
                    self.next = self.segments.front().map_or(self.next, |next| next.first);
                }
                continue;
            };
            match walk.step(*end).map_err(failed())? {
                Step::End => {
                    self.next = self.next.max(*end);
                    self.walk = None;
                }
                Step::Record(frame) if self.released.waits(frame.id) => {
                    return Ok(Item::Record(frame));
                }
                Step::Record(_) => {}
                Step::Gap(ids) => self.gap = ids,
            }
        }
    }

    /// The next ids of the gap that are missing: those that are released are not.
    fn missing(&mut self) -> Option<Range<u64>> {
        let first = self.released.next(self.gap.start);
        let mut released = self.released.ranges().map(|(first, _)| first);
        let end = released.find(|released| *released > first).unwrap_or(self.gap.end);
        let missing = first..end.min(self.gap.end);
        self.gap.start = missing.end.max(self.gap.start);
        (!missing.is_empty()).then_some(missing)
    }

    /// A walk through a segment, unless all of it is released.
    fn enter(&self, segment: &Segment) -> io::Result<Option<(Walk, u64)>> {
        let end = match self.segments.front() {
            Some(next) => Ok(next.first),
            None => segment.tail(&self.reader.disk).map(|tail| tail.next.max(self.reached)),
        };
        match end.and_then(|end| Ok((segment.walk(&self.reader.disk, OnError::Fails)?, end))) {
            Ok(walk) => Ok(Some(walk)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn describe(part: Part, ids: &Range<u64>) -> String {
    let what = match part {
        Part::Queue => "record",
        Part::Quarantine => "quarantined record",
    };
    match ids.end - ids.start {
        1 => format!("{what} {} is missing or damaged", ids.start),
        _ => format!("{what}s {} to {} are missing or damaged", ids.start, ids.end - 1),
    }
}

fn broken(id: u64, fault: String) -> StoredRow {
    StoredRow {
        id,
        topic: String::new(),
        key: String::new(),
        headers: Vec::new(),
        value: Vec::new(),
        received: SystemTime::UNIX_EPOCH,
        quarantined: None,
        fault: Some(fault),
    }
}

fn stored_row(part: Part, id: u64, payload: &[u8]) -> Result<StoredRow, Unreadable> {
    let (verdict, payload) = match part {
        Part::Queue => (None, payload),
        Part::Quarantine => {
            let (verdict, payload) = Verdict::split(payload)?;
            (Some(verdict), payload)
        }
    };
    let parts = Parts::of(payload)?;
    let headers = parts.headers()?.into_iter();
    Ok(StoredRow {
        id: verdict.map_or(id, |verdict| verdict.row),
        topic: parts.topic.to_owned(),
        key: parts.key.to_owned(),
        headers: headers.map(|(name, value)| (name.as_str().to_owned(), value.into())).collect(),
        value: parts.value.to_vec(),
        received: from_unix_millis(parts.received),
        quarantined: verdict
            .map(|verdict| (from_unix_millis(verdict.at), verdict.reason.to_owned())),
        fault: None,
    })
}
