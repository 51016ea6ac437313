//! The health of a spool's files, and the way back.
//!
//! | what happened | what follows |
//! |---|---|
//! | a write or a sync fails | the segment is given up; another one is begun, which proves the disk |
//! | that fails too | the same after a pause, which doubles up to a bound |
//! | the disk is full | appends wait until it has room for a segment; releases and reads need none |
//! | the limit is reached | appends wait until rows were released |
//!
//! It owns no files: it says what to do with those that it is given.

use crate::delivery::spool::backoff::Backoff;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::error::AppendError;
use crate::delivery::spool::status::{FullBecause, Room};
use crate::delivery::spool::store::Store;
use std::time::{Duration, Instant};

/// Between looks at a disk or a folder that was full, and after maintenance that failed.
pub(super) const LOOK: Duration = Duration::from_secs(1);
/// Between looks at the folder when nothing happens.
pub(super) const IDLE_LOOK: Duration = Duration::from_secs(60);
/// Under this room nothing is let through, so that readiness does not flicker: some ordinary posts.
const LEAST_ROOM: u64 = 64 << 10;
/// Room that a full disk must have beside what is needed, or it would be full again at once.
const RETURN_ROOM: u64 = 1 << 20;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Health {
    state: State,
    backoff: Backoff,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Good,
    DiskFull,
    LimitReached,
    Broken,
}

impl Health {
    /// Whether a record can be appended.
    pub(super) fn room(&self, store: &Store) -> Room {
        match self.state {
            State::Good if store.has_room_in_limit(LEAST_ROOM) => Room::HasRoom,
            State::Good | State::LimitReached => Room::Full { why: FullBecause::Limit },
            State::DiskFull => Room::Full { why: FullBecause::Disk },
            State::Broken => Room::Broken { why: self.backoff.why().to_owned() },
        }
    }

    /// Why nothing is appended, if nothing is.
    pub(super) fn refusal(&self) -> Option<AppendError> {
        match self.state {
            State::Good => None,
            State::DiskFull => Some(AppendError::Full(FullBecause::Disk)),
            State::LimitReached => Some(AppendError::Full(FullBecause::Limit)),
            State::Broken => Some(AppendError::Broken),
        }
    }

    /// Appends are no longer possible, for this reason.
    pub(super) fn failed(&mut self, fault: &DiskFault) {
        self.state = match fault {
            DiskFault::DiskFull => State::DiskFull,
            DiskFault::LimitReached => State::LimitReached,
            DiskFault::Unusable { .. } | DiskFault::Read { .. } | DiskFault::Io { .. } => {
                tracing::error!(error = fault.chain(), "the spool's files failed");
                State::Broken
            }
        };
        self.backoff.failed(fault.chain(), Instant::now());
    }

    /// An append has succeeded.
    pub(super) fn succeeded(&mut self) {
        self.backoff.succeeded();
    }

    /// Tries whether appends are possible again, where that is due.
    pub(super) fn heal(&mut self, store: &mut Store) {
        if self.state == State::Good && !store.is_writable() {
            self.state = State::Broken;
        }
        let may_try = self.backoff.wait(Instant::now()).is_zero();
        let is_due = match self.state {
            State::Good => false,
            State::Broken => may_try,
            State::LimitReached => store.has_room_in_limit(LEAST_ROOM),
            State::DiskFull => may_try && store.may_have_room(RETURN_ROOM),
        };
        if is_due {
            match store.make_room() {
                Ok(()) => self.state = State::Good,
                Err(fault) => self.failed(&fault),
            }
        }
    }

    /// How long nothing is due.
    pub(super) fn idle_time(&self, store: &Store) -> Duration {
        let unsynced = if store.is_unsynced() { LOOK } else { IDLE_LOOK };
        match self.state {
            State::Good => unsynced,
            State::Broken => self.backoff.wait(Instant::now()).min(unsynced),
            State::DiskFull | State::LimitReached => LOOK,
        }
    }
}
