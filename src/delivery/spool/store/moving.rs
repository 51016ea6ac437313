//! Records that are moved by hand: out of the quarantine, or to another topic.
//!
//! Promise: at every moment, and after a power cut at any, each record is where it was or where it
//! goes, whole; at worst it is in both.

use crate::delivery::spool::disk::{Access, Disk, DiskFile};
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::frame::{Header, Kind, Salt, put};
use crate::delivery::spool::frames::OnError;
use crate::delivery::spool::part::Part;
use crate::delivery::spool::requeue::Requeued;
use crate::delivery::spool::row::{Parts, Verdict, put_renamed, put_verdict};
use crate::delivery::spool::segments::{DAMAGED, NEW, Segment};
use crate::delivery::spool::store::Store;
use crate::delivery::spool::walk::{Step, Walk};
use std::io;

/// Bytes that are held before they are written.
const BATCH: usize = 1 << 20;

impl Store {
    /// Moves the quarantine to the end of the queue.
    pub(in crate::delivery::spool) fn requeue(&mut self) -> Result<Requeued, Fault> {
        let mut requeued = Requeued::default();
        self.quarantine.close_segment();
        while let Some(segment) = self.quarantine.segments().first().cloned() {
            let end = self.quarantine.segment_behind(segment.first);
            requeued.left += self.requeue_segment(&segment, end, &mut requeued.rows)?;
            // What was missing is told once, and the file is kept.
            let damaged = requeued.left > 0;
            if let Some(segment) = self.quarantine.take_off(end) {
                self.remove(&Segment { damaged, ..segment })?;
            }
        }
        Ok(requeued)
    }

    /// Appends the records of a segment of the quarantine; gives how many are missing.
    fn requeue_segment(
        &mut self,
        segment: &Segment,
        end: u64,
        rows: &mut u64,
    ) -> Result<u64, Fault> {
        let failed = || Fault::io("read the quarantine");
        let frames = segment.frames(&*self.disk, OnError::Fails).map_err(failed())?;
        let mut walk = Walk::new(frames, Kind::Quarantined, segment.first);
        let (mut left, mut batch, mut bytes) = (0, Vec::new(), 0);
        loop {
            let step = walk.step(end).map_err(failed())?;
            let over = step == Step::End;
            match step {
                Step::End => {}
                Step::Gap(ids) => left += ids.end - ids.start,
                Step::Record(frame) => match Verdict::split(walk.payload(&frame)) {
                    Ok((_, payload)) => {
                        bytes += payload.len();
                        batch.push(payload.to_vec());
                    }
                    Err(_) => left += 1,
                },
            }
            if over || bytes > BATCH {
                let put =
                    |record: usize, bytes: &mut Vec<u8>| bytes.extend_from_slice(&batch[record]);
                self.queue.append(batch.len(), u64::MAX, put).map_err(|cut| cut.fault)?;
                *rows += batch.len() as u64;
                batch.clear();
                bytes = 0;
            }
            if over {
                return Ok(left);
            }
        }
    }

    /// Gives the records of one topic to another; says how many there were.
    pub(in crate::delivery::spool) fn retopic(
        &mut self,
        from: &str,
        to: &str,
    ) -> Result<u64, Fault> {
        let mut changed = 0;
        for log in [&mut self.queue, &mut self.quarantine] {
            log.close_segment();
            for segment in log.segments() {
                let end = log.segment_behind(segment.first);
                let rewrite =
                    Rewrite { disk: &*self.disk, spool: self.spool, segment, end, from, to };
                changed += rewrite.run().map_err(Fault::io("write a segment anew"))?;
            }
        }
        Ok(changed)
    }
}

/// A segment that is to be written anew.
struct Rewrite<'a> {
    disk: &'a dyn Disk,
    spool: u64,
    segment: &'a Segment,
    /// The id in front of which it ends.
    end: u64,
    from: &'a str,
    to: &'a str,
}

impl Rewrite<'_> {
    /// Writes it, if it has records of the topic; gives how many.
    fn run(&self) -> io::Result<u64> {
        let mut found = 0;
        let mut damage = false;
        let mut walk = self.walk()?;
        loop {
            match walk.step(self.end)? {
                Step::End => break,
                Step::Gap(_) => damage = true,
                Step::Record(frame) => {
                    found += u64::from(self.parts(walk.payload(&frame)).is_some());
                }
            }
        }
        if found == 0 {
            return Ok(0);
        }
        let name = self.segment.name();
        if damage {
            self.keep(&name)?;
        }
        let new = format!("{name}{NEW}");
        let file = self.disk.create(&new)?;
        let written = self.write(&*file).and_then(|()| file.sync());
        let named = written.and_then(|()| self.disk.rename(&new, &name));
        if let Err(error) = named.and_then(|()| self.disk.sync()) {
            drop(self.disk.remove(&new));
            return Err(error);
        }
        Ok(found)
    }

    fn walk(&self) -> io::Result<Walk> {
        let frames = self.segment.frames(self.disk, OnError::Fails)?;
        Ok(Walk::new(frames, self.segment.part.kind(), self.segment.first))
    }

    /// The record of a payload and what stands in front of it, if it is for the topic.
    fn parts<'p>(&self, payload: &'p [u8]) -> Option<(Option<Verdict<'p>>, Parts<'p>)> {
        let (verdict, payload) = match self.segment.part {
            Part::Queue => (None, payload),
            Part::Quarantine => {
                let (verdict, payload) = Verdict::split(payload).ok()?;
                (Some(verdict), payload)
            }
        };
        let parts = Parts::of(payload).ok()?;
        (parts.topic == self.from).then_some((verdict, parts))
    }

    fn write(&self, file: &dyn DiskFile) -> io::Result<()> {
        let salt = Salt::draw()?;
        let Segment { part, first, .. } = *self.segment;
        let mut bytes = Header { spool: self.spool, salt, first }.page();
        let (mut at, mut walk) = (0, self.walk()?);
        loop {
            let step = walk.step(self.end)?;
            match &step {
                Step::Gap(_) => {}
                Step::End => put(&mut bytes, salt, Kind::Commit, self.end, |_| {}),
                Step::Record(frame) => {
                    let payload = walk.payload(frame);
                    put(&mut bytes, salt, part.kind(), frame.id, |bytes| {
                        match self.parts(payload) {
                            None => bytes.extend_from_slice(payload),
                            Some((verdict, parts)) => {
                                if let Some(verdict) = verdict {
                                    put_verdict(bytes, verdict);
                                }
                                put_renamed(bytes, &parts, self.to);
                            }
                        }
                    });
                }
            }
            if bytes.len() > BATCH || step == Step::End {
                file.write_at(&bytes, at)?;
                at += bytes.len() as u64;
                bytes.clear();
            }
            if step == Step::End {
                return Ok(());
            }
        }
    }

    /// Keeps a copy of what does not check.
    fn keep(&self, name: &str) -> io::Result<()> {
        let kept = format!("{name}{DAMAGED}");
        let (old, copy) = (self.disk.open(name, Access::Read)?, self.disk.create(&kept)?);
        let (mut piece, mut at) = (vec![0; BATCH], 0);
        loop {
            let read = old.read_at(&mut piece, at)?;
            if read == 0 {
                break;
            }
            copy.write_at(&piece[..read], at)?;
            at += read as u64;
        }
        copy.sync()
    }
}
