//! What waits for the spool's thread.
//!
//! Promise: putting a job in never waits for the disk; everything is bounded, by number and, for
//! records, by bytes. Appends come out in the order in which they went in. A job that is put in is
//! carried out, unless the thread panics: then it is dropped, and with it what it would have called.

use crate::delivery::record::Record;
use crate::delivery::spool::Limit;
use crate::delivery::spool::error::{AccessError, AppendError};
use crate::delivery::spool::row::{Row, RowId, size_of};
use std::collections::VecDeque;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Records that may wait. As many posts as the server lets in by default, and as many whose
/// senders have hung up.
const MOST_RECORDS: usize = 8192;
/// Bytes of the records that may wait: the default budget for all bodies in memory.
const MOST_BYTES: u64 = 64 << 20;
/// Releases and reads that may wait, each: there is one drain, which has a few under way.
const MOST_JOBS: usize = 64;
/// Records in one batch: a sync is paid off long before, and senders wait for the whole.
const BATCH_RECORDS: usize = 1024;
/// Bytes of the records in one batch, beyond the first: a quarter of a segment.
const BATCH_BYTES: u64 = 1 << 20;

/// What is called with the number of a row, or with why there is none.
pub(super) type AppendDone = Box<dyn FnOnce(Result<RowId, AppendError>) + Send>;
/// What is called with rows.
pub(super) type ReadDone = Box<dyn FnOnce(Result<Vec<Row>, AccessError>) + Send>;
/// What is called when rows are released.
pub(super) type ReleaseDone = Box<dyn FnOnce(Result<(), AccessError>) + Send>;

/// A record to store.
pub(super) struct Append {
    pub(super) record: Record,
    pub(super) bytes: u64,
    pub(super) done: AppendDone,
}

/// Rows to read.
pub(super) struct Read {
    pub(super) after: Option<RowId>,
    pub(super) limit: Limit,
    pub(super) done: ReadDone,
}

/// Rows to release.
pub(super) struct Release {
    pub(super) acked: Vec<RowId>,
    pub(super) refused: Vec<(RowId, String)>,
    pub(super) done: ReleaseDone,
}

/// Jobs for one round of the thread.
#[derive(Default)]
pub(super) struct Work {
    pub(super) appends: Vec<Append>,
    pub(super) releases: Vec<Release>,
    pub(super) reads: Vec<Read>,
    pub(super) next: Next,
}

/// What comes behind this round.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another one.
    #[default]
    Round,
    /// The end: it is closing, and nothing is left.
    End,
}

/// The queue between the handles and the thread.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    ended: Condvar,
}

#[derive(Default)]
struct Waiting {
    appends: VecDeque<Append>,
    bytes: u64,
    releases: Vec<Release>,
    reads: Vec<Read>,
    stage: Stage,
    thread: Thread,
}

#[derive(Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    Closing,
    Ended,
}

/// Whether the thread has to be woken: that costs a system call.
#[derive(Default, PartialEq, Eq)]
enum Thread {
    #[default]
    Busy,
    Asleep,
}

/// A job was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejected {
    Full,
    Closed,
}

impl Queue {
    /// Puts a record in.
    pub(super) fn append(&self, record: Record, done: AppendDone) -> Result<(), Rejected> {
        let bytes = size_of(&record);
        let mut waiting = self.open()?;
        let all = waiting.bytes.saturating_add(bytes);
        // A record that alone is over the bound may wait alone.
        let over = all > MOST_BYTES && !waiting.appends.is_empty();
        if waiting.appends.len() >= MOST_RECORDS || over {
            return Err(Rejected::Full);
        }
        waiting.bytes = all;
        waiting.appends.push_back(Append { record, bytes, done });
        self.wake(waiting);
        Ok(())
    }

    /// Puts a read in.
    pub(super) fn read(&self, read: Read) -> Result<(), Rejected> {
        let mut waiting = self.open()?;
        if waiting.reads.len() >= MOST_JOBS {
            return Err(Rejected::Full);
        }
        waiting.reads.push(read);
        self.wake(waiting);
        Ok(())
    }

    /// Puts a release in.
    pub(super) fn release(&self, release: Release) -> Result<(), Rejected> {
        let mut waiting = self.open()?;
        if waiting.releases.len() >= MOST_JOBS {
            return Err(Rejected::Full);
        }
        waiting.releases.push(release);
        self.wake(waiting);
        Ok(())
    }

    /// Takes what waits, up to a batch; waits for it no longer than `longest`.
    pub(super) fn take(&self, longest: Duration) -> Work {
        let deadline = Instant::now() + longest;
        let mut waiting = self.lock();
        while waiting.is_idle() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            waiting.thread = Thread::Asleep;
            let woken = self.wake.wait_timeout(waiting, left);
            (waiting, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
        waiting.thread = Thread::Busy;
        waiting.take()
    }

    /// Whether it takes no more jobs.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().stage != Stage::Open
    }

    /// Takes no more jobs; those that wait are carried out.
    pub(super) fn close(&self) {
        let mut waiting = self.lock();
        if waiting.stage == Stage::Open {
            waiting.stage = Stage::Closing;
        }
        self.wake(waiting);
    }

    /// The thread has ended. What waits is dropped; after an orderly end that is nothing.
    pub(super) fn end(&self) {
        let mut waiting = self.lock();
        waiting.stage = Stage::Ended;
        let left = mem::take(&mut *waiting);
        waiting.stage = Stage::Ended;
        drop(waiting);
        drop(left);
        self.ended.notify_all();
    }

    /// Waits for the end; says whether it came.
    pub(super) fn wait_for_end(&self, within: Duration) -> Ended {
        let waiting = self.lock();
        let running = |waiting: &mut Waiting| waiting.stage != Stage::Ended;
        let ended = self.ended.wait_timeout_while(waiting, within, running);
        let (waiting, _) = ended.unwrap_or_else(PoisonError::into_inner);
        if waiting.stage == Stage::Ended { Ended::Yes } else { Ended::NotYet }
    }

    fn open(&self) -> Result<MutexGuard<'_, Waiting>, Rejected> {
        let waiting = self.lock();
        match waiting.stage {
            Stage::Open => Ok(waiting),
            Stage::Closing | Stage::Ended => Err(Rejected::Closed),
        }
    }

    fn wake(&self, mut waiting: MutexGuard<'_, Waiting>) {
        let asleep = mem::take(&mut waiting.thread) == Thread::Asleep;
        drop(waiting);
        if asleep {
            self.wake.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the thread has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Yes,
    NotYet,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.releases.is_empty() && self.reads.is_empty()
    }

    fn is_idle(&self) -> bool {
        self.is_empty() && self.stage == Stage::Open
    }

    fn take(&mut self) -> Work {
        let mut work = Work {
            releases: mem::take(&mut self.releases),
            reads: mem::take(&mut self.reads),
            ..Work::default()
        };
        let mut bytes = 0;
        while let Some(append) = self.appends.front() {
            bytes += append.bytes;
            let full = work.appends.len() == BATCH_RECORDS || bytes > BATCH_BYTES;
            if full && !work.appends.is_empty() {
                break;
            }
            self.bytes -= append.bytes;
            work.appends.extend(self.appends.pop_front());
        }
        if self.is_empty() && self.stage != Stage::Open {
            work.next = Next::End;
        }
        work
    }
}
