//! The health of a spool, and the way back.
//!
//! | what happened | what follows |
//! |---|---|
//! | a write or a sync fails | the segment is given up; another one is begun, which proves the disk |
//! | that fails too | the same after a pause, which doubles up to a bound |
//! | the disk is full | appends wait until it has room for a segment; releases and reads need none |
//! | the limit is reached | appends wait until rows were released |
//!
//! It knows no queue.

use crate::delivery::spool::disk::Disk;
use crate::delivery::spool::error::AppendError;
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::status::{FullBecause, Room, Status};
use crate::delivery::spool::store::{Sizes, Store};
use crate::delivery::spool::trouble::Trouble;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between looks at a disk or a folder that was full, and after upkeep that failed.
pub(super) const LOOK: Duration = Duration::from_secs(1);
/// Between looks at the folder when nothing happens.
pub(super) const IDLE_LOOK: Duration = Duration::from_secs(60);
/// Under this room nothing is let through, so that readiness does not flicker: some ordinary posts.
const LEAST_ROOM: u64 = 64 << 10;
/// Room that a full disk must have beside what is needed, or it would be full again at once.
const RETURN_ROOM: u64 = 1 << 20;

/// The store with its health.
pub(super) struct Keeper {
    pub(super) store: Store,
    health: Health,
    pub(super) trouble: Trouble,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    DiskFull,
    LimitReached,
    Broken,
}

impl Keeper {
    /// Opens the store. A full disk is no error: what is there can be drained.
    pub(super) fn open(disk: &Arc<dyn Disk>, sizes: Sizes) -> Result<Self, Fault> {
        let mut store = Store::open(disk, sizes)?;
        let room = store.make_room();
        store.find_oldest();
        let mut keeper = Self { store, health: Health::Good, trouble: Trouble::default() };
        if let Err(fault) = room {
            keeper.failed(&fault);
            if keeper.health == Health::Broken {
                tracing::error!(error = fault.chain(), "the spool's files failed");
            }
        }
        Ok(keeper)
    }

    pub(super) fn status(&self) -> Status {
        self.store.status(self.room())
    }

    fn room(&self) -> Room {
        match self.health {
            Health::Good if self.store.has_room_in_limit(LEAST_ROOM) => Room::HasRoom,
            Health::Good | Health::LimitReached => Room::Full { why: FullBecause::Limit },
            Health::DiskFull => Room::Full { why: FullBecause::Disk },
            Health::Broken => Room::Broken { why: self.trouble.why().to_owned() },
        }
    }

    /// Why nothing is appended, if nothing is.
    pub(super) fn refusal(&self) -> Option<AppendError> {
        match self.health {
            Health::Good => None,
            Health::DiskFull => Some(AppendError::Full(FullBecause::Disk)),
            Health::LimitReached => Some(AppendError::Full(FullBecause::Limit)),
            Health::Broken => Some(AppendError::Broken),
        }
    }

    /// Appends are no longer possible, for this reason.
    pub(super) fn failed(&mut self, fault: &Fault) {
        self.health = match fault {
            Fault::DiskFull => Health::DiskFull,
            Fault::LimitReached => Health::LimitReached,
            Fault::Unusable { .. } | Fault::Io { .. } => Health::Broken,
        };
        self.trouble.add(fault.chain(), Instant::now());
    }

    /// Tries whether appends are possible again, where that is due.
    pub(super) fn heal(&mut self) -> Result<(), Fault> {
        if self.health == Health::Good && !self.store.is_writable() {
            self.health = Health::Broken;
        }
        let due = match self.health {
            Health::Good => false,
            Health::Broken => self.trouble.wait(Instant::now()).is_zero(),
            Health::LimitReached => self.store.has_room_in_limit(LEAST_ROOM),
            Health::DiskFull => {
                self.trouble.wait(Instant::now()).is_zero() && self.store.may_have_room(RETURN_ROOM)
            }
        };
        if due {
            self.store.make_room()?;
            self.health = Health::Good;
        }
        Ok(())
    }

    /// How long nothing is due.
    pub(super) fn patience(&self) -> Duration {
        match self.health {
            Health::Good if self.store.is_unsynced() => LOOK,
            Health::Good => IDLE_LOOK,
            Health::Broken if self.store.is_unsynced() => {
                self.trouble.wait(Instant::now()).min(LOOK)
            }
            Health::Broken => self.trouble.wait(Instant::now()),
            Health::DiskFull | Health::LimitReached => LOOK,
        }
    }
}
