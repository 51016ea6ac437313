//! The frames of a segment that check, in their order on disk.
//!
//! Promise: what does not check is passed over and reported, never given out; each byte is read about
//! once, and no more is held than one piece or one frame. It knows nothing of ids in a row: that is
//! for who reads.

use crate::delivery::spool::disk::DiskFile;
use crate::delivery::spool::format::{FRAME, HEADER, SECTOR, STEP};
use crate::delivery::spool::frame::{Head, Kind, Salt};
use std::io;
use std::ops::Range;

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;
/// What is given up at once where a disk cannot read.
const BLOCK: usize = 4096;

/// What is done where the disk cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnError {
    /// It is an error, as it may pass.
    Fails,
    /// It counts as zeros, which are no frame.
    IsPassedOver,
}

/// A walk through a segment.
#[derive(Debug)]
pub(super) struct Frames {
    file: Box<dyn DiskFile>,
    salt: Salt,
    on_error: OnError,
    /// Where the next frame should begin.
    at: u64,
    /// Where there is nothing more to be read.
    end: u64,
    piece: Vec<u8>,
    /// Where the piece is in the file.
    start: u64,
    /// Bytes behind the last frame that the disk did not give.
    unreadable: u64,
}

/// A frame that checks. Its payload is asked for at [`Frames::payload`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) id: u64,
    /// Where it begins and ends in the file.
    pub(super) place: Range<u64>,
    /// Where the bytes begin that did not check, if there are such in front of it.
    pub(super) gap: Option<u64>,
    len: usize,
}

impl Frames {
    /// Those of a file up to `end`.
    pub(super) fn new(file: Box<dyn DiskFile>, salt: Salt, end: u64, on_error: OnError) -> Self {
        let at = HEADER as u64;
        Self { file, salt, on_error, at, end, piece: Vec::new(), start: 0, unreadable: 0 }
    }

    /// Lets it read on, as the file has grown.
    pub(super) fn extend(&mut self, end: u64) {
        self.end = self.end.max(end);
    }

    /// Lets the next one begin at `at` or behind it.
    pub(super) fn go_to(&mut self, at: u64) {
        self.at = at;
    }

    /// Bytes behind the frame that was given last which the disk did not give.
    pub(super) fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// The next one.
    pub(super) fn next(&mut self) -> io::Result<Option<Frame>> {
        let begin = self.at;
        let mut at = begin;
        while at + FRAME as u64 <= self.end {
            if let Some(head) = self.check(at)? {
                let end = at + head.frame_len() as u64;
                (self.at, self.unreadable) = (end, 0);
                let (kind, id, len) = (head.kind, head.id, head.len);
                let gap = (at > begin).then_some(begin);
                return Ok(Some(Frame { kind, id, place: at..end, gap, len }));
            }
            at = self.next_magic(at + STEP as u64)?;
        }
        Ok(None)
    }

    /// The payload of the frame that was given last.
    pub(super) fn payload(&self, frame: &Frame) -> &[u8] {
        let at = usize::try_from(frame.place.start - self.start).expect("it is in the piece");
        &self.piece[at + FRAME..at + FRAME + frame.len]
    }

    /// Whether a sector is all zeros from `gap` on, as one is that was never written.
    pub(super) fn is_torn(&mut self, gap: Range<u64>) -> io::Result<bool> {
        let mut at = gap.start;
        while at < gap.end {
            let end = (at / SECTOR + 1) * SECTOR;
            let bytes = self.bytes(at, usize::try_from(end - at).expect("at most a sector"))?;
            if is_zeros(bytes) {
                return Ok(true);
            }
            at = end;
        }
        Ok(false)
    }

    /// Whether there is nothing behind the frame that was given last, as far as all could be read.
    pub(super) fn ends_clean(&mut self) -> io::Result<bool> {
        Ok(self.unreadable == 0 && self.is_clean(self.at)?)
    }

    /// Whether there are only zeros from `at` on.
    pub(super) fn is_clean(&mut self, mut at: u64) -> io::Result<bool> {
        while at < self.end {
            let len = PIECE.min(usize::try_from(self.end - at).unwrap_or(PIECE));
            if !is_zeros(self.bytes(at, len)?) {
                return Ok(false);
            }
            at += len as u64;
        }
        Ok(true)
    }

    fn check(&mut self, at: u64) -> io::Result<Option<Head>> {
        let (salt, end) = (self.salt, self.end);
        let Some(head) = Head::parse(self.bytes(at, FRAME)?, salt.magic()) else { return Ok(None) };
        let len = head.frame_len();
        if at + len as u64 > end {
            return Ok(None);
        }
        Ok(head.checks(salt, self.bytes(at, len)?).then_some(head))
    }

    /// The next place from `at` on where a frame may begin.
    fn next_magic(&mut self, mut at: u64) -> io::Result<u64> {
        let magic = self.salt.magic();
        while at + FRAME as u64 <= self.end {
            let len = PIECE.min(usize::try_from(self.end - at).unwrap_or(PIECE));
            let bytes = self.bytes(at, len)?;
            // No salt begins with a zero, and most of a segment may be zeros.
            if !is_zeros(bytes) {
                let mut steps = bytes.chunks_exact(STEP);
                if let Some(steps) = steps.position(|step| step.starts_with(&magic)) {
                    return Ok(at + (steps * STEP) as u64);
                }
            }
            at += (len / STEP * STEP) as u64;
        }
        Ok(at)
    }

    /// The bytes from `at` on; zeros where the file ends before.
    fn bytes(&mut self, at: u64, len: usize) -> io::Result<&[u8]> {
        let held = self.start..self.start + self.piece.len() as u64;
        if at < held.start || at + len as u64 > held.end {
            self.load(at, len)?;
        }
        let from = usize::try_from(at - self.start).expect("it is in the piece");
        Ok(&self.piece[from..from + len])
    }

    fn load(&mut self, at: u64, len: usize) -> io::Result<()> {
        let left = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
        let len = len.max(PIECE.min(left));
        if self.piece.len() != len {
            self.piece = vec![0; len];
        }
        self.start = at;
        match (self.file.read_at(&mut self.piece, at), self.on_error) {
            (Ok(read), _) => {
                self.piece[read..].fill(0);
                Ok(())
            }
            (Err(error), OnError::Fails) => {
                self.piece.clear();
                Err(error)
            }
            (Err(_), OnError::IsPassedOver) => {
                let (mut from, mut rest) = (at, &mut self.piece[..]);
                while !rest.is_empty() {
                    // By the blocks of the file, so that a bad one takes no byte of its neighbours.
                    let ahead =
                        BLOCK - usize::try_from(from % BLOCK as u64).expect("less than a block");
                    let len = rest.len().min(ahead);
                    let (block, behind) = rest.split_at_mut(len);
                    block.fill(0);
                    if self.file.read_at(block, from).is_err() {
                        block.fill(0);
                        self.unreadable += len as u64;
                    }
                    (from, rest) = (from + len as u64, behind);
                }
                Ok(())
            }
        }
    }
}

/// Compares blocks: a byte at a time, a build for tests takes longer than all else.
fn is_zeros(bytes: &[u8]) -> bool {
    bytes.chunks(BLOCK).all(|block| *block == [0; BLOCK][..block.len()])
}
