//! The bytes of a file of the model: as they are read, and what of them a power cut may leave.
//!
//! Promise: of what was not synced, each sector that was written is left as it was on the disk or as it
//! was after any of the writes, each by itself; the length likewise. It knows no names.

use crate::delivery::spool::format::SECTOR;
use fastrand::Rng;

/// Bytes of a sector, as a length in memory.
const SECTOR_LEN: usize = 512;
const _: () = assert!(SECTOR_LEN as u64 == SECTOR);

/// How many of eight unsynced changes are left: none, all, and what lies between, by weight.
const ODDS: [u8; 8] = [0, 1, 3, 4, 4, 5, 7, 8];

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    bytes: Vec<u8>,
    /// What is on the disk for certain.
    durable: Vec<u8>,
    /// The writes since the last sync.
    written: Vec<Written>,
    /// The lengths since then.
    lengths: Vec<usize>,
}

/// The sectors that a write has touched, as they were after it.
#[derive(Debug, Clone)]
struct Written {
    at: usize,
    bytes: Vec<u8>,
}

/// What a power cut or a failed sync leaves.
pub(super) struct Odds<'a> {
    rng: &'a mut Rng,
    of_eight: u8,
}

impl<'a> Odds<'a> {
    pub(super) fn draw(rng: &'a mut Rng) -> Self {
        let of_eight = ODDS[rng.usize(..ODDS.len())];
        Self { rng, of_eight }
    }

    /// Whether one more change is left.
    pub(super) fn leave(&mut self) -> bool {
        self.rng.u8(..8) < self.of_eight
    }
}

impl Content {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn read_at(&self, bytes: &mut [u8], at: u64) -> usize {
        let there =
            usize::try_from(at).ok().and_then(|at| self.bytes.get(at..)).unwrap_or_default();
        let len = there.len().min(bytes.len());
        bytes[..len].copy_from_slice(&there[..len]);
        len
    }

    pub(super) fn write_at(&mut self, bytes: &[u8], at: u64) {
        let at = usize::try_from(at).unwrap();
        if at + bytes.len() > self.bytes.len() {
            self.set_len(at + bytes.len());
        }
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        let begin = at / SECTOR_LEN * SECTOR_LEN;
        let end = (at + bytes.len()).next_multiple_of(SECTOR_LEN);
        let mut sectors = self.bytes[begin..end.min(self.bytes.len())].to_vec();
        resize(&mut sectors, end - begin);
        self.written.push(Written { at: begin, bytes: sectors });
    }

    pub(super) fn set_len(&mut self, len: usize) {
        resize(&mut self.bytes, len);
        self.lengths.push(len);
    }

    pub(super) fn sync(&mut self) {
        self.land(|| true);
    }

    /// A sync that fails: what it could not write is held for clean, as Linux does, so that the next
    /// sync succeeds and proves nothing. It may still be read, until the memory is needed elsewhere.
    pub(super) fn fail_sync(&mut self, rng: &mut Rng) {
        let mut odds = Odds::draw(rng);
        self.land(|| odds.leave());
        if rng.bool() {
            let len = self.bytes.len();
            self.bytes.clone_from(&self.durable);
            resize(&mut self.bytes, len);
        }
    }

    /// What a power cut leaves.
    pub(super) fn cut(&self, odds: &mut Odds<'_>) -> Self {
        let mut left = Self { bytes: Vec::new(), ..self.clone() };
        left.land(|| odds.leave());
        left.bytes.clone_from(&left.durable);
        left
    }

    /// Brings to the disk what is left of the changes; the others are lost.
    fn land(&mut self, mut leave: impl FnMut() -> bool) {
        let mut len = self.durable.len();
        for length in self.lengths.drain(..) {
            if leave() {
                len = length;
            }
        }
        for Written { at, bytes } in self.written.drain(..) {
            for (sector, at) in bytes.chunks(SECTOR_LEN).zip((at..).step_by(SECTOR_LEN)) {
                if leave() {
                    if self.durable.len() < at + SECTOR_LEN {
                        resize(&mut self.durable, at + SECTOR_LEN);
                    }
                    self.durable[at..at + SECTOR_LEN].copy_from_slice(sector);
                }
            }
        }
        resize(&mut self.durable, len);
    }
}

/// As [`Vec::resize`] with zeros, which goes byte by byte where nothing is optimized.
fn resize(bytes: &mut Vec<u8>, len: usize) {
    if len > bytes.len() {
        bytes.append(&mut vec![0; len - bytes.len()]);
    }
    bytes.truncate(len);
}
