//! A segment of the spool, damaged.
//!
//! Promise: whatever is written over it, and wherever it ends, each record that is read is one that was
//! appended, to the byte; the others are reported as missing.
//!
//! Inputs are edits of one segment that a bridge has written, and no segments: almost all of those would
//! end at the first checksum.

use crate::Target;
use hookbridge::delivery::spool::part::Part;
use hookbridge::delivery::spool::reader::SpoolReader;
use hookbridge::delivery::spool::reader::stored_row::StoredRow;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// Four records, with a sync behind each.
const SOUND: &[u8] = include_bytes!("../segment.log");
const NAME: &str = "00000000000000000001.log";
/// Where files cost no disk.
const MEMORY: &str = "/dev/shm";
/// What an edit takes of an input: where (two bytes), and what is there.
const EDIT: usize = 3;
/// Edits at this place cut the segment.
const CUTS: u16 = u16::MAX;

/// Reads a segment after an input's edits.
#[derive(Debug)]
pub struct Segment {
    folder: TempDir,
    rows: Vec<StoredRow>,
}

impl Segment {
    /// In a folder of its own.
    pub fn in_memory() -> Self {
        let folder = TempDir::new_in(MEMORY).expect("room in memory");
        let mut segment = Self { folder, rows: Vec::new() };
        segment.write(SOUND);
        segment.rows = segment.read();
        assert_eq!(segment.rows.iter().filter(|row| row.fault.is_none()).count(), 4);
        segment
    }

    fn write(&self, bytes: &[u8]) {
        let file: PathBuf = self.folder.path().join(NAME);
        fs::write(file, bytes).expect("room in memory");
    }

    fn read(&self) -> Vec<StoredRow> {
        let Ok(reader) = SpoolReader::open(self.folder.path()) else { return Vec::new() };
        drop((reader.summary(), reader.verify()));
        let mut rows = reader.rows(Part::Queue).expect("a folder");
        std::iter::from_fn(|| rows.read().expect("a file")).collect()
    }
}

impl Target for Segment {
    fn run(&self, input: &[u8]) {
        let mut bytes = SOUND.to_owned();
        for edit in input.chunks_exact(EDIT) {
            let at = u16::from_le_bytes([edit[0], edit[1]]);
            if at == CUTS {
                bytes.truncate(bytes.len() * usize::from(edit[2]) / 256);
            } else if let Some(byte) = bytes.get_mut(usize::from(at)) {
                *byte = edit[2];
            }
        }
        self.write(&bytes);
        for row in self.read().iter().filter(|row| row.fault.is_none()) {
            assert!(self.rows.contains(row), "{row:?}");
        }
    }
}
