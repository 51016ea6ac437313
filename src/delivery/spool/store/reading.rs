//! Rows out of a store, in order.
//!
//! Promise: a row is given out as it was stored, or not at all; of the rows that are not there,
//! each is counted once. A disk that cannot read is asked again, for [`READ_TIMEOUT`], before what
//! it does not give counts as missing; a segment that is there and cannot be opened is waited for.

use crate::delivery::spool::Limit;
use crate::delivery::spool::cursor;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::frames::OnError;
use crate::delivery::spool::row::{Row, RowId, RowParts, Unreadable};
use crate::delivery::spool::segments::{Damage, Segment, kept_name};
use crate::delivery::spool::store::Store;
use crate::delivery::spool::walk::{Step, Walk};
use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How long a disk may fail before what it does not give counts as missing.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Where the next row is read.
#[derive(Debug)]
pub(super) struct Position {
    walk: Walk,
    /// The first id of the segment.
    pub(super) segment: u64,
}

/// What a read has found.
#[derive(Debug, Default)]
pub(in crate::delivery::spool) struct RowsRead {
    /// Rows that check.
    pub(in crate::delivery::spool) rows: Vec<Row>,
    /// Ids of rows that should be there and are not: from the first up to, not including, the last.
    pub(in crate::delivery::spool) gaps: Vec<Range<u64>>,
}

/// What is at an id.
enum Lookup {
    /// A row that waits, and the bytes of its payload.
    Row(Row, u64),
    /// Rows that are missing in their segment.
    Gap(Range<u64>),
    /// Rows of a segment that is missing.
    Gone(Range<u64>),
    /// Nothing up to this id.
    Nothing(u64),
}

impl Store {
    /// Rows behind `after` that wait, up to a limit, but one at least. What is missing counts as
    /// released from here on.
    pub(in crate::delivery::spool) fn read(
        &mut self,
        after: Option<RowId>,
        limit: Limit,
    ) -> Result<RowsRead, DiskFault> {
        let mut found = RowsRead::default();
        let mut bytes = 0;
        let mut id = self.released.next(after.map_or(0, |after| after.0.saturating_add(1)));
        while id < self.queue.next() && found.rows.len() < limit.rows.get() && bytes < limit.bytes {
            let behind = match self.place(id) {
                Ok(Lookup::Row(row, len)) => {
                    let behind = row.id.0 + 1;
                    bytes += len;
                    found.rows.push(row);
                    behind
                }
                Ok(Lookup::Gap(ids)) => {
                    let behind = ids.end;
                    self.totals.missing_rows += self.released.add(ids.start, ids.end - 1);
                    self.keep(ids.start);
                    found.gaps.push(ids);
                    behind
                }
                Ok(Lookup::Gone(ids)) => {
                    let behind = ids.end;
                    self.totals.missing_rows += self.released.add(ids.start, ids.end - 1);
                    found.gaps.push(ids);
                    behind
                }
                Ok(Lookup::Nothing(behind)) => behind,
                Err(error) => {
                    let fault = self.read_failed(error);
                    // What was found is given out; the fault shows again.
                    if !found.rows.is_empty() {
                        break;
                    }
                    return Err(fault);
                }
            };
            self.failing = None;
            id = self.released.next(behind);
        }
        Ok(found)
    }

    /// A read has failed: it begins anew, and is passed over once that has lasted.
    pub(super) fn read_failed(&mut self, error: io::Error) -> DiskFault {
        self.failing.get_or_insert_with(Instant::now);
        self.position = None;
        DiskFault::read("a segment")(error)
    }

    /// Sees when the first row was received.
    pub(in crate::delivery::spool) fn find_oldest(&mut self) {
        let id = self.released.next(0);
        if self.rows() == 0 || self.oldest.is_some_and(|(oldest, _)| oldest == id) {
            return;
        }
        let before = self.position.take();
        if let Ok(Lookup::Row(row, _)) = self.place(id) {
            self.oldest = Some((id, row.record.received()));
        }
        self.position = before;
    }

    /// The payload of a row, if it is there.
    pub(super) fn payload(&mut self, id: u64) -> io::Result<Option<Vec<u8>>> {
        let end = self.seek(id)?;
        let Some(Position { walk, .. }) = &mut self.position else { return Ok(None) };
        loop {
            match walk.step(end)? {
                Step::Record(frame) if frame.id < id => {}
                Step::Gap(ids) | Step::Gone(ids) if ids.end <= id => {}
                Step::Record(frame) => return Ok(Some(walk.payload(&frame).to_vec())),
                Step::Gap(_) | Step::Gone(_) | Step::End => return Ok(None),
            }
        }
    }

    /// Keeps the segment of an id under a second name: what is read from it next may be released by a
    /// process that knows nothing of its damage.
    pub(super) fn keep(&mut self, id: u64) {
        let Some(segment) = self.queue.segment_of(id) else { return };
        if segment.damage != Damage::None {
            return;
        }
        segment.damage = Damage::Seen;
        let (name, bytes) = (segment.name(), segment.bytes);
        // Where it can have no second name, it gets that one when all of it is released.
        if self.disk.link(&name, &kept_name(&*self.disk, &name)).is_ok() {
            self.kept(bytes);
            if let Some(segment) = self.queue.segment_of(id) {
                segment.damage = Damage::Kept;
            }
        }
    }

    fn place(&mut self, id: u64) -> io::Result<Lookup> {
        let end = self.seek(id)?;
        let Some(Position { walk, .. }) = &mut self.position else {
            return Ok(Lookup::Gone(id..end));
        };
        loop {
            match walk.step(end)? {
                Step::Record(frame) if frame.id < id => {}
                Step::Gap(ids) | Step::Gone(ids) if ids.end <= id => {}
                Step::Record(frame) if !self.released.waits(frame.id) => {
                    return Ok(Lookup::Nothing(frame.id + 1));
                }
                Step::Record(frame) => {
                    let payload = walk.payload(&frame);
                    let record =
                        RowParts::of(payload).and_then(|parts| parts.restore(&mut self.topic));
                    return Ok(match record {
                        Ok(record) => {
                            Lookup::Row(Row { id: RowId(frame.id), record }, payload.len() as u64)
                        }
                        // It checks, and is of a form that this version does not know.
                        Err(Unreadable) => Lookup::Gap(frame.id..frame.id + 1),
                    });
                }
                Step::Gap(ids) => return Ok(Lookup::Gap(ids.start.max(id)..ids.end)),
                Step::Gone(ids) => return Ok(Lookup::Gone(ids.start.max(id)..ids.end)),
                Step::End => return Ok(Lookup::Nothing(end)),
            }
        }
    }

    /// Whether the folder is the one that was opened: another may be in its place, or none, while a
    /// volume is moved.
    fn is_there(&self) -> io::Result<bool> {
        let files = self.disk.list()?;
        Ok(self.cursor.is_none() || files.iter().any(|file| file.name == cursor::NAME))
    }

    /// Lets the position be at `id` or before it, in its segment; none if there is no such segment.
    /// Gives the id at which that ends, or the next one begins.
    fn seek(&mut self, id: u64) -> io::Result<u64> {
        let end = self.queue.segment_behind(id);
        let Some(segment) = self.queue.segment_of(id).map(|segment| segment.clone()) else {
            self.position = None;
            return Ok(end);
        };
        let first = segment.first;
        let bytes = self.queue.end_of(&segment);
        if let Some(position) = &mut self.position
            && position.segment == first
            && position.walk.next() <= id
        {
            position.walk.extend(bytes);
            return Ok(end);
        }
        let on_error = match self.failing {
            Some(since) if since.elapsed() >= READ_TIMEOUT => OnError::IsPassedOver,
            Some(_) | None => OnError::Fails,
        };
        self.position = match (Segment { bytes, ..segment }).walk(&*self.disk, on_error) {
            Ok(walk) => Some(Position { walk, segment: first }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.is_there()? => {
                // By other hands; what is appended would be lost with it.
                self.queue.give_up_if_lost();
                None
            }
            Err(error) => return Err(error),
        };
        Ok(end)
    }
}
