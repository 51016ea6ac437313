//! A look at a spool from another process, while a bridge may be at work in it.
//!
//! Promise: it takes no lock and changes nothing; it holds a piece of a segment at a time. A segment
//! that vanishes was released meanwhile. What is not synced yet may be seen. It does not repair.

mod rows;
pub mod stored_row;

use crate::delivery::spool::disk::FolderEntry;
use crate::delivery::spool::disk::system::SystemDisk;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::folder::Folder;
use crate::delivery::spool::frames::OnError;
use crate::delivery::spool::part::Part;
use crate::delivery::spool::reader::rows::{Item, Rows};
use crate::delivery::spool::row::{RowParts, from_unix_millis};
use crate::delivery::spool::segments::{self, Files};
use std::collections::BTreeMap;
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

impl SpoolReader {
    /// Opens the spool in `dir`.
    pub fn open(dir: &Path) -> Result<Self, SpoolError> {
        Folder::at(dir).must_hold_spool()?;
        let disk = SystemDisk::at(dir);
        let disk = disk.map_err(|source| SpoolError::Folder { dir: dir.to_owned(), source })?;
        let reader = Self { dir: dir.to_owned(), disk };
        reader.look()?;
        Ok(reader)
    }

    /// The state of the spool. Reads all rows that wait.
    pub fn summary(&self) -> Result<Summary, SpoolError> {
        let files = self.look()?;
        let segments = files.queue.iter().chain(&files.quarantine);
        let file_bytes = segments.map(|segment| segment.bytes).sum::<u64>() + files.other_bytes;
        let damaged = files.damaged.into_iter();
        let damaged = damaged.map(|FolderEntry { name, bytes }| DamagedFile { name, bytes });
        let mut summary =
            Summary { file_bytes, damaged_files: damaged.collect(), ..Summary::default() };
        self.named(self.count(&mut summary))?;
        Ok(summary)
    }

    /// The rows of a part, oldest first.
    pub fn rows(&self, part: Part) -> Result<Rows<'_>, SpoolError> {
        self.named(Rows::of(self, part))
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
        self.named(segments::look(&self.disk, OnError::IsPassedOver))
    }

    fn count(&self, summary: &mut Summary) -> Result<(), DiskFault> {
        let mut keys: BTreeMap<(String, String), KeyCount> = BTreeMap::new();
        let mut rows = Rows::of(self, Part::Queue)?;
        loop {
            let frame = match rows.item()? {
                Item::Record(frame) => frame,
                Item::Gap(ids) => {
                    summary.missing_rows += ids.end - ids.start;
                    continue;
                }
                Item::End => break,
            };
            let parts =
                RowParts::of(rows.payload(&frame)).and_then(|parts| Ok((parts, parts.len()?)));
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

    fn named<T>(&self, result: Result<T, DiskFault>) -> Result<T, SpoolError> {
        result.map_err(|fault| SpoolError::Files { dir: self.dir.clone(), fault })
    }
}
