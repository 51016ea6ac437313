//! All that an open store gives out, and its quarantine, at one moment.
//!
//! It reads as a drain does, by pieces. The quarantine it reads past the store, from the files.

use crate::delivery::record::Record;
use crate::delivery::spool::Limit;
use crate::delivery::spool::disk::Disk;
use crate::delivery::spool::disk_fault::DiskFault;
use crate::delivery::spool::frames::OnError;
use crate::delivery::spool::row::{QuarantineNote, Row, RowParts};
use crate::delivery::spool::segments;
use crate::delivery::spool::status::{Room, Status};
use crate::delivery::spool::store::Store;
use std::num::NonZeroUsize;

/// See the module.
#[derive(Debug)]
pub(super) struct Look {
    /// In the order in which they were given.
    pub(super) rows: Vec<Row>,
    /// What is in quarantine, with its number in the queue; also what a failed append has left there.
    pub(super) quarantined: Vec<(u64, Record)>,
    /// Rows that are missing in the quarantine.
    pub(super) missing: u64,
    /// The id that comes next.
    pub(super) next: u64,
    pub(super) status: Status,
}

impl Look {
    /// Reads all, in pieces of `rows` rows.
    pub(super) fn at(store: &mut Store, disk: &dyn Disk, rows: usize) -> Result<Self, DiskFault> {
        let rows = read_all(store, rows)?;
        let (quarantined, missing) = quarantined(disk)?;
        let (next, status) = (store.next_id(), store.status(Room::HasRoom));
        Ok(Self { rows, quarantined, missing, next, status })
    }
}

/// All rows that wait.
pub(super) fn read_all(store: &mut Store, at_once: usize) -> Result<Vec<Row>, DiskFault> {
    let limit = Limit { rows: NonZeroUsize::new(at_once).unwrap(), bytes: u64::MAX };
    let mut all: Vec<Row> = Vec::new();
    loop {
        let found = store.read(all.last().map(|row| row.id), limit)?;
        if found.rows.is_empty() {
            return Ok(all);
        }
        all.extend(found.rows);
    }
}

fn quarantined(disk: &dyn Disk) -> Result<(Vec<(u64, Record)>, u64), DiskFault> {
    let failed = || DiskFault::read("the quarantine");
    let segments = segments::look(disk, OnError::Fails)?.quarantine;
    let (mut records, mut missing) = (Vec::new(), 0);
    for (at, segment) in segments.iter().enumerate() {
        let end = match segments.get(at + 1) {
            Some(next) => next.first,
            None => segment.tail(disk, OnError::Fails).map_err(failed())?.next,
        };
        let mut walk = segment.walk(disk, OnError::Fails).map_err(failed())?;
        let gone = walk.each(end, |_, payload| {
            let (note, payload) = QuarantineNote::split(payload).unwrap();
            let record = RowParts::of(payload).unwrap().restore(&mut "".into()).unwrap();
            records.push((note.row, record));
        });
        missing += gone.map_err(failed())?;
    }
    Ok((records, missing))
}
