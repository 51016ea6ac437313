//! The records of a segment by their ids, and what is missing between them.
//!
//! Promise: from the first id of the segment to where it ends, each is either a record that checks or
//! part of a gap. It is the one place where ids are held against what is there.

use crate::delivery::spool::frame::Kind;
use crate::delivery::spool::frames::{Frame, Frames};
use std::io;
use std::ops::Range;

/// See the module.
#[derive(Debug)]
pub(super) struct Walk {
    frames: Frames,
    /// Of its records.
    kind: Kind,
    /// The id that should come.
    next: u64,
    /// The id that comes next, as the last commit says.
    committed: u64,
    /// Known from the first gap on.
    stragglers: Option<Vec<Straggler>>,
}

/// A record behind one with a higher id.
#[derive(Debug)]
struct Straggler {
    id: u64,
    /// Where it begins in the file.
    start: u64,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A record; its payload is at [`Walk::payload`].
    Record(Frame),
    /// Ids that should be in the segment and are not there.
    Gap(Range<u64>),
    /// Ids that are not there behind a segment that is whole: another one is gone.
    Gone(Range<u64>),
    /// There are no more ids.
    End,
}

impl Walk {
    /// Of the records of one kind; `first` is the id of the first.
    pub(super) fn new(frames: Frames, kind: Kind, first: u64) -> Self {
        Self { frames, kind, next: first, committed: first, stragglers: None }
    }

    /// The id that should come.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Lets it read on, as the file has grown.
    pub(super) fn extend(&mut self, bytes: u64) {
        self.frames.extend(bytes);
    }

    /// The next step, in a segment that ends in front of the id `end`.
    pub(super) fn step(&mut self, end: u64) -> io::Result<Step> {
        while self.next < end {
            let begin = self.next;
            match self.frames.next()? {
                Some(frame) if frame.kind == Kind::Commit => self.committed = frame.id,
                Some(frame) if frame.kind != self.kind => {}
                Some(frame) if frame.id == begin => {
                    self.next += 1;
                    return Ok(Step::Record(frame));
                }
                // Void, or in the wrong place.
                Some(frame) if frame.id < begin || frame.id >= end => {}
                Some(frame) if self.is_misplaced(&frame)? => {}
                Some(frame) => {
                    self.frames.go_to(frame.place.start);
                    self.next = frame.id;
                    return Ok(Step::Gap(begin..self.next));
                }
                None => {
                    let is_whole = self.committed == begin && self.frames.ends_clean()?;
                    self.next = end;
                    let ids = begin..end;
                    return Ok(if is_whole { Step::Gone(ids) } else { Step::Gap(ids) });
                }
            }
        }
        Ok(Step::End)
    }

    /// Whether one of the ids that a record leaves out is behind it: then a block was written in the
    /// wrong place, and the record with it.
    fn is_misplaced(&mut self, record: &Frame) -> io::Result<bool> {
        if self.stragglers.is_none() {
            self.stragglers = Some(self.find_stragglers(record)?);
        }
        let missing = self.next..record.id;
        let mut stragglers = self.stragglers.iter().flatten();
        Ok(stragglers.any(|other| other.start > record.place.start && missing.contains(&other.id)))
    }

    /// Those behind a record. The segment is read to its end, and then on from the record.
    fn find_stragglers(&mut self, record: &Frame) -> io::Result<Vec<Straggler>> {
        let (mut highest, mut stragglers) = (record.id, Vec::new());
        while let Some(frame) = self.frames.next()? {
            if frame.kind == self.kind {
                if frame.id < highest {
                    stragglers.push(Straggler { id: frame.id, start: frame.place.start });
                }
                highest = highest.max(frame.id);
            }
        }
        self.frames.go_to(record.place.end);
        Ok(stragglers)
    }

    /// Gives each record to `take`; says how many are missing.
    pub(super) fn each(&mut self, end: u64, mut take: impl FnMut(u64, &[u8])) -> io::Result<u64> {
        let mut missing = 0;
        loop {
            match self.step(end)? {
                Step::Record(frame) => take(frame.id, self.payload(&frame)),
                Step::Gap(ids) | Step::Gone(ids) => missing += ids.end - ids.start,
                Step::End => return Ok(missing),
            }
        }
    }

    /// The payload of the record that came last.
    pub(super) fn payload(&self, frame: &Frame) -> &[u8] {
        self.frames.payload(frame)
    }
}
