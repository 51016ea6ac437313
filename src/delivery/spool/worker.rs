//! The spool's thread: rounds of one batch for all that waits.
//!
//! Promise: a round is: take what waits (bounded), append it with one sync, call every `done`, release,
//! then read, then give room back. While the disk syncs, the next round's records gather by
//! themselves, so the batch is as large as the disk is slow.

use crate::delivery::spool::error::{AccessError, AppendError};
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::keeper::{IDLE_LOOK, Keeper, LOOK};
use crate::delivery::spool::log::Cut;
use crate::delivery::spool::queue::{Append, Next, Queue, Read, Release};
use crate::delivery::spool::row::{Row, RowId};
use crate::delivery::spool::status::{FullBecause, Room, StatusCell};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the thread and the handles share.
pub(super) struct Shared {
    pub(super) queue: Queue,
    pub(super) status: StatusCell,
}

/// The thread's own.
pub(super) struct Worker {
    keeper: Keeper,
    shared: Arc<Shared>,
    told: Room,
    /// Upkeep has failed, and is not tried before.
    upkeep: Option<Instant>,
    /// When the folder was looked at, and the age of the first row.
    looked: Instant,
    aged: Instant,
}

impl Worker {
    pub(super) fn new(keeper: Keeper, shared: Arc<Shared>) -> Self {
        let now = Instant::now();
        Self { keeper, shared, told: Room::HasRoom, upkeep: None, looked: now, aged: now }
    }

    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        // Also when this panics: nobody may wait for a thread that is gone.
        let shared = self.shared.clone();
        let _end = OnEnd(&shared);
        loop {
            self.publish();
            let work = self.shared.queue.take(self.patience());
            if !work.appends.is_empty() {
                self.append(work.appends);
            }
            if !work.releases.is_empty() {
                self.release(work.releases);
            }
            for read in work.reads {
                let answer = self.read(&read);
                self.publish();
                (read.done)(answer);
            }
            self.tend();
            if work.next == Next::End {
                break;
            }
        }
        if let Err(fault) = self.keeper.store.sync_cursor() {
            tracing::warn!(error = fault.chain(), "the spool's releases cannot be synced");
        }
    }

    /// How long nothing is due.
    fn patience(&self) -> Duration {
        let upkeep = self.upkeep.map(|at| at.saturating_duration_since(Instant::now()));
        upkeep.unwrap_or(Duration::MAX).min(self.keeper.patience())
    }

    fn append(&mut self, appends: Vec<Append>) {
        let mut appends = appends.into_iter();
        while !appends.as_slice().is_empty() {
            let records: Vec<_> = appends.as_slice().iter().map(|append| &append.record).collect();
            let (appended, turned) = match self.keeper.refusal() {
                Some(refusal) => (0, Some(refusal)),
                None => match self.keeper.store.append(&records) {
                    Ok(()) => (records.len(), None),
                    Err(Cut { appended, fault }) => (appended, Some(self.turned(fault))),
                },
            };
            if turned.is_none() {
                self.keeper.trouble.end();
            }
            self.publish();
            let first = self.keeper.store.next_id() - appended as u64;
            for (append, id) in appends.by_ref().take(appended).zip(first..) {
                (append.done)(Ok(RowId(id)));
            }
            let Some(turned) = turned else { return };
            // A smaller one may still have room in the limit.
            let others = match turned {
                AppendError::Full(FullBecause::Limit) => 1,
                AppendError::Full(FullBecause::Disk)
                | AppendError::QueueFull
                | AppendError::Broken
                | AppendError::Failed(_)
                | AppendError::Closed => appends.len(),
            };
            appends.by_ref().take(others).for_each(|append| (append.done)(Err(turned.clone())));
        }
    }

    /// What is told to those whose records were not appended.
    fn turned(&mut self, fault: Fault) -> AppendError {
        match fault {
            Fault::LimitReached => AppendError::Full(FullBecause::Limit),
            Fault::DiskFull => {
                self.failed(&fault);
                AppendError::Full(FullBecause::Disk)
            }
            Fault::Unusable { .. } | Fault::Io { .. } => {
                self.failed(&fault);
                AppendError::Failed(Arc::new(fault))
            }
        }
    }

    fn release(&mut self, releases: Vec<Release>) {
        let mut told = Vec::with_capacity(releases.len());
        let (mut acked, mut refused) = (Vec::new(), Vec::new());
        for release in releases {
            acked.extend(release.acked);
            refused.extend(release.refused);
            told.push(release.done);
        }
        let fault = self.keeper.store.release(&acked, &refused).err().map(Arc::new);
        if let Some(fault) = &fault {
            tracing::error!(error = fault.chain(), "the spool's quarantine failed");
        }
        self.publish();
        for done in told {
            done(fault.clone().map_or(Ok(()), |fault| Err(AccessError::Failed(fault))));
        }
    }

    fn read(&mut self, read: &Read) -> Result<Vec<Row>, AccessError> {
        match self.keeper.store.read(read.after, read.limit) {
            Ok(found) => {
                for gap in &found.gaps {
                    let (first, last) = (gap.start, gap.end - 1);
                    tracing::error!(first, last, "records of the spool are damaged or missing");
                }
                Ok(found.rows)
            }
            Err(fault) => {
                tracing::error!(error = fault.chain(), "the spool's files failed");
                Err(AccessError::Failed(Arc::new(fault)))
            }
        }
    }

    fn tend(&mut self) {
        let now = Instant::now();
        if self.upkeep.is_none_or(|at| at <= now) {
            self.upkeep = None;
            if let Err(fault) = self.keeper.store.tend() {
                tracing::warn!(error = fault.chain(), "the spool cannot give room back");
                self.upkeep = Some(now + LOOK);
            }
            if now.duration_since(self.aged) >= LOOK {
                self.aged = now;
                self.keeper.store.find_oldest();
            }
        }
        let look = if self.told == Room::HasRoom { IDLE_LOOK } else { LOOK };
        if now.duration_since(self.looked) >= look {
            self.looked = now;
            if let Err(fault) = self.keeper.store.look_around() {
                tracing::warn!(error = fault.chain(), "the spool's folder cannot be listed");
            }
        }
        if let Err(fault) = self.keeper.heal() {
            self.failed(&fault);
        }
    }

    fn failed(&mut self, fault: &Fault) {
        tracing::error!(error = fault.chain(), "the spool's files failed");
        self.keeper.failed(fault);
        self.publish();
    }

    /// Lets the handles see how things stand, and the log where that is news.
    fn publish(&mut self) {
        let status = self.keeper.status();
        let before = mem::replace(&mut self.told, status.room.clone());
        match (&before, &status.room) {
            (Room::HasRoom, Room::HasRoom)
            | (Room::Full { .. }, Room::Full { .. })
            | (Room::Broken { .. }, Room::Broken { .. }) => {}
            (_, Room::HasRoom) => tracing::info!("the spool has room"),
            (_, Room::Full { why }) => {
                tracing::error!(error = %why, "the spool is full, posts are refused while kafka is away");
            }
            (_, Room::Broken { why }) => {
                tracing::error!(
                    error = why,
                    "the spool is broken, posts are refused while kafka is away"
                );
            }
        }
        self.shared.status.set(status);
    }
}

/// Tells that the thread has ended, however it did.
struct OnEnd<'a>(&'a Shared);

impl Drop for OnEnd<'_> {
    fn drop(&mut self) {
        self.0.status.thread_has_ended();
        self.0.queue.end();
    }
}
