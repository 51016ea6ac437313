//! The segments of one part of a spool, and the one that is written.
//!
//! Promise: what [`Log::append`] counts as appended was synced before it returned. A segment whose
//! write or sync failed is never written again: the next one begins at the same id, which voids what
//! the failed batch has left. It knows nothing of releases.

use crate::delivery::spool::active_segment::ActiveSegment;
use crate::delivery::spool::disk::Disk;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::format::{FRAME, HEADER};
use crate::delivery::spool::frame::{Header, Kind, Salt, padded, put};
use crate::delivery::spool::frames::OnError;
use crate::delivery::spool::part::Part;
use crate::delivery::spool::segments::{Damage, Segment};
use std::sync::Arc;

/// Bytes of a buffer that are kept between batches: most are far smaller.
const BUFFER: usize = 256 << 10;

/// See the module. Not `Clone`: it has one owner, and it writes.
#[derive(Debug)]
pub(super) struct Log {
    disk: Arc<dyn Disk>,
    part: Part,
    /// The number of the spool.
    spool: u64,
    /// Bytes of a segment for ordinary records.
    segment_bytes: u64,
    /// By their first ids.
    segments: Vec<Segment>,
    /// The id that comes next.
    next: u64,
    /// The last segment, while it can be written.
    active: Option<ActiveSegment>,
    buffer: Vec<u8>,
}

/// A batch that was appended in part.
#[derive(Debug)]
pub(super) struct Cut {
    /// Records that were appended and synced.
    pub(super) appended: usize,
    /// Why the others were not.
    pub(super) fault: DiskFault,
}

impl Log {
    /// The part of a spool that has these segments. `least_next` is an id that no record has reached.
    pub(super) fn open(
        disk: &Arc<dyn Disk>,
        part: Part,
        spool: u64,
        segment_bytes: u64,
        segments: Vec<Segment>,
        least_next: u64,
        on_error: OnError,
    ) -> Result<Self, DiskFault> {
        let disk = disk.clone();
        let (next, active, buffer) = (least_next, None, Vec::new());
        let mut log = Self { disk, part, spool, segment_bytes, segments, next, active, buffer };
        let Some(last) = log.segments.last() else { return Ok(log) };
        let tail = last.tail(&*log.disk, on_error).map_err(DiskFault::read("the last segment"))?;
        match ActiveSegment::take_over(&*log.disk, last, &tail) {
            // Where ids are left out, a new segment says so.
            Ok(active) => log.active = active.filter(|_| tail.next >= least_next),
            Err(error) => tracing::warn!(%error, "a segment is given up"),
        }
        log.next = tail.next.max(least_next);
        Ok(log)
    }

    /// The id that comes next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// By their first ids.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment that an id would be in.
    pub(super) fn segment_of(&mut self, id: u64) -> Option<&mut Segment> {
        let behind = self.segments.partition_point(|segment| segment.first <= id);
        self.segments.get_mut(behind.checked_sub(1)?)
    }

    /// The first id from `id` on that a segment begins with, or the one that comes next.
    pub(super) fn segment_behind(&self, id: u64) -> u64 {
        let behind = self.segments.partition_point(|segment| segment.first <= id);
        self.segments.get(behind).map_or(self.next, |segment| segment.first)
    }

    /// Where the readable bytes of a segment end.
    pub(super) fn end_of(&self, segment: &Segment) -> u64 {
        match &self.active {
            Some(active) if self.is_written(segment) => active.end(),
            Some(_) | None => segment.bytes,
        }
    }

    /// Bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Bytes of the last segment that are free for records; none if it cannot be written.
    pub(super) fn room(&self) -> u64 {
        self.active.as_ref().map_or(0, ActiveSegment::room)
    }

    /// Whether there is a segment to write to.
    pub(super) fn is_writable(&self) -> bool {
        self.active.is_some()
    }

    /// Whether more than half of the room for records in the last segment is used, or it is larger
    /// than others.
    pub(super) fn is_worn(&self) -> bool {
        let half = HEADER as u64 + self.segment_bytes.saturating_sub(HEADER as u64) / 2;
        self.active
            .as_ref()
            .is_some_and(|active| active.end() > half || active.bytes() > self.segment_bytes)
    }

    /// Whether there are segments that end at or below an id, and are not written.
    pub(super) fn ends_below(&self, id: u64) -> bool {
        let first = self.segments.first();
        first.is_some_and(|first| self.segment_behind(first.first) <= id && !self.is_written(first))
    }

    fn is_written(&self, segment: &Segment) -> bool {
        self.active.is_some()
            && self.segments.last().is_some_and(|last| last.first == segment.first)
    }

    /// Appends `count` records in batches, each with one sync. `encode` appends the payload of one of
    /// them. Files grow by no more than `growth` bytes.
    pub(super) fn append(
        &mut self,
        count: usize,
        mut growth: u64,
        encode: impl Fn(usize, &mut Vec<u8>),
    ) -> Result<(), Cut> {
        let mut appended = 0;
        while appended < count {
            let more = match self.batch(appended..count, &encode) {
                Ok(more) => more,
                Err(fault) => return Err(Cut { appended, fault }),
            };
            appended += more.records;
            if let Some(bytes) = more.lacks {
                let segment = self.segment_bytes.max(HEADER as u64 + bytes);
                let begun = if segment > growth {
                    Err(DiskFault::LimitReached)
                } else {
                    growth -= segment;
                    self.begin(segment)
                };
                begun.map_err(|fault| Cut { appended, fault })?;
            }
        }
        Ok(())
    }

    /// Begins an ordinary segment.
    pub(super) fn begin_segment(&mut self) -> Result<(), DiskFault> {
        self.begin(self.segment_bytes)
    }

    /// Gives up the last segment, if it is not found under its name any more.
    pub(super) fn give_up_if_lost(&mut self) {
        let lost = self.active.as_ref().and_then(|active| active.must_be_found(&*self.disk).err());
        if let Some(error) = lost {
            tracing::error!(%error, "the segment that is written is lost");
            self.active = None;
        }
    }

    /// Gives up the last segment: what comes next goes to another one.
    pub(super) fn close_segment(&mut self) {
        self.active = None;
    }

    /// The first segment, if it ends at or below an id and is not written.
    pub(super) fn first_below(&self, id: u64) -> Option<Segment> {
        self.segments.first().filter(|_| self.ends_below(id)).cloned()
    }

    /// Takes the first segment off.
    pub(super) fn take_off(&mut self) {
        self.segments.remove(0);
    }

    /// Appends what fits into the last segment, with one sync.
    fn batch(
        &mut self,
        records: std::ops::Range<usize>,
        encode: &impl Fn(usize, &mut Vec<u8>),
    ) -> Result<Batch, DiskFault> {
        let kind = self.part.kind();
        let (salt, room) = match &self.active {
            Some(active) => (active.salt(), usize::try_from(active.room()).unwrap_or(0)),
            None => (Salt(0), 0),
        };
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER);
        let mut batch = Batch { records: 0, lacks: None };
        for record in records {
            let before = self.buffer.len();
            let id = self.next + batch.records as u64;
            put(&mut self.buffer, salt, kind, id, |bytes| encode(record, bytes));
            if self.buffer.len() + padded(FRAME) > room {
                let bytes = self.buffer.len() - before + padded(FRAME);
                batch.lacks = Some(bytes as u64);
                self.buffer.truncate(before);
                break;
            }
            batch.records += 1;
        }
        if let Some(active) = &mut self.active
            && batch.records > 0
        {
            let next = self.next + batch.records as u64;
            put(&mut self.buffer, salt, Kind::Commit, next, |_| {});
            if let Err(error) = active.append(&*self.disk, &self.buffer) {
                // Cut off, or it would count again if the next segment were lost.
                self.end_segment();
                return Err(DiskFault::io("write to a segment")(error));
            }
            self.next = next;
        }
        Ok(batch)
    }

    /// Makes a segment that begins at the next id.
    fn begin(&mut self, bytes: u64) -> Result<(), DiskFault> {
        self.end_segment();
        let header = Header {
            spool: self.spool,
            salt: Salt::draw().map_err(DiskFault::io("draw a salt"))?,
            first: self.next,
        };
        let name = self.part.name(self.next);
        let made = ActiveSegment::make(&*self.disk, name, header, bytes);
        let active = made.map_err(DiskFault::io("make a segment"))?;
        // One of this name was given up before anything in it was promised.
        self.segments.retain(|segment| segment.first != self.next);
        let (part, first, salt) = (self.part, self.next, header.salt);
        self.segments.push(Segment { part, first, salt, bytes, damage: Damage::None });
        self.active = Some(active);
        Ok(())
    }

    /// Ends the last segment, whose room that is left goes back to the disk. Should that fail, it
    /// keeps it until it is removed.
    pub(super) fn end_segment(&mut self) {
        if let (Some(active), Some(last)) = (self.active.take(), self.segments.last_mut())
            && let Ok(bytes) = active.cut()
        {
            last.bytes = bytes;
        }
    }
}

/// What became of a batch.
struct Batch {
    records: usize,
    /// Bytes that the next record needs, if it did not fit.
    lacks: Option<u64>,
}
