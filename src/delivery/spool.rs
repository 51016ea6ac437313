//! Records on disk while Kafka is away: a log of segments, written by one thread.
//!
//! Promise: a `done` that is called with a row's number is called after the row was synced to the
//! disk; the row is given to readers, in the order of appends, until it is released, whatever
//! happens to the process or the machine in between. What a failing disk takes nevertheless is
//! found by checksums, counted and reported; a damaged row is never given out. It heals by itself, and
//! needs no room to be emptied.
//!
//! | part | job |
//! |---|---|
//! | [`mod@format`] | the files, to the byte |
//! | [`queue`], [`worker`], [`health`], [`backoff`] | what waits, bounded; one sync for all of it; the way back from failures |
//! | [`store`] | the queue ([`log`], [`active_segment`]), what of it is released ([`released`], [`cursor`]), the quarantine |
//! | [`walk`], [`frames`], [`segments`], [`frame`], [`row`] | from bytes to records, and what is missing |
//! | [`mod@disk`], [`folder`] | files that are written and synced; whose they are |
//! | [`reader`], [`requeue`], [`retopic`] | another process looks at it; records go back, or elsewhere |
//!
//! It knows no Kafka. It does not say when to append or to drain: that is the gate's.

// For its callers.
pub mod error;
pub mod disk_fault;
pub mod part;
pub mod row;
pub mod status;

// Other commands.
pub mod reader;
pub mod requeue;
pub mod retopic;
pub mod shown_topics;

// The thread.
mod backoff;
mod health;
mod queue;
mod worker;

// The open spool.
mod active_segment;
mod cursor;
mod log;
mod released;
mod store;

// From bytes to records.
mod format;
mod frame;
mod frames;
mod segments;
mod walk;

// Where the bytes are.
mod disk;
mod folder;

use crate::delivery::record::Record;
use crate::delivery::spool::disk::Disk;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::error::{AccessError, AppendError, CloseError, SpoolError};
use crate::delivery::spool::folder::{Folder, FolderLock};
use crate::delivery::spool::frames::OnError;
use crate::delivery::spool::queue::{Ended, Read, Rejected, Release};
use crate::delivery::spool::row::{Row, RowId};
use crate::delivery::spool::status::Status;
use crate::delivery::spool::store::{Sizes, Store};
use crate::delivery::spool::worker::{Shared, Worker};
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// The least limit, in bytes: the quarantine twice, and some segments.
pub const LEAST_LIMIT: u64 = 16 << 20;

/// Bytes of a segment of the queue: a thousandth of the time of an append goes into making one, and no
/// more than this is kept longer than what is in it.
const SEGMENT: u64 = 4 << 20;
/// Bytes of a segment of the quarantine: room for some records that are as large as a post may be.
const QUARANTINE_SEGMENT: u64 = 1 << 20;

/// Where the spool is and how large it may become.
#[derive(Debug, Clone)]
pub struct SpoolOptions {
    /// The folder; made if it is missing. Nothing else may be kept in it.
    pub dir: PathBuf,
    /// The most that all files of the folder may take up, in bytes; at least [`LEAST_LIMIT`].
    pub max_bytes: u64,
}

/// How much to read at once.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// At most this many rows.
    pub rows: NonZeroUsize,
    /// No further row once this many bytes are read.
    pub bytes: u64,
}

/// A handle of an open spool, for any thread; cheap to clone.
#[derive(Clone)]
pub struct Spool {
    shared: Arc<Shared>,
}

/// The spool's thread and its right to the folder. Not `Clone`: whoever has it ends the spool.
#[must_use = "the spool is closed through it"]
pub struct SpoolThread {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Spool {
    /// Opens the spool and starts its thread. Blocks for milliseconds: a header of each segment is
    /// read, and the last segment whole; for seconds where the disk fails.
    pub fn open(options: &SpoolOptions) -> Result<(Self, SpoolThread), SpoolError> {
        let (worker, lock) = prepare(options)?;
        let shared = worker.shared();
        let run = move || {
            let _lock = lock;
            worker.run();
        };
        let thread = Builder::new().name("spool".to_owned()).spawn(run);
        let thread = Some(thread.map_err(SpoolError::Thread)?);
        Ok((Self { shared: shared.clone() }, SpoolThread { shared, thread }))
    }

    /// Whether it could be opened, as far as its folder tells while another bridge has it. Changes
    /// nothing; a folder that is missing can be made.
    pub fn look(options: &SpoolOptions) -> Result<(), SpoolError> {
        let SpoolOptions { dir, max_bytes } = options;
        check_limit(*max_bytes)?;
        let Some(disk) = Folder::at(dir).look()? else { return Ok(()) };
        let looked = segments::look(&disk, OnError::IsPassedOver);
        looked.map(drop).map_err(|fault| SpoolError::Files { dir: dir.clone(), fault })
    }

    /// Opens the spool that a bridge has left in `dir`, to empty it: there must be one, and it may
    /// be of any size.
    pub fn open_left(dir: &Path) -> Result<(Self, SpoolThread), SpoolError> {
        Folder::at(dir).must_hold_spool()?;
        Self::open(&SpoolOptions { dir: dir.to_owned(), max_bytes: u64::MAX })
    }

    /// Queues a record, without waiting for anything. `done` is called from the spool's thread,
    /// after the row was synced to the disk or with why it was not; it must be quick. On an error
    /// here, nothing was queued and `done` is not called.
    pub fn append(
        &self,
        record: Record,
        done: impl FnOnce(Result<RowId, AppendError>) + Send + 'static,
    ) -> Result<(), AppendError> {
        // Rejected away here, while there is no room, a flood of posts costs the thread nothing.
        self.shared.status.check_room()?;
        self.shared.queue.append(record, Box::new(done)).map_err(|rejected| match rejected {
            Rejected::Full => AppendError::QueueFull,
            Rejected::Closed => AppendError::Closed,
        })
    }

    /// Reads rows behind `after`, oldest first; from the first one if that is none. No rows: there
    /// are none behind it. Rows that are missing are counted in passing.
    pub fn read(
        &self,
        after: Option<RowId>,
        limit: Limit,
        done: impl FnOnce(Result<Vec<Row>, AccessError>) + Send + 'static,
    ) -> Result<(), AccessError> {
        let read = Read { after, limit, done: Box::new(done) };
        self.shared.queue.read(read).map_err(access)
    }

    /// Ends rows: those that were acked are released, those that were refused go to the quarantine
    /// with the reason. A row that is not there is passed over.
    pub fn release(
        &self,
        acked: Vec<RowId>,
        refused: Vec<(RowId, String)>,
        done: impl FnOnce(Result<(), AccessError>) + Send + 'static,
    ) -> Result<(), AccessError> {
        let release = Release { acked, refused, done: Box::new(done) };
        self.shared.queue.release(release).map_err(access)
    }

    /// Whether it takes no more jobs: it was closed, or its thread has panicked.
    pub fn is_closed(&self) -> bool {
        self.shared.queue.is_closed()
    }

    /// Its state, without waiting for the disk.
    pub fn status(&self) -> Status {
        self.shared.status.get()
    }
}

impl SpoolThread {
    /// Takes no more jobs, carries out those that wait, and closes the files. Blocks for up to
    /// `within`: a disk may hang.
    pub fn close(mut self, within: Duration) -> Result<(), CloseError> {
        self.shared.queue.close();
        match self.shared.queue.wait_for_end(within) {
            Ended::NotYet => Err(CloseError::Late),
            Ended::Yes => {
                let thread = self.thread.take().expect("only this takes it");
                thread.join().map_err(|_| CloseError::Panicked)
            }
        }
    }
}

impl Drop for SpoolThread {
    /// The thread ends by itself once its jobs are done; nobody waits for it.
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool").finish_non_exhaustive()
    }
}

impl fmt::Debug for SpoolThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpoolThread").field("thread", &self.thread).finish_non_exhaustive()
    }
}

fn check_limit(given: u64) -> Result<(), SpoolError> {
    if given < LEAST_LIMIT {
        return Err(SpoolError::LimitTooSmall { given, least: LEAST_LIMIT });
    }
    Ok(())
}

/// The files of a spool, opened by their owner.
fn prepare(options: &SpoolOptions) -> Result<(Worker, FolderLock), SpoolError> {
    let SpoolOptions { dir, max_bytes } = options;
    check_limit(*max_bytes)?;
    let folder = Folder::at(dir);
    folder.make()?;
    let (disk, lock) = folder.open()?;
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let worker = Worker::open(&disk, sizes(*max_bytes));
    Ok((worker.map_err(|fault| SpoolError::Files { dir: dir.clone(), fault })?, lock))
}

/// Gives a spool that no bridge has to `work`, under its lock. There must be one, and it may be of
/// any size.
fn with_stopped<T>(
    dir: &Path,
    work: impl FnOnce(&mut Store) -> Result<T, DiskFault>,
) -> Result<T, SpoolError> {
    let folder = Folder::at(dir);
    folder.must_hold_spool()?;
    let (disk, _lock) = folder.open()?;
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let done = Store::open(&disk, sizes(u64::MAX)).and_then(|mut store| work(&mut store));
    done.map_err(|fault| SpoolError::Files { dir: dir.to_owned(), fault })
}

fn sizes(limit: u64) -> Sizes {
    Sizes { queue: SEGMENT, quarantine: QUARANTINE_SEGMENT, limit }
}

fn access(rejected: Rejected) -> AccessError {
    match rejected {
        Rejected::Full => AccessError::QueueFull,
        Rejected::Closed => AccessError::Closed,
    }
}

#[cfg(test)]
mod tests;
