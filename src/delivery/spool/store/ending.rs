//! Rows that end: Kafka has them, or they go to the quarantine.
//!
//! Promise: a row is in the quarantine, and synced there, before it is released from the queue. A
//! segment is removed once all in it is released and a sync has said so; one in which something did
//! not check gets another name instead, and is kept.

use crate::delivery::spool::disk::Access;
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::row::{RowId, Verdict, put_verdict};
use crate::delivery::spool::segments::{DAMAGED, Segment};
use crate::delivery::spool::store::{SYNC_AFTER, Store};
use crate::timestamp::Timestamp;
use std::io;
use std::time::{Instant, SystemTime};

impl Store {
    /// Ends rows: acked ones are released, refused ones quarantined with the reason. What is no row
    /// that waits is passed over.
    pub(in crate::delivery::spool) fn release(
        &mut self,
        acked: &[RowId],
        refused: &[(RowId, String)],
    ) -> Result<(), Fault> {
        let quarantined = self.quarantine_rows(refused);
        let next = self.queue.next();
        for RowId(id) in acked.iter().filter(|id| id.0 < next) {
            self.totals.drained += self.released.add(*id, *id);
        }
        self.write_cursor();
        quarantined
    }

    /// Does what is due: syncs releases, and gives room back.
    pub(in crate::delivery::spool) fn tend(&mut self) -> Result<(), Fault> {
        if self.unsynced.is_some_and(|since| since.elapsed() >= SYNC_AFTER) {
            // Also on a disk that is too full for this, segments are removed.
            if let Err(error) = self.sync_cursor() {
                tracing::warn!(error = error.chain(), "the spool's releases cannot be synced");
            }
        }
        self.remove_released()?;
        // Nothing is in it any more, and on a full disk there is room for a new one only without it.
        if self.rows() == 0 && self.queue.is_worn() {
            self.queue.close_segment();
            self.remove_released()?;
            self.queue.begin_segment()?;
        }
        Ok(())
    }

    /// Whether releases wait for a sync.
    pub(in crate::delivery::spool) fn is_unsynced(&self) -> bool {
        self.unsynced.is_some()
    }

    /// Makes durable which rows are released.
    pub(in crate::delivery::spool) fn sync_cursor(&mut self) -> Result<(), Fault> {
        if let Some(cursor) = &mut self.cursor {
            cursor.sync(&self.released).map_err(Fault::io("sync the cursor"))?;
        }
        self.unsynced = None;
        Ok(())
    }

    /// Removes the segments of which all is released.
    pub(super) fn remove_released(&mut self) -> Result<(), Fault> {
        let below = self.released.below;
        // Else a power cut could leave it without a segment of which nobody knows that it was released.
        let synced = if self.queue.ends_below(below) { self.sync_cursor() } else { Ok(()) };
        match &synced {
            // A disk that is full even for this has no room before a segment is removed.
            Ok(()) | Err(Fault::DiskFull) => {}
            Err(_) => return synced,
        }
        while let Some(segment) = self.queue.first_below(below) {
            if self.queue.segments().len() == 1 {
                // Else a power cut could take this one and leave the one before it, in whose end what
                // failed would be void no more.
                self.disk.sync().map_err(Fault::io("sync the folder"))?;
            }
            // A file that is open keeps its room.
            self.position.take_if(|position| position.segment == segment.first);
            self.remove(&segment)?;
            self.queue.take_off();
        }
        synced.or_else(|_| self.sync_cursor())
    }

    pub(super) fn remove(&mut self, segment: &Segment) -> Result<(), Fault> {
        let name = segment.name();
        let kept = format!("{name}{DAMAGED}");
        // One that is kept already is as it was found.
        let removed = if segment.damaged && self.disk.open(&kept, Access::Read).is_err() {
            self.disk.rename(&name, &kept).map(|()| self.kept(segment.bytes))
        } else {
            self.disk.remove(&name)
        };
        match removed {
            // By other hands.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(Fault::io("remove a segment")),
        }
    }

    /// A damaged segment is kept.
    pub(super) fn kept(&mut self, bytes: u64) {
        self.other_bytes += bytes;
        self.damaged_files += 1;
        self.totals.quarantined_files += 1;
    }

    fn quarantine_rows(&mut self, refused: &[(RowId, String)]) -> Result<(), Fault> {
        let mut rows = Vec::new();
        let mut refused: Vec<_> = refused.iter().map(|(id, reason)| (id.0, reason)).collect();
        refused.sort_unstable();
        refused.dedup_by_key(|(id, _)| *id);
        for (id, reason) in refused {
            if id >= self.queue.next() || !self.released.waits(id) {
                continue;
            }
            match self.payload(id).map_err(Fault::io("read a segment"))? {
                Some(payload) => rows.push((id, reason, payload)),
                None => self.totals.missing_rows += self.released.add(id, id),
            }
        }
        let at = Timestamp::from(SystemTime::now()).unix_millis();
        let put = |number: usize, bytes: &mut Vec<u8>| {
            let (row, reason, payload): &(u64, &String, Vec<u8>) = &rows[number];
            put_verdict(bytes, Verdict { at, reason, row: *row });
            bytes.extend_from_slice(payload);
        };
        // They were promised before: the limit is none for them.
        let done = self.quarantine.append(rows.len(), u64::MAX, put);
        let appended = done.as_ref().map_or_else(|cut| cut.appended, |()| rows.len());
        for (id, ..) in &rows[..appended] {
            self.totals.quarantined_rows += self.released.add(*id, *id);
        }
        done.map_err(|cut| cut.fault)
    }

    /// What is not written now is kept in memory, and written when upkeep is due.
    pub(super) fn write_cursor(&mut self) {
        let Some(cursor) = &mut self.cursor else { return };
        if let Err(error) = cursor.write(&self.released)
            && self.unsynced.is_none()
        {
            tracing::warn!(%error, "the spool's cursor cannot be written");
        }
        self.unsynced = self.unsynced.or_else(|| Some(Instant::now()));
    }
}
