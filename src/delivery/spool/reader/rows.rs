//! The rows of a part, one after another, as they are on disk.
//!
//! Promise: what is not there is reported where it should be. It holds a piece of a segment.

use crate::delivery::spool::cursor;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::frames::{Frame, OnError};
use crate::delivery::spool::part::Part;
use crate::delivery::spool::reader::SpoolReader;
use crate::delivery::spool::reader::stored_row::{StoredRow, broken, stored_row};
use crate::delivery::spool::released::Released;
use crate::delivery::spool::row::Unreadable;
use crate::delivery::spool::segments::{self, Segment};
use crate::delivery::spool::walk::{Step, Walk};
use std::collections::VecDeque;
use std::io;
use std::ops::Range;

/// The rows of a part, one after another.
#[derive(Debug)]
pub struct Rows<'a> {
    reader: &'a SpoolReader,
    part: Part,
    segments: VecDeque<Segment>,
    released: Released,
    /// The id that should come.
    next: u64,
    /// The ids below this one were given, as a last segment that has lost its headers shows.
    reached: u64,
    /// What is not there and was not reported yet.
    gap: Range<u64>,
    /// The segment that is read, and the id at which it ends.
    walk: Option<(Walk, u64)>,
}

/// What comes next.
pub(super) enum Item {
    Record(Frame),
    Gap(Range<u64>),
    End,
}

impl<'a> Rows<'a> {
    /// Those of a part, from the first one that is not released.
    pub(super) fn of(reader: &'a SpoolReader, part: Part) -> Result<Self, DiskFault> {
        let files = segments::look(&reader.disk, OnError::IsPassedOver)?;
        let slot = cursor::read(&reader.disk, files.spool, OnError::IsPassedOver)
            .map_err(DiskFault::read("the cursor"))?;
        let first = files.first(part);
        let headless = files.headless.iter().filter(|file| file.part == part);
        let reached = headless.map(|file| file.first).max().unwrap_or(0);
        let (segments, slot) = match part {
            Part::Queue => (files.queue, slot),
            Part::Quarantine => (files.quarantine, None),
        };
        let released = slot.map_or_else(|| Released::below(first), |slot| slot.released);
        let (segments, next) = (segments.into(), released.below);
        Ok(Self { reader, part, segments, released, next, reached, gap: 0..0, walk: None })
    }
}

impl Rows<'_> {
    /// The next one; none: there are no more.
    pub fn read(&mut self) -> Result<Option<StoredRow>, SpoolError> {
        let item = self.item();
        let row = match self.reader.named(item)? {
            Item::End => return Ok(None),
            Item::Gap(ids) => broken(ids.start, describe(self.part, &ids)),
            Item::Record(frame) => stored_row(self.part, frame.id, self.payload(&frame))
                .unwrap_or_else(|Unreadable| broken(frame.id, Unreadable.to_string())),
        };
        Ok(Some(row))
    }

    pub(super) fn payload(&self, frame: &Frame) -> &[u8] {
        self.walk.as_ref().map_or(&[], |(walk, _)| walk.payload(frame))
    }

    pub(super) fn item(&mut self) -> Result<Item, DiskFault> {
        let failed = || DiskFault::read("a segment");
        loop {
            if let Some(gap) = self.missing() {
                return Ok(Item::Gap(gap));
            }
            let Some((walk, end)) = &mut self.walk else {
                let Some(segment) = self.segments.pop_front() else {
                    if self.next >= self.reached {
                        return Ok(Item::End);
                    }
                    // All segments have lost their headers.
                    self.gap = self.next..self.reached;
                    self.next = self.reached;
                    continue;
                };
                if self.next < segment.first {
                    self.gap = self.next..segment.first;
                    self.next = segment.first;
                    self.segments.push_front(segment);
                    continue;
                }
                self.walk = self.enter(&segment).map_err(failed())?;
                if self.walk.is_none() {
                    // It was released meanwhile.
                    self.next = self.segments.front().map_or(self.next, |next| next.first);
                }
                continue;
            };
            match walk.step(*end).map_err(failed())? {
                Step::End => {
                    self.next = self.next.max(*end);
                    self.walk = None;
                }
                Step::Record(frame) if self.released.waits(frame.id) => {
                    return Ok(Item::Record(frame));
                }
                Step::Record(_) => {}
                Step::Gap(ids) | Step::Gone(ids) => self.gap = ids,
            }
        }
    }

    /// The next ids of the gap that are missing: those that are released are not.
    fn missing(&mut self) -> Option<Range<u64>> {
        let first = self.released.next(self.gap.start);
        let mut released = self.released.ranges().map(|(first, _)| first);
        let end = released.find(|released| *released > first).unwrap_or(self.gap.end);
        let missing = first..end.min(self.gap.end);
        self.gap.start = missing.end.max(self.gap.start);
        (!missing.is_empty()).then_some(missing)
    }

    /// A walk through a segment, unless all of it is released.
    fn enter(&self, segment: &Segment) -> io::Result<Option<(Walk, u64)>> {
        let end = match self.segments.front() {
            Some(next) => Ok(next.first),
            None => segment
                .tail(&self.reader.disk, OnError::IsPassedOver)
                .map(|tail| tail.next.max(self.reached)),
        };
        match end.and_then(|end| Ok((segment.walk(&self.reader.disk, OnError::IsPassedOver)?, end)))
        {
            Ok(walk) => Ok(Some(walk)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn describe(part: Part, ids: &Range<u64>) -> String {
    let what = match part {
        Part::Queue => "record",
        Part::Quarantine => "quarantined record",
    };
    match ids.end - ids.start {
        1 => format!("{what} {} is missing or damaged", ids.start),
        _ => format!("{what}s {} to {} are missing or damaged", ids.start, ids.end - 1),
    }
}
