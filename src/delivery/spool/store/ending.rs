//! Rows that end: Kafka has them, or they go to the quarantine.
//!
//! Promise: a row is in the quarantine, and synced there, before it is released from the queue. A
//! segment is removed once all in it is released and a sync has said so; one in which something did
//! not check gets another name instead, and is kept.

use crate::delivery::spool::disk_fault::{DiskFault, is_full};
use crate::delivery::spool::log::Cut;
use crate::delivery::spool::row::{QuarantineNote, RowId, put_quarantine_note};
use crate::delivery::spool::segments::{Damage, Segment, kept_name};
use crate::delivery::spool::store::{SYNC_AFTER, Store};
use crate::timestamp::Timestamp;
use std::io;
use std::time::{Duration, Instant, SystemTime};

/// How long a cursor may fail before segments are removed that it does not know to be released.
const CURSOR_PATIENCE: Duration = Duration::from_secs(3);

impl Store {
    /// Ends rows: acked ones are released, refused ones quarantined with the reason. What is no row
    /// that waits is passed over.
    pub(in crate::delivery::spool) fn release(
        &mut self,
        acked: &[RowId],
        refused: &[(RowId, String)],
    ) -> Result<(), DiskFault> {
        let quarantined = self.quarantine_rows(refused);
        let next = self.queue.next();
        for RowId(id) in acked.iter().filter(|id| id.0 < next) {
            self.totals.drained += self.released.add(*id, *id);
        }
        self.write_cursor();
        quarantined
    }

    /// Does what is due: syncs releases, and gives room back.
    pub(in crate::delivery::spool) fn maintain(&mut self) -> Result<(), DiskFault> {
        // Nothing is in it any more, and on a full disk there is room for a new one only without it.
        let is_over = self.rows() == 0 && self.queue.is_worn();
        let is_due = self.unsynced.is_some_and(|since| since.elapsed() >= SYNC_AFTER);
        let synced = if is_over || is_due { self.sync_cursor() } else { Ok(()) };
        // Also on a disk that is too full for the cursor, segments are removed.
        let mut removed = self.remove_released();
        if is_over && (synced.is_ok() || self.does_without_cursor()) {
            self.queue.close_segment();
            removed = self.remove_released();
            self.queue.begin_segment()?;
        }
        removed.and(synced)
    }

    /// Whether the cursor has failed for so long that it must not keep all room.
    fn does_without_cursor(&self) -> bool {
        self.unsynced.is_some_and(|since| since.elapsed() >= CURSOR_PATIENCE)
    }

    /// Whether releases wait for a sync.
    pub(in crate::delivery::spool) fn is_unsynced(&self) -> bool {
        self.unsynced.is_some()
    }

    /// Makes durable which rows are released.
    pub(in crate::delivery::spool) fn sync_cursor(&mut self) -> Result<(), DiskFault> {
        if let Some(cursor) = &mut self.cursor {
            cursor.sync(&self.released).map_err(DiskFault::io("sync the cursor"))?;
        }
        self.unsynced = None;
        Ok(())
    }

    /// Removes the segments of which all is released.
    pub(super) fn remove_released(&mut self) -> Result<(), DiskFault> {
        let below = self.released.below;
        // Else a power cut could leave it without a segment of which nobody knows that it was released.
        let synced = if self.queue.ends_below(below) { self.sync_cursor() } else { Ok(()) };
        match &synced {
            // A disk that is full even for this has no room before a segment is removed.
            Ok(()) | Err(DiskFault::DiskFull) => {}
            Err(_) if self.does_without_cursor() => {}
            Err(_) => return synced,
        }
        while let Some(segment) = self.queue.first_below(below) {
            if self.queue.segments().len() == 1 {
                // Else a power cut could take this one and leave the one before it, in whose end what
                // failed would be void no more.
                self.disk.sync().map_err(DiskFault::io("sync the folder"))?;
            }
            // A file that is open keeps its room.
            self.position.take_if(|position| position.segment == segment.first);
            self.remove(&segment)?;
            self.has_removed = true;
            self.queue.take_off();
        }
        synced.or_else(|_| self.sync_cursor())
    }

    pub(super) fn remove(&mut self, segment: &Segment) -> Result<(), DiskFault> {
        let name = segment.name();
        let removed = match segment.damage {
            Damage::Seen => {
                let kept = self.disk.rename(&name, &kept_name(&*self.disk, &name));
                kept.map(|()| self.kept(segment.bytes))
            }
            Damage::None | Damage::Kept => self.disk.remove(&name),
        };
        match removed {
            // A folder may have no room for a longer name, and must be emptied.
            Err(error) if is_full(&error) => {
                tracing::error!(%error, file = name, "a damaged segment cannot be kept");
                self.disk.remove(&name).map_err(DiskFault::io("remove a segment"))
            }
            // By other hands.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(DiskFault::io("remove a segment")),
        }
    }

    /// A damaged segment is kept.
    pub(super) fn kept(&mut self, bytes: u64) {
        self.other_bytes += bytes;
        self.damaged_files += 1;
        self.totals.quarantined_files += 1;
    }

    fn quarantine_rows(&mut self, refused: &[(RowId, String)]) -> Result<(), DiskFault> {
        let mut rows = Vec::new();
        let mut refused: Vec<_> = refused.iter().map(|(id, reason)| (id.0, reason)).collect();
        refused.sort_unstable();
        refused.dedup_by_key(|(id, _)| *id);
        for (id, reason) in refused {
            if id >= self.queue.next() || !self.released.waits(id) {
                continue;
            }
            match self.payload(id) {
                Ok(Some(payload)) => rows.push((id, reason, payload)),
                Ok(None) => {
                    self.totals.missing_rows += self.released.add(id, id);
                    self.keep(id);
                }
                Err(error) => return Err(self.read_failed(error)),
            }
        }
        let at = Timestamp::from(SystemTime::now()).unix_millis();
        let put = |number: usize, bytes: &mut Vec<u8>| {
            let (row, reason, payload): &(u64, &String, Vec<u8>) = &rows[number];
            put_quarantine_note(bytes, QuarantineNote { at, reason, row: *row });
            bytes.extend_from_slice(payload);
        };
        // They were promised before: the limit is none for them.
        let mut done = self.quarantine.append(rows.len(), u64::MAX, put);
        if matches!(&done, Err(Cut { appended: 0, fault: DiskFault::DiskFull })) {
            // What the queue has set apart is room for one more.
            self.queue.end_segment();
            done = self.quarantine.append(rows.len(), u64::MAX, put);
        }
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
