//! Records that are moved by hand: out of the quarantine, or to another topic.
//!
//! Promise: at every moment, and after a power cut at any, each record is where it was or where it
//! goes, whole; at worst it is in both. One segment at a time is held in memory.

use crate::delivery::spool::disk::Disk;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::frame::{Header, Kind, Salt, put};
use crate::delivery::spool::frames::OnError;
use crate::delivery::spool::part::Part;
use crate::delivery::spool::requeue::Requeued;
use crate::delivery::spool::row::{QuarantineNote, put_renamed};
use crate::delivery::spool::segments::{Damage, NEW, Segment, kept_name};
use crate::delivery::spool::store::Store;
use std::io;

impl Store {
    /// Moves the quarantine to the end of the queue.
    pub(in crate::delivery::spool) fn requeue(&mut self) -> Result<Requeued, DiskFault> {
        let mut requeued = Requeued::default();
        self.void_failed_batches()?;
        self.quarantine.close_segment();
        while let Some(segment) = self.quarantine.segments().first().cloned() {
            let end = self.quarantine.segment_behind(segment.first);
            let (mut records, mut unreadable) = (Vec::new(), 0);
            let missing = segment.walk(&*self.disk, OnError::Fails).and_then(|mut walk| {
                walk.each(end, |_, payload| match QuarantineNote::split(payload) {
                    Ok((_, record)) => records.push(record.to_vec()),
                    Err(_) => unreadable += 1,
                })
            });
            let left = missing.map_err(DiskFault::read("the quarantine"))? + unreadable;
            let put =
                |record: usize, bytes: &mut Vec<u8>| bytes.extend_from_slice(&records[record]);
            self.queue.append(records.len(), u64::MAX, put).map_err(|cut| cut.fault)?;
            requeued.rows += records.len() as u64;
            requeued.left += left;
            let damage = if left > 0 { Damage::Seen } else { Damage::None };
            self.remove(&Segment { damage, ..segment })?;
            // Else a power cut could take this one and leave those around it: its rows would be
            // missing.
            self.disk.sync().map_err(DiskFault::io("sync the folder"))?;
            self.quarantine.take_off();
        }
        Ok(requeued)
    }

    /// Gives the records of one topic to another; says how many there were.
    pub(in crate::delivery::spool) fn retopic(
        &mut self,
        from: &str,
        to: &str,
    ) -> Result<u64, DiskFault> {
        self.void_failed_batches()?;
        let (mut changed, released) = (0, &self.released);
        for log in [&mut self.queue, &mut self.quarantine] {
            log.close_segment();
            for segment in log.segments() {
                let end = log.segment_behind(segment.first);
                // What is released has gone to the old one.
                let waits = |id| segment.part == Part::Quarantine || released.waits(id);
                let found = rewrite(&*self.disk, self.spool, segment, end, waits, (from, to));
                changed += found.map_err(DiskFault::io("write a segment anew"))?;
            }
        }
        Ok(changed)
    }

    /// Lets a segment begin behind whatever a failed batch has left: it would come back with the topic
    /// that it had, or in a quarantine that was emptied.
    fn void_failed_batches(&mut self) -> Result<(), DiskFault> {
        for log in [&mut self.queue, &mut self.quarantine] {
            if !log.is_writable() && !log.segments().is_empty() {
                log.begin_segment()?;
            }
        }
        Ok(())
    }
}

/// Writes a segment that ends in front of the id `end` anew, with records that wait for the one topic
/// given to the other; says how many there were.
fn rewrite(
    disk: &dyn Disk,
    spool: u64,
    segment: &Segment,
    end: u64,
    waits: impl Fn(u64) -> bool,
    (from, to): (&str, &str),
) -> io::Result<u64> {
    let Segment { part, first, .. } = *segment;
    let (salt, mut found) = (Salt::draw()?, 0);
    let mut bytes = Header { spool, salt, first }.page();
    let missing = segment.walk(disk, OnError::Fails)?.each(end, |id, payload| {
        put(&mut bytes, salt, part.kind(), id, |bytes| {
            let before = bytes.len();
            if waits(id) && put_renamed(bytes, payload, part, from, to).is_ok() {
                found += 1;
            } else {
                bytes.truncate(before);
                bytes.extend_from_slice(payload);
            }
        });
    })?;
    if found == 0 {
        return Ok(0);
    }
    put(&mut bytes, salt, Kind::Commit, end, |_| {});
    let name = segment.name();
    let new = format!("{name}{NEW}");
    if missing > 0 {
        disk.link(&name, &kept_name(disk, &name))?;
    }
    let named = make(disk, &new, &bytes).and_then(|()| disk.rename(&new, &name));
    if let Err(error) = named.and_then(|()| disk.sync()) {
        drop(disk.remove(&new));
        return Err(error);
    }
    Ok(found)
}

fn make(disk: &dyn Disk, name: &str, bytes: &[u8]) -> io::Result<()> {
    let file = disk.create(name)?;
    file.write_at(bytes, 0)?;
    file.sync()
}
