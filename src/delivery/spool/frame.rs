//! Frames and headers of segments, as bytes. See [`crate::delivery::spool::format`].
//!
//! Promise: what does not check is no frame, whatever it claims to be; nothing is read past the end of
//! what is given.

use crate::delivery::spool::format::{
    FRAME, HEADER, HEADER_COPIES, HEADER_LEN, HEADER_MAGIC, STEP, VERSION,
};
use std::io;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Record,
    Commit,
    Quarantined,
}

/// A random number that the frames of one segment bear. No sender knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Salt(pub(super) u64);

/// The head of a frame: enough to know how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    crc: u32,
    pub(super) kind: Kind,
    pub(super) id: u64,
    /// Bytes of the payload.
    pub(super) len: usize,
}

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// The number of its spool.
    pub(super) spool: u64,
    pub(super) salt: Salt,
    /// The id of its first record.
    pub(super) first: u64,
}

/// What is where a header should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ParsedHeader {
    Sound(Header),
    /// It checks, and is of another version.
    OtherVersion(u32),
    Invalid,
}

impl Kind {
    fn number(self) -> u32 {
        match self {
            Self::Record => 1,
            Self::Commit => 2,
            Self::Quarantined => 3,
        }
    }

    fn of(number: u32) -> Option<Self> {
        [Self::Record, Self::Commit, Self::Quarantined]
            .into_iter()
            .find(|kind| kind.number() == number)
    }
}

impl Salt {
    /// Draws one.
    pub(super) fn draw() -> io::Result<Self> {
        let drawn = getrandom::u64().map_err(io::Error::other)?;
        // Not zero: what was never written is no beginning of a frame.
        Ok(Self(drawn | 1))
    }

    /// What each frame begins with.
    pub(super) fn magic(self) -> [u8; 4] {
        *self.0.to_le_bytes().first_chunk().expect("eight bytes")
    }
}

impl Head {
    /// Reads it; `None` if it begins otherwise.
    pub(super) fn parse(bytes: &[u8], magic: [u8; 4]) -> Option<Self> {
        if bytes.len() < FRAME || bytes[..4] != magic {
            return None;
        }
        let kind = Kind::of(u32_at(bytes, 12))?;
        let len = usize::try_from(u32_at(bytes, 8)).ok()?;
        Some(Self { crc: u32_at(bytes, 4), kind, id: u64_at(bytes, 16), len })
    }

    /// The bytes of the whole frame.
    pub(super) fn frame_len(&self) -> usize {
        padded(FRAME + self.len)
    }

    /// Whether the frame, of which these are the bytes, is as it was written.
    pub(super) fn checks(&self, salt: Salt, frame: &[u8]) -> bool {
        frame.get(8..FRAME + self.len).is_some_and(|covered| checksum(salt, covered) == self.crc)
    }
}

/// Appends a frame; `payload` appends its own.
pub(super) fn put(
    bytes: &mut Vec<u8>,
    salt: Salt,
    kind: Kind,
    id: u64,
    payload: impl FnOnce(&mut Vec<u8>),
) {
    let start = bytes.len();
    bytes.extend_from_slice(&salt.magic());
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend_from_slice(&kind.number().to_le_bytes());
    bytes.extend_from_slice(&id.to_le_bytes());
    payload(bytes);
    let len = u32::try_from(bytes.len() - start - FRAME).expect("a body is under 1 GB");
    bytes[start + 8..start + 12].copy_from_slice(&len.to_le_bytes());
    let crc = checksum(salt, &bytes[start + 8..]);
    bytes[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    bytes.resize(start + padded(bytes.len() - start), 0);
}

impl Header {
    /// What comes in front of the frames: both copies.
    pub(super) fn page(&self) -> Vec<u8> {
        let mut copy = HEADER_MAGIC.to_vec();
        copy.extend_from_slice(&VERSION.to_le_bytes());
        copy.extend_from_slice(&[0; 4]);
        for number in [self.spool, self.salt.0, self.first] {
            copy.extend_from_slice(&number.to_le_bytes());
        }
        let crc = header_checksum(&copy);
        copy[12..16].copy_from_slice(&crc.to_le_bytes());
        let mut page = vec![0; HEADER];
        for at in HEADER_COPIES {
            page[at..at + HEADER_LEN].copy_from_slice(&copy);
        }
        page
    }

    /// Reads one copy.
    pub(super) fn parse(copy: &[u8; HEADER_LEN]) -> ParsedHeader {
        if copy[..8] != *HEADER_MAGIC || u32_at(copy, 12) != header_checksum(copy) {
            return ParsedHeader::Invalid;
        }
        match u32_at(copy, 8) {
            VERSION => ParsedHeader::Sound(Self {
                spool: u64_at(copy, 16),
                salt: Salt(u64_at(copy, 24)),
                first: u64_at(copy, 32),
            }),
            version => ParsedHeader::OtherVersion(version),
        }
    }
}

/// The least multiple of a frame's step that is not less.
pub(super) fn padded(len: usize) -> usize {
    len.next_multiple_of(STEP)
}

fn checksum(salt: Salt, covered: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&salt.0.to_le_bytes());
    crc.update(covered);
    crc.finalize()
}

fn header_checksum(copy: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&copy[8..12]);
    crc.update(&copy[16..HEADER_LEN]);
    crc.finalize()
}

/// The number at a place that is there.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// The number at a place that is there.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
