//! The spool's thread: rounds of one transaction for all that waits.
//!
//! Promise: a round is: take what waits (bounded), append and release in one transaction with one
//! sync, call every `done`, then read, then keep the files small. While the disk syncs, the next
//! round's records gather by themselves, so the batch is as large as the disk is slow.

use crate::delivery::spool::error::{AccessError, AppendError};
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::keeper::Keeper;
use crate::delivery::spool::limit::growth;
use crate::delivery::spool::queue::{Append, Next, Queue, Read, Release};
use crate::delivery::spool::row::{Row, RowId};
use crate::delivery::spool::status::{Room, StatusCell};
use crate::delivery::spool::store::{Applied, Change};
use std::mem;
use std::sync::Arc;

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
}

impl Worker {
    pub(super) fn new(keeper: Keeper, shared: Arc<Shared>) -> Self {
        Self { keeper, shared, told: Room::HasRoom }
    }

    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        // Also when this panics: nobody may wait for a thread that is gone.
        let shared = self.shared.clone();
        let _end = OnEnd(&shared);
        loop {
            self.publish();
            let patience = self.keeper.patience();
            let work = self.shared.queue.take(patience);
            let idle = work.appends.is_empty() && work.releases.is_empty();
            if !idle {
                self.write(work.appends, work.releases);
            }
            for read in work.reads {
                let answer = self.read(&read);
                self.publish();
                (read.done)(answer);
            }
            self.keeper.tend();
            if idle || self.told != Room::HasRoom {
                self.keeper.tend_idle();
            }
            if work.next == Next::End {
                break;
            }
        }
        self.keeper.close();
    }

    /// Appends and releases.
    fn write(&mut self, appends: Vec<Append>, releases: Vec<Release>) {
        let appends = self.admit(appends);
        if appends.is_empty() && releases.is_empty() {
            return;
        }
        let Some(store) = self.keeper.store() else {
            for append in appends {
                (append.done)(Err(AppendError::Broken));
            }
            for release in releases {
                (release.done)(Err(AccessError::Broken));
            }
            return;
        };
        let records: Vec<_> = appends.iter().map(|append| &append.record).collect();
        let mut acked = Vec::new();
        let mut refused = Vec::new();
        let mut told = Vec::with_capacity(releases.len());
        for release in releases {
            acked.extend(release.acked);
            refused.extend(release.refused);
            told.push(release.done);
        }
        let change = Change { records: &records, acked: &acked, refused: &refused };
        match store.apply(&change) {
            Ok(applied) => {
                self.count(&applied, appends.len());
                self.publish();
                for (append, id) in appends.into_iter().zip(applied.first..) {
                    (append.done)(Ok(RowId(id)));
                }
                for done in told {
                    done(Ok(()));
                }
            }
            Err(fault) => {
                let fault = self.fail(fault);
                for append in appends {
                    (append.done)(Err(AppendError::Failed(fault.clone())));
                }
                for done in told {
                    done(Err(AccessError::Failed(fault.clone())));
                }
            }
        }
    }

    /// The appends that there is room for; the others are told.
    fn admit(&mut self, appends: Vec<Append>) -> Vec<Append> {
        let mut all = 0;
        let mut admitted = Vec::with_capacity(appends.len());
        for append in appends {
            let more = growth(append.bytes);
            match self.keeper.admits(all + more) {
                Ok(()) => {
                    all += more;
                    admitted.push(append);
                }
                Err(why) => (append.done)(Err(AppendError::Full(why))),
            }
        }
        admitted
    }

    fn count(&mut self, applied: &Applied, appended: usize) {
        self.keeper.succeeded();
        let totals = &mut self.keeper.totals;
        totals.appended += appended as u64;
        totals.drained += applied.drained;
        totals.set_aside_rows += applied.set_aside;
    }

    /// Reads rows, setting damaged ones aside in passing. Once more if the files were found damaged
    /// and could be replaced.
    fn read(&mut self, read: &Read) -> Result<Vec<Row>, AccessError> {
        let mut last_fault = None;
        // Each turn but one sets at least a row aside.
        loop {
            let Some(store) = self.keeper.store() else {
                return Err(last_fault.map_or(AccessError::Broken, AccessError::Failed));
            };
            let found = match store.read(read.after, read.limit) {
                Ok(found) => found,
                Err(fault) => {
                    let fault = self.fail(fault);
                    if last_fault.replace(fault.clone()).is_some() {
                        return Err(AccessError::Failed(fault));
                    }
                    self.keeper.tend();
                    continue;
                }
            };
            if found.damaged.is_empty() {
                return Ok(found.rows);
            }
            match store.set_aside(&found.damaged) {
                Ok(rows) => {
                    self.keeper.succeeded();
                    self.keeper.totals.set_aside_rows += rows;
                    let why = found.damaged.first().map(|(_, why)| why);
                    tracing::error!(rows, error = why, "damaged rows of the spool were set aside");
                    if !found.rows.is_empty() {
                        return Ok(found.rows);
                    }
                }
                // What is sound is sent first; the damaged ones are met again.
                Err(fault) => {
                    let fault = self.fail(fault);
                    if found.rows.is_empty() {
                        return Err(AccessError::Failed(fault));
                    }
                    return Ok(found.rows);
                }
            }
        }
    }

    fn fail(&mut self, fault: Fault) -> Arc<Fault> {
        tracing::error!(error = fault.chain(), "the spool's files failed");
        self.keeper.failed(&fault);
        self.publish();
        Arc::new(fault)
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
