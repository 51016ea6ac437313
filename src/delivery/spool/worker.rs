//! The spool's thread: rounds of one batch for all that waits.
//!
//! Promise: a round is: take what waits (bounded), append it with one sync, call every `done`, release,
//! then read, then maintain. While the disk syncs, the next round's records gather by
//! themselves, so the batch is as large as the disk is slow.

use crate::delivery::spool::backoff::Backoff;
use crate::delivery::spool::disk::Disk;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::error::{AccessError, AppendError};
use crate::delivery::spool::health::{Health, IDLE_LOOK, LOOK};
use crate::delivery::spool::log::Cut;
use crate::delivery::spool::queue::{Append, Next, Queue, Read, Release};
use crate::delivery::spool::row::{Row, RowId};
use crate::delivery::spool::status::{FullBecause, Room, StatusCell};
use crate::delivery::spool::store::{Sizes, Store};
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a start may wait for what the disk does not give: less than a liveness probe does.
const START: Duration = Duration::from_secs(20);

/// What the thread and the handles share.
pub(super) struct Shared {
    pub(super) queue: Queue,
    pub(super) status: StatusCell,
}

/// The thread's own.
pub(super) struct Worker {
    store: Store,
    health: Health,
    shared: Arc<Shared>,
    /// What was published last, and since when it holds.
    published: Room,
    turned: Instant,
    /// Maintenance has failed, and is not tried before.
    maintain_at: Option<Instant>,
    /// When the folder was looked at, and the age of the first row.
    looked: Instant,
    aged: Instant,
}

impl Worker {
    /// Opens the store. A full disk is no error: what is there can be drained. A disk that cannot read
    /// is asked again, for [`START`], before what it does not give counts as damaged.
    pub(super) fn open(disk: &Arc<dyn Disk>, sizes: Sizes) -> Result<Self, DiskFault> {
        let (mut store, mut health) = (open_store(disk, sizes)?, Health::default());
        if let Err(fault) = store.make_room() {
            health.failed(&fault);
        }
        store.find_oldest();
        let status = StatusCell::new(store.status(health.room(&store)));
        let shared = Arc::new(Shared { queue: Queue::default(), status });
        let (published, maintain_at, now) = (Room::HasRoom, None, Instant::now());
        let (turned, looked, aged) = (now, now, now);
        Ok(Self { store, health, shared, published, turned, maintain_at, looked, aged })
    }

    /// What its handles need.
    pub(super) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        // Also when this panics: nobody may wait for a thread that is gone.
        let shared = self.shared.clone();
        let _end = OnEnd(&shared);
        loop {
            self.publish();
            let work = self.shared.queue.take(self.idle_time());
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
            self.maintain();
            if work.next == Next::End {
                break;
            }
        }
        if let Err(fault) = self.store.sync_cursor() {
            tracing::warn!(error = fault.chain(), "the spool's releases cannot be synced");
        }
    }

    /// How long nothing is due.
    fn idle_time(&self) -> Duration {
        let pause = self.maintain_at.map(|at| at.saturating_duration_since(Instant::now()));
        pause.unwrap_or(Duration::MAX).min(self.health.idle_time(&self.store))
    }

    fn append(&mut self, appends: Vec<Append>) {
        let mut appends = appends.into_iter();
        while !appends.as_slice().is_empty() {
            let records: Vec<_> = appends.as_slice().iter().map(|append| &append.record).collect();
            let (appended, refused) = match self.health.refusal() {
                Some(refusal) => (0, Some(refusal)),
                None => match self.store.append(&records) {
                    Ok(()) => (records.len(), None),
                    Err(Cut { appended, fault }) => (appended, Some(self.refused(fault))),
                },
            };
            if refused.is_none() {
                self.health.succeeded();
            }
            self.publish();
            let first = self.store.next_id() - appended as u64;
            for (append, id) in appends.by_ref().take(appended).zip(first..) {
                (append.done)(Ok(RowId(id)));
            }
            let Some(refused) = refused else { return };
            // A smaller one may still have room in the limit.
            let others = match refused {
                AppendError::Full(FullBecause::Limit) => 1,
                AppendError::Full(FullBecause::Disk)
                | AppendError::QueueFull
                | AppendError::Broken
                | AppendError::Failed(_)
                | AppendError::Closed => appends.len(),
            };
            appends.by_ref().take(others).for_each(|append| (append.done)(Err(refused.clone())));
        }
    }

    /// What is answered to those whose records were not appended.
    fn refused(&mut self, fault: DiskFault) -> AppendError {
        match fault {
            DiskFault::LimitReached => AppendError::Full(FullBecause::Limit),
            DiskFault::DiskFull => {
                self.health.failed(&fault);
                AppendError::Full(FullBecause::Disk)
            }
            DiskFault::Unusable { .. } | DiskFault::Read { .. } | DiskFault::Io { .. } => {
                self.health.failed(&fault);
                AppendError::Failed(Arc::new(fault))
            }
        }
    }

    fn release(&mut self, releases: Vec<Release>) {
        let mut callbacks = Vec::with_capacity(releases.len());
        let (mut acked, mut refused) = (Vec::new(), Vec::new());
        for release in releases {
            acked.extend(release.acked);
            refused.extend(release.refused);
            callbacks.push(release.done);
        }
        let fault = self.store.release(&acked, &refused).err().map(Arc::new);
        self.publish();
        for done in callbacks {
            done(fault.clone().map_or(Ok(()), |fault| Err(AccessError::Failed(fault))));
        }
    }

    fn read(&mut self, read: &Read) -> Result<Vec<Row>, AccessError> {
        match self.store.read(read.after, read.limit) {
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

    fn maintain(&mut self) {
        let now = Instant::now();
        if self.maintain_at.is_none_or(|at| at <= now) {
            self.maintain_at = None;
            if let Err(fault) = self.store.maintain() {
                tracing::warn!(error = fault.chain(), "the spool cannot give room back");
                self.maintain_at = Some(now + LOOK);
            }
            if now.duration_since(self.aged) >= LOOK {
                self.aged = now;
                self.store.find_oldest();
            }
        }
        let look = if self.published == Room::HasRoom { IDLE_LOOK } else { LOOK };
        if now.duration_since(self.looked) >= look {
            self.looked = now;
            if let Err(fault) = self.store.look_around() {
                tracing::warn!(error = fault.chain(), "the spool's folder cannot be listed");
            }
        }
        self.health.heal(&mut self.store);
    }

    /// Shows the handles the status, and the log each change of it.
    fn publish(&mut self) {
        let status = self.store.status(self.health.room(&self.store));
        let before = mem::replace(&mut self.published, status.room.clone());
        if mem::discriminant(&before) != mem::discriminant(&status.room) {
            let now = Instant::now();
            let turned = mem::replace(&mut self.turned, now);
            log_room(&status.room, now.duration_since(turned));
        }
        self.shared.status.set(status);
    }
}

/// A change, after what was before has held for this time.
fn log_room(room: &Room, after: Duration) {
    let after_seconds = after.as_secs();
    match room {
        Room::HasRoom => tracing::info!(after_seconds, "the spool has room"),
        Room::Full { why } => tracing::error!(
            error = %why,
            after_seconds,
            "the spool is full, posts are refused while kafka is away"
        ),
        Room::Broken { why } => tracing::error!(
            error = why,
            after_seconds,
            "the spool is broken, posts are refused while kafka is away"
        ),
    }
}

fn open_store(disk: &Arc<dyn Disk>, sizes: Sizes) -> Result<Store, DiskFault> {
    let (begun, mut backoff) = (Instant::now(), Backoff::default());
    loop {
        match Store::open(disk, sizes) {
            Err(fault) if fault.is_unreadable() && begun.elapsed() < START => {
                tracing::error!(
                    error = fault.chain(),
                    "the spool cannot be read, it is tried again"
                );
                backoff.failed(fault.chain(), Instant::now());
                thread::sleep(backoff.wait(Instant::now()));
            }
            Err(fault) if fault.is_unreadable() => return Store::open_without(disk, sizes),
            opened => return opened,
        }
    }
}

/// Reports that the thread has ended, however it did.
struct OnEnd<'a>(&'a Shared);

impl Drop for OnEnd<'_> {
    fn drop(&mut self) {
        self.0.status.thread_has_ended();
        self.0.queue.end();
    }
}
