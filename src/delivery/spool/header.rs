//! The first hundred bytes of a database, and what never changes in them (fileformat2.html, 1.3).
//!
//! Promise: it opens the file and closes it again, so nobody in this process may have it open
//! through `SQLite`, whose locks that would drop.

use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::state::FORMAT;
use crate::delivery::spool::wal::PAGE;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// `application_id`: `HkSp` in ASCII.
pub(super) const APPLICATION_ID: u32 = 0x486b_5370;

/// The length of the header.
const HEADER: usize = 100;

/// What never changes in the header of a spool, by where it stands: the name of the format; page
/// size, WAL for writers and readers, no bytes reserved, payload fractions; schema format 4;
/// neither vacuum nor cache settings, UTF-8; no incremental vacuum; our id and room that is zero.
const CONSTANTS: [(usize, &[u8]); 5] = [
    (0, b"SQLite format 3\0\x10\x00\x02\x02\x00\x40\x20\x20"),
    (44, &[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    (64, &[0; 4]),
    (68, &APPLICATION_ID.to_be_bytes()),
    (72, &[0; 20]),
];
/// Where `user_version` stands.
const USER_VERSION: usize = 60;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// A spool of this format.
    Ours,
    /// All as in ours, but for the number of the format.
    Format(u32),
    /// No header of a spool, and why not.
    Changed(String),
}

/// Reads the header of the file at `path`, which is so many bytes long.
pub(super) fn read(path: &Path, size: u64) -> Result<Header, Fault> {
    if size < PAGE as u64 {
        return Ok(Header::Changed(format!("the database has {size} bytes")));
    }
    let mut header = [0; HEADER];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.map_err(Fault::io("read the header of the database"))?;
    for (at, bytes) in CONSTANTS {
        if header[at..at + bytes.len()] != *bytes {
            let why = format!("the header of the database is changed behind byte {at}");
            return Ok(Header::Changed(why));
        }
    }
    let version = header[USER_VERSION..].first_chunk().map_or(0, |v| u32::from_be_bytes(*v));
    Ok(if version == FORMAT { Header::Ours } else { Header::Format(version) })
}
