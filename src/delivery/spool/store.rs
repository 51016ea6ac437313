//! The queue, what of it is released, and the quarantine: one spool, held by its owner.
//!
//! Promise: what a call reports as done was synced before it returned, but for releases: a power cut
//! may take those of the last [`SYNC_AFTER`], and their records go to Kafka again. A call that fails
//! has changed nothing that was promised, and may be tried again. It knows nothing of threads.

mod ending;
mod moving;
mod reading;

use crate::delivery::record::Record;
use crate::delivery::spool::cursor::{self, Cursor};
use crate::delivery::spool::disk::Disk;
use crate::delivery::spool::disk_fault::{DiskFault, is_full};
use crate::delivery::spool::frames::OnError;
use crate::delivery::spool::log::{Cut, Log};
use crate::delivery::spool::part::Part;
use crate::delivery::spool::released::Released;
use crate::delivery::spool::row::put_record;
use crate::delivery::spool::segments::{self, DAMAGED, Files, Headless, kept_name};
use crate::delivery::spool::status::{Room, Status, Totals};
use crate::delivery::spool::store::reading::Position;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How long releases may wait for a sync: one a second costs nothing beside those of appends.
const SYNC_AFTER: Duration = Duration::from_secs(1);

/// How large the files are made, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// A segment of the queue.
    pub(super) queue: u64,
    /// One of the quarantine.
    pub(super) quarantine: u64,
    /// The most that all files may take up.
    pub(super) limit: u64,
}

/// See the module. Not `Clone`: it has one owner, and it writes.
#[derive(Debug)]
pub(super) struct Store {
    disk: Arc<dyn Disk>,
    sizes: Sizes,
    spool: u64,
    queue: Log,
    quarantine: Log,
    released: Released,
    cursor: Option<Cursor>,
    position: Option<Position>,
    /// The topic of the last row that was read; nearly all rows share it.
    topic: Arc<str>,
    /// Since when reads fail.
    failing: Option<Instant>,
    /// The first row, and when it was received.
    oldest: Option<(u64, SystemTime)>,
    /// Since when releases wait for a sync.
    unsynced: Option<Instant>,
    /// What has happened since it was opened.
    totals: Totals,
    /// Damaged segments that the folder keeps.
    damaged_files: u64,
    /// Bytes of the files that are no segments.
    other_bytes: u64,
    /// Whether segments were removed since room was last made.
    has_removed: bool,
}

impl Store {
    /// Opens the spool in a folder, or begins one. Whether anything can be appended is not said. What
    /// the disk does not give is an error.
    pub(super) fn open(disk: &Arc<dyn Disk>, sizes: Sizes) -> Result<Self, DiskFault> {
        Self::open_with(disk, sizes, OnError::Fails)
    }

    /// The same, without what the disk does not give: it counts as damaged.
    pub(super) fn open_without(disk: &Arc<dyn Disk>, sizes: Sizes) -> Result<Self, DiskFault> {
        Self::open_with(disk, sizes, OnError::IsPassedOver)
    }

    fn open_with(disk: &Arc<dyn Disk>, sizes: Sizes, on_error: OnError) -> Result<Self, DiskFault> {
        let files = segments::look(&**disk, on_error)?;
        let slot = cursor::read(&**disk, files.spool, on_error);
        let slot = slot.map_err(DiskFault::read("the cursor"))?;
        let spool = match (files.spool, &slot) {
            (Some(spool), _) => spool,
            (None, Some(slot)) => slot.spool,
            (None, None) => getrandom::u64()
                .map_err(std::io::Error::other)
                .map_err(DiskFault::io("draw a number for the spool"))?,
        };
        let headless = files.headless.len() as u64;
        let released = slot.as_ref().map_or_else(
            || Released::below(files.first(Part::Queue)),
            |slot| slot.released.clone(),
        );
        let reached = |part| reached(&**disk, &files, part).map_err(DiskFault::read("a segment"));
        let next = reached(Part::Queue)?.max(released.next(released.highest()));
        let next_quarantined = reached(Part::Quarantine)?;
        for name in &files.half_made {
            disk.remove(name).map_err(DiskFault::io("remove a segment that was half made"))?;
        }
        let (queue, quarantine) = (files.queue, files.quarantine);
        let open = |part, bytes, segments, next| {
            Log::open(disk, part, spool, bytes, segments, next, on_error)
        };
        let queue = open(Part::Queue, sizes.queue, queue, next)?;
        let quarantine = open(Part::Quarantine, sizes.quarantine, quarantine, next_quarantined)?;
        // As late as that: where the opening fails, the next one must find them.
        keep_damaged(&**disk, &files.headless)?;
        let cursor = match Cursor::open(&**disk, spool, slot.as_ref()) {
            Ok(cursor) => Some(cursor),
            Err(error) if is_full(&error) => None,
            Err(error) => return Err(DiskFault::io("open the cursor")(error)),
        };
        let mut store = Self {
            disk: disk.clone(),
            sizes,
            spool,
            queue,
            quarantine,
            released,
            cursor,
            position: None,
            topic: "".into(),
            failing: None,
            oldest: None,
            unsynced: None,
            totals: Totals { quarantined_files: headless, ..Totals::default() },
            damaged_files: 0,
            other_bytes: 0,
            has_removed: false,
        };
        store.look_around()?;
        if slot.is_none() {
            // So that a first segment that other hands remove is missed.
            store.write_cursor();
        }
        store.remove_released()?;
        Ok(store)
    }

    /// Appends records, in order.
    pub(super) fn append(&mut self, records: &[&Record]) -> Result<(), Cut> {
        let (was_empty, next) = (self.rows() == 0, self.queue.next());
        let growth = self.growth();
        let done = self.queue.append(records.len(), growth, |record, bytes| {
            put_record(bytes, records[record]);
        });
        let appended = self.queue.next() - next;
        if was_empty && appended > 0 {
            self.oldest = records.first().map(|record| (next, record.received()));
        }
        self.totals.appended += appended;
        self.totals.commits += u64::from(appended > 0);
        done
    }

    /// Makes what appends need, if it is not there: a proof that the disk takes it.
    pub(super) fn make_room(&mut self) -> Result<(), DiskFault> {
        self.has_removed = false;
        if self.cursor.is_none() {
            let cursor = cursor::read(&*self.disk, Some(self.spool), OnError::Fails)
                .and_then(|slot| Cursor::open(&*self.disk, self.spool, slot.as_ref()));
            self.cursor = Some(cursor.map_err(DiskFault::io("make the cursor"))?);
            self.look_around()?;
        }
        if !self.quarantine.is_writable() {
            self.quarantine.begin_segment()?;
        }
        if self.queue.is_writable() {
            return Ok(());
        }
        if self.sizes.queue > self.growth() && !self.queue.segments().is_empty() {
            return Err(DiskFault::LimitReached);
        }
        self.queue.begin_segment()
    }

    /// Bytes that an append needs on the disk before it can begin: those of a segment, where there is
    /// none to write to.
    fn needs(&self) -> u64 {
        let of = |log: &Log, bytes| if log.is_writable() { 0 } else { bytes };
        of(&self.queue, self.sizes.queue) + of(&self.quarantine, self.sizes.quarantine)
    }

    /// Whether a full disk seems to have room again, with `more` bytes beside what is needed. Some
    /// file systems count what was removed half a minute later, but give it to who asks: that is
    /// worth a try once nothing waits.
    pub(super) fn may_have_room(&self, more: u64) -> bool {
        self.disk.room() >= self.needs() + more || (self.has_removed && self.rows() == 0)
    }

    /// Whether there is a segment to append to.
    pub(super) fn is_writable(&self) -> bool {
        self.queue.is_writable()
    }

    /// Whether an ordinary record can be appended within the limit.
    pub(super) fn has_room_in_limit(&self, least: u64) -> bool {
        self.queue.room() >= least || self.sizes.queue <= self.growth()
    }

    /// Rows that wait.
    pub(super) fn rows(&self) -> u64 {
        self.released.left(self.queue.next())
    }

    /// What is known without asking the disk.
    pub(super) fn status(&self, room: Room) -> Status {
        let file_bytes = self.file_bytes();
        let quarantine = self.quarantine.segments().first().map(|segment| segment.first);
        Status {
            rows: self.rows(),
            file_bytes,
            used_bytes: file_bytes - self.queue.room() - self.quarantine.room(),
            limit_bytes: self.sizes.limit,
            oldest: self.oldest.filter(|_| self.rows() > 0).map(|(_, received)| received),
            quarantined_rows: quarantine.map_or(0, |first| self.quarantine.next() - first),
            quarantined_files: self.damaged_files,
            room,
            totals: self.totals,
        }
    }

    /// The id that comes next.
    pub(super) fn next_id(&self) -> u64 {
        self.queue.next()
    }

    /// Sees what lies beside the segments: that changes seldom, or by other hands.
    pub(super) fn look_around(&mut self) -> Result<(), DiskFault> {
        self.queue.give_up_if_lost();
        self.quarantine.give_up_if_lost();
        let mut others = self.disk.list().map_err(DiskFault::read("the folder"))?;
        others.retain(|entry| Part::of(&entry.name).is_none());
        self.other_bytes = others.iter().map(|entry| entry.bytes).sum();
        let damaged = others.iter().filter(|entry| entry.name.ends_with(DAMAGED));
        self.damaged_files = damaged.count() as u64;
        Ok(())
    }

    /// Bytes of all files.
    fn file_bytes(&self) -> u64 {
        self.queue.bytes() + self.quarantine.bytes() + self.other_bytes
    }

    /// Bytes by which the queue may grow; room for the quarantine is kept.
    fn growth(&self) -> u64 {
        self.sizes.limit.saturating_sub(self.file_bytes() + self.sizes.quarantine)
    }
}

/// An id that no record in a segment without headers has reached.
fn reached(disk: &dyn Disk, files: &Files, part: Part) -> std::io::Result<u64> {
    let mut reached = 1;
    for file in files.headless.iter().filter(|file| file.part == part) {
        reached = file.next(disk)?.max(reached);
    }
    Ok(reached)
}

/// Gives segments without headers another name, under which they are kept.
fn keep_damaged(disk: &dyn Disk, headless: &[Headless]) -> Result<(), DiskFault> {
    for Headless { name, .. } in headless {
        match disk.rename(name, &kept_name(disk, name)) {
            // It is looked at again at the next start.
            Err(error) if is_full(&error) => {
                tracing::error!(%error, file = name, "a damaged segment cannot be renamed");
            }
            renamed => renamed.map_err(DiskFault::io("rename a damaged segment"))?,
        }
    }
    if headless.is_empty() { Ok(()) } else { disk.sync().map_err(DiskFault::io("sync the folder")) }
}
