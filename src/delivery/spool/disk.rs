//! Whether the disk is full, and the reserve that is given up when it is.
//!
//! Promise: the disk is held to be free only while the reserve is there. It becomes full when a
//! write says so, and free again when there is room for the reserve and enough beside it.

use crate::delivery::spool::ballast::{BALLAST, Ballast};
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::Folder;
use crate::delivery::spool::wal::PAGE;

/// Room beside the reserve for the first append after the start.
const START_ROOM: u64 = 1 << 20;
/// Room beside the reserve that ends a full disk: the log and a batch more, or it would be full
/// again at once.
const RETURN_ROOM: u64 = 8 << 20;

/// What opening maps of the log's index, and what a file system needs to find it. `SQLite` writes
/// one byte of each of its pages and reaches the rest through the mapping: where blocks are smaller
/// than pages, as on an ext4 of less than 512 MiB, a full disk would then kill the process with a
/// SIGBUS (seen).
const INDEX_ROOM: u64 = 64 << 10;

/// The disk of a folder.
#[derive(Debug)]
pub(super) struct Disk {
    folder: Folder,
    ballast: Ballast,
    space: Space,
}

/// What the disk is held to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// Appends may be tried.
    Free,
    /// They may not.
    Full,
}

impl Disk {
    /// As the folder has it; nothing is known to be full.
    pub(super) fn find(folder: &Folder) -> Result<Self, Fault> {
        let ballast = Ballast::find(folder)?;
        Ok(Self { folder: folder.clone(), ballast, space: Space::Free })
    }

    /// What it is held to be.
    pub(super) fn space(&self) -> Space {
        self.space
    }

    /// Whether the reserve is there.
    pub(super) fn has_reserve(&self) -> bool {
        self.ballast.is_held()
    }

    /// It is full, and the reserve stays: what room there is suffices for the moment.
    pub(super) fn set_full(&mut self) {
        self.space = Space::Full;
    }

    /// It is full, and the reserve is needed.
    pub(super) fn give_reserve(&mut self) {
        self.space = Space::Full;
        if let Err(fault) = self.ballast.release() {
            tracing::warn!(error = fault.chain(), "the spool's reserve cannot be given up");
        }
    }

    /// Whether the index of the log can be mapped without danger.
    pub(super) fn has_index_room(&self) -> bool {
        let room = || self.folder.disk_room().map_or(true, |room| room >= INDEX_ROOM);
        self.folder.disk_block().map_or(true, |block| block >= PAGE as u64) || room()
    }

    /// Sees whether it has room, and takes the reserve.
    pub(super) fn settle(&mut self) {
        let taken = if self.has_room() { self.ballast.take() } else { Err(Fault::DiskFull) };
        self.space = match taken {
            Ok(()) => Space::Free,
            Err(Fault::DiskFull) => Space::Full,
            Err(fault) => {
                tracing::warn!(error = fault.chain(), "the spool's reserve cannot be made");
                Space::Full
            }
        };
    }

    /// Whether there is enough room for it to be free.
    pub(super) fn has_room(&self) -> bool {
        let beside = match self.space {
            Space::Free => START_ROOM,
            Space::Full => RETURN_ROOM,
        };
        let reserve = if self.ballast.is_held() { 0 } else { BALLAST };
        // A disk that cannot be asked is tried.
        self.folder.disk_room().map_or(true, |room| room >= beside + reserve)
    }
}
