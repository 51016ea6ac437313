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
    /// A record that stands behind a gap which was told.
    held: Option<Frame>,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A record; its payload is at [`Walk::payload`].
    Record(Frame),
    /// Ids that are not there.
    Gap(Range<u64>),
    /// There are no more ids.
    End,
}

impl Walk {
    /// Of the records of one kind; `first` is the id of the first.
    pub(super) fn new(frames: Frames, kind: Kind, first: u64) -> Self {
        Self { frames, kind, next: first, held: None }
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
            let frame = match self.held.take() {
                Some(frame) => Some(frame),
                None => self.frames.next()?,
            };
            let begin = self.next;
            match frame {
                Some(frame) if frame.kind != self.kind || frame.id < begin => {}
                Some(frame) if frame.id == begin => {
                    self.next += 1;
                    return Ok(Step::Record(frame));
                }
                Some(frame) if frame.id < end => {
                    self.next = frame.id;
                    self.held = Some(frame);
                    return Ok(Step::Gap(begin..self.next));
                }
                Some(_) | None => {
                    self.next = end;
                    return Ok(Step::Gap(begin..end));
                }
            }
        }
        Ok(Step::End)
    }

    /// Gives each record to `take`; says how many are missing.
    pub(super) fn each(&mut self, end: u64, mut take: impl FnMut(u64, &[u8])) -> io::Result<u64> {
        let mut missing = 0;
        loop {
            match self.step(end)? {
                Step::Record(frame) => take(frame.id, self.payload(&frame)),
                Step::Gap(ids) => missing += ids.end - ids.start,
                Step::End => return Ok(missing),
            }
        }
    }

    /// The payload of the record that came last.
    pub(super) fn payload(&self, frame: &Frame) -> &[u8] {
        self.frames.payload(frame)
    }
}
