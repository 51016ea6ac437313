//! The health of a spool: open, full, broken, and the way back.
//!
//! | what happened | what follows |
//! |---|---|
//! | a commit fails | the connection is given up; everything is opened and checked anew |
//! | it fails again, or opening fails | the same after a pause, which doubles up to a bound |
//! | the disk is full | the reserve is removed: releases work; appends wait until the disk has room for the reserve and more, and a commit has succeeded |
//! | the limit is reached | appends wait until rows were released |
//! | the files are damaged | they are moved aside, and their rows taken over |
//!
//! Promise: nothing is appended unless the last opening or the last commit was proof that the disk
//! takes it, and the reserve is there. It knows no queue.

use crate::delivery::spool::aside;
use crate::delivery::spool::disk::{Disk, Space};
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::Folder;
use crate::delivery::spool::limit::{Others, Usage};
use crate::delivery::spool::opening::{self, Before, Condition, Report};
use crate::delivery::spool::row::from_unix_millis;
use crate::delivery::spool::state::State;
use crate::delivery::spool::status::{FullBecause, Room, Status, Totals};
use crate::delivery::spool::store::Store;
use crate::delivery::spool::store::upkeep::Shrunk;
use crate::delivery::spool::trouble::Trouble;
use std::time::{Duration, Instant};

/// Between looks at a disk or a folder that was full.
const FULL_LOOK: Duration = Duration::from_secs(1);
/// Between looks at the sizes of the files when nothing happens.
const IDLE_LOOK: Duration = Duration::from_secs(60);

/// The store with all that keeps it going.
pub(super) struct Keeper {
    folder: Folder,
    limit: u64,
    disk: Disk,
    store: Option<Store>,
    before: Before,
    /// How things stood when there last was a store.
    last: (State, Option<i64>),
    trouble: Trouble,
    usage: Usage,
    others: Others,
    files: u64,
    /// What has happened so far.
    pub(super) totals: Totals,
}

impl Keeper {
    /// Opens the folder's store. On a full disk that may be impossible, and is not an error as long
    /// as it is known how many rows wait.
    pub(super) fn open(folder: &Folder, limit: u64) -> Result<Self, Fault> {
        let mut keeper = Self {
            folder: folder.clone(),
            limit,
            disk: Disk::find(folder)?,
            store: None,
            before: Before::default(),
            last: (State::default(), None),
            trouble: Trouble::default(),
            usage: Usage::default(),
            others: Others::default(),
            files: 0,
            totals: Totals::default(),
        };
        let mut opened = keeper.open_and_look();
        if let Err(fault @ Fault::Damaged(_)) = &opened {
            keeper.failed(fault);
            opened = keeper.open_and_look();
        }
        match opened {
            Ok(()) => Ok(keeper),
            Err(fault @ Fault::DiskFull) => {
                if keeper.store.is_none() {
                    keeper.last = opening::peek(folder)?;
                }
                keeper.failed(&fault);
                keeper.look_around()?;
                Ok(keeper)
            }
            Err(fault) => Err(fault),
        }
    }

    /// The store, while it can be used.
    pub(super) fn store(&mut self) -> Option<&mut Store> {
        self.store.as_mut()
    }

    /// Whether so much more may be appended. `growth` is that of a whole transaction.
    pub(super) fn admits(&self, growth: u64) -> Result<(), FullBecause> {
        match self.disk.space() {
            Space::Full => Err(FullBecause::Disk),
            Space::Free if self.usage.admits(growth, self.limit) => Ok(()),
            Space::Free => Err(FullBecause::Limit),
        }
    }

    /// A commit has succeeded.
    pub(super) fn succeeded(&mut self) {
        self.trouble.end();
        self.totals.commits += 1;
    }

    /// The store has failed. It is given up; [`Keeper::tend`] opens it again, at once after a first
    /// failure.
    pub(super) fn failed(&mut self, fault: &Fault) {
        if let Some(store) = self.store.take() {
            self.last = (store.state(), store.oldest());
            self.before.known = Some(store.give_up());
        }
        self.trouble.add(fault.chain(), Instant::now());
        match fault {
            Fault::DiskFull => self.give_reserve(),
            Fault::Damaged(why) => self.before.damage = Some(why.clone()),
            Fault::TooManyDamaged(_)
            | Fault::UnknownFormat(_)
            | Fault::Setting { .. }
            | Fault::Sqlite(_)
            | Fault::Io { .. } => {}
        }
    }

    /// Does what is due after a round: opens the store again, moves its log, gives room back.
    pub(super) fn tend(&mut self) {
        // A first failure is followed by a second try at once.
        for _ in 0..2 {
            let tended = match self.store {
                None if self.trouble.wait(Instant::now()).is_zero() => self.open_and_look(),
                None => return,
                Some(_) => self.keep_small(),
            };
            match tended {
                Ok(()) => return,
                Err(fault) => self.failed(&fault),
            }
        }
    }

    /// Does what is due when nothing has happened for a while: sees whether other hands have made
    /// room.
    pub(super) fn tend_idle(&mut self) {
        let mut tended = self.look_around();
        if self.disk.space() == Space::Full && self.store.is_some() && self.disk.has_room() {
            // All of the checks once more, and a commit, before anything is appended.
            self.before.known = self.store.take().map(Store::give_up);
            tended = self.open_and_look();
        }
        if let Err(fault) = tended {
            self.failed(&fault);
        }
    }

    /// How long nothing is due.
    pub(super) fn patience(&self) -> Duration {
        match (&self.store, self.room()) {
            (None, _) => self.trouble.wait(Instant::now()),
            (Some(_), Room::HasRoom) => IDLE_LOOK,
            (Some(_), Room::Full { .. } | Room::Broken { .. }) => FULL_LOOK,
        }
    }

    /// What is known of the spool now.
    pub(super) fn status(&self) -> Status {
        let (state, oldest) =
            self.store.as_ref().map_or(self.last, |store| (store.state(), store.oldest()));
        Status {
            rows: state.rows.cast_unsigned(),
            bytes_of_rows: state.bytes.cast_unsigned(),
            file_bytes: self.usage.file_bytes(),
            used_bytes: self.usage.used_bytes(),
            limit_bytes: self.limit,
            oldest: oldest.map(from_unix_millis),
            set_aside_rows: state.aside.cast_unsigned(),
            set_aside_files: self.files,
            room: self.room(),
            totals: self.totals,
        }
    }

    /// Closes the store, with its log moved into the database.
    pub(super) fn close(mut self) {
        if let Some(store) = self.store.take() {
            if let Err(fault) = store.empty_log() {
                // What is in the log is as safe as in the database.
                tracing::warn!(error = fault.chain(), "the spool's log could not be emptied");
            }
            store.give_up();
        }
    }

    fn room(&self) -> Room {
        match (self.disk.space(), &self.store) {
            (Space::Full, _) => Room::Full { why: FullBecause::Disk },
            (Space::Free, None) => Room::Broken { why: self.trouble.why().to_owned() },
            (Space::Free, Some(_)) if !self.usage.has_room(self.limit) => {
                Room::Full { why: FullBecause::Limit }
            }
            (Space::Free, Some(_)) => Room::HasRoom,
        }
    }

    fn open_and_look(&mut self) -> Result<(), Fault> {
        self.try_open()?;
        self.look_around()
    }

    /// Opens the store; on a full disk once more without the reserve.
    fn try_open(&mut self) -> Result<(), Fault> {
        if !self.disk.has_index_room() && self.disk.has_reserve() {
            self.give_reserve();
        }
        let mut opened = self.open_once();
        let full = matches!(opened, Ok((_, Condition::DiskFull)) | Err(Fault::DiskFull));
        if full && self.disk.has_reserve() {
            if let Ok((store, Condition::DiskFull)) = opened {
                self.before.known = Some(store.give_up());
            }
            self.give_reserve();
            opened = self.open_once();
        }
        let (store, condition) = opened?;
        self.store = Some(store);
        match condition {
            Condition::Proven => self.disk.settle(),
            Condition::RowsLeft | Condition::DiskFull => self.disk.set_full(),
        }
        Ok(())
    }

    fn open_once(&mut self) -> Result<(Store, Condition), Fault> {
        if !self.disk.has_index_room() {
            return Err(Fault::DiskFull);
        }
        let mut report = Report::default();
        let opened = opening::open(&self.folder, &mut self.before, &mut report);
        self.totals.set_aside_files += report.moved_aside;
        self.totals.taken_over += report.taken_over;
        self.totals.missing_rows += report.missing;
        opened
    }

    fn give_reserve(&mut self) {
        self.disk.give_reserve();
        self.others.reserve = 0;
    }

    /// Keeps the log short and the file small, and sees what they take up.
    fn keep_small(&mut self) -> Result<(), Fault> {
        let Some(store) = &self.store else { return Ok(()) };
        let moved = store.checkpoint();
        self.usage = store.usage(self.others)?;
        if let Err(Fault::DiskFull) = moved {
            // It was no commit that failed: the store is as good as before, and the next round
            // tries again, with the room of the reserve.
            self.give_reserve();
            return Ok(());
        }
        moved?;
        if store.shrink(&self.usage)? == Shrunk::Yes {
            self.usage = store.usage(self.others)?;
        }
        Ok(())
    }

    /// Sees what lies beside the database: that changes seldom, or by other hands.
    fn look_around(&mut self) -> Result<(), Fault> {
        let failed = || Fault::io("look at the folder");
        let (database, others) = self.folder.sizes().map_err(failed())?;
        self.files = aside::count(&self.folder).map_err(failed())?;
        self.others = others;
        match self.store {
            Some(_) => self.keep_small()?,
            None => self.usage = Usage { db: database, others, ..Usage::default() },
        }
        Ok(())
    }
}
