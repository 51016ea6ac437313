//! The file that says up to where the queue is released. See [`crate::delivery::spool::format`].
//!
//! Promise: a slot that is being written never is the one that is known to be durable, so that a power
//! cut takes no more than what was released since the last sync. What it does not hold goes to Kafka
//! again; it never hides a record. It is written in place and needs no room on most file systems.

use crate::delivery::spool::disk::{Disk, DiskFile, OpenFor};
use crate::delivery::spool::disk_fault::is_unreadable;
use crate::delivery::spool::format::{MOST_RANGES, SLOT_LEN, SLOT_MAGIC, SLOTS};
use crate::delivery::spool::frame::{u32_at, u64_at};
use crate::delivery::spool::frames::OnError;
use crate::delivery::spool::part::MOST_ID;
use crate::delivery::spool::released::Released;
use crate::delivery::spool::segments::NEW;
use std::io::{self, ErrorKind};

/// Its name in the folder.
pub(super) const NAME: &str = "cursor";
/// Bytes of the file.
pub(super) const LEN: u64 = 8192;
/// Bytes of a range.
const RANGE: usize = 16;

/// A slot that checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// The number of its spool.
    pub(super) spool: u64,
    turn: u64,
    pub(super) released: Released,
}

/// The file, open for its owner.
#[derive(Debug)]
pub(super) struct Cursor {
    file: Box<dyn DiskFile>,
    spool: u64,
    turn: u64,
    slot: SlotState,
}

/// The state of the slot that is written next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SlotState {
    /// There is nothing in it that is not on the disk.
    Synced,
    Written,
    /// A write or a sync has failed: only what is written anew can be synced.
    Lost,
}

/// Reads the newest slot that checks and is of `spool`, or of any if that is not known. `on_error` says
/// whether what cannot be read counts as lost or is an error.
pub(super) fn read(
    disk: &dyn Disk,
    spool: Option<u64>,
    on_error: OnError,
) -> io::Result<Option<Slot>> {
    let file = match disk.open(NAME, OpenFor::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut newest: Option<Slot> = None;
    for at in SLOTS {
        let mut bytes = [0; SLOT_LEN + MOST_RANGES * RANGE];
        match file.read_at(&mut bytes, at) {
            // As if it were not there: what it alone knew goes to Kafka again.
            Err(error) if is_unreadable(&error) && on_error == OnError::IsPassedOver => continue,
            read => read?,
        };
        let slot = Slot::parse(&bytes);
        let ours = slot.filter(|slot| spool.is_none_or(|spool| slot.spool == spool));
        newest = newest.into_iter().chain(ours).max_by_key(|slot| slot.turn);
    }
    Ok(newest)
}

impl Slot {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let count = usize::try_from(u64_at(bytes, 32)).ok()?;
        if bytes[..4] != *SLOT_MAGIC || count > MOST_RANGES {
            return None;
        }
        let end = SLOT_LEN + count * RANGE;
        if crc32fast::hash(&bytes[8..end]) != u32_at(bytes, 4) {
            return None;
        }
        let below = u64_at(bytes, 24);
        let ranges = bytes[SLOT_LEN..end].chunks_exact(RANGE);
        let ranges = ranges.map(|range| (u64_at(range, 0), u64_at(range, 8)));
        let fits = |(first, last)| first <= last && last <= MOST_ID;
        if below > MOST_ID || !ranges.clone().all(fits) {
            return None;
        }
        let mut released = Released::below(below);
        for (first, last) in ranges {
            released.add(first, last);
        }
        Some(Self { spool: u64_at(bytes, 8), turn: u64_at(bytes, 16), released })
    }

    fn bytes(&self) -> Vec<u8> {
        let ranges: Vec<_> = self.released.ranges().take(MOST_RANGES).collect();
        let mut bytes = SLOT_MAGIC.to_vec();
        bytes.extend_from_slice(&[0; 4]);
        for number in [self.spool, self.turn, self.released.below, ranges.len() as u64] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for (first, last) in ranges {
            bytes.extend_from_slice(&first.to_le_bytes());
            bytes.extend_from_slice(&last.to_le_bytes());
        }
        let crc = crc32fast::hash(&bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn write(&self, file: &dyn DiskFile) -> io::Result<()> {
        file.write_at(&self.bytes(), SLOTS[usize::from(!self.turn.is_multiple_of(2))])
    }
}

impl Cursor {
    /// Opens the file, or makes it. `last` is the slot that counts.
    pub(super) fn open(disk: &dyn Disk, spool: u64, last: Option<&Slot>) -> io::Result<Self> {
        let file = match disk.open(NAME, OpenFor::Write) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => make(disk)?,
            Err(error) => return Err(error),
        };
        // What a killed process has left may not be on the disk; the other slot is written next.
        if let Some(last) = last {
            last.write(&*file)?;
        }
        file.sync()?;
        let turn = last.map_or(0, |slot| slot.turn) + 1;
        Ok(Self { file, spool, turn, slot: SlotState::Synced })
    }

    /// Writes what is released. It is durable after [`Cursor::sync`].
    pub(super) fn write(&mut self, released: &Released) -> io::Result<()> {
        let slot = Slot { spool: self.spool, turn: self.turn, released: released.clone() };
        self.slot = SlotState::Lost;
        slot.write(&*self.file)?;
        self.slot = SlotState::Written;
        Ok(())
    }

    /// Makes durable what was written, or should have been: what is released.
    pub(super) fn sync(&mut self, released: &Released) -> io::Result<()> {
        match self.slot {
            SlotState::Synced => return Ok(()),
            SlotState::Written => {}
            SlotState::Lost => self.write(released)?,
        }
        self.slot = SlotState::Lost;
        self.file.sync()?;
        self.slot = SlotState::Synced;
        self.turn += 1;
        Ok(())
    }
}

/// It has its name from when it has its room: a write that made it longer would need some.
fn make(disk: &dyn Disk) -> io::Result<Box<dyn DiskFile>> {
    let new = format!("{NAME}{NEW}");
    let made = || {
        drop(disk.remove(&new));
        let file = disk.create(&new)?;
        file.allocate(LEN)?;
        file.sync()?;
        disk.rename(&new, NAME)?;
        disk.sync()?;
        Ok(file)
    };
    made().inspect_err(|_: &io::Error| {
        for name in [&new, NAME] {
            drop(disk.remove(name));
        }
    })
}
