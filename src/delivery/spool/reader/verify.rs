//! Whether a spool is sound: its log, its pages, and each row against its checksum.
//!
//! Promise: it changes nothing, and rows are read in batches, each with a snapshot of its own.

use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::ledger::Ledger;
use crate::delivery::spool::reader::{BATCH, SpoolReader, WAITING};
use crate::delivery::spool::row::Columns;
use crate::delivery::spool::wal::{self, Walk};

/// How often a log that looks damaged is walked again: a bridge may be writing it.
const WALKS: usize = 3;

impl SpoolReader {
    /// Looks at every page and every row, and says what is wrong; nothing: all is sound.
    pub fn verify(&self) -> Result<Vec<String>, SpoolError> {
        let mut faults = Vec::new();
        self.named(self.verify_log(&mut faults))?;
        match self.verify_tables(&mut faults) {
            Ok(()) => {}
            Err(Fault::Damaged(why)) => faults.push(why),
            Err(fault) => self.named(Err(fault))?,
        }
        Ok(faults)
    }

    fn verify_log(&self, faults: &mut Vec<String>) -> Result<(), Fault> {
        let mut damage = None;
        for _ in 0..WALKS {
            match wal::walk(&self.folder.wal()).map_err(Fault::io("read the log"))? {
                Walk::Empty | Walk::Sound { .. } => return Ok(()),
                Walk::Damaged { behind, .. } => damage = Some(behind),
            }
        }
        faults.extend(damage.map(|behind| {
            format!("the log is damaged, and {behind} frames stand behind the damage")
        }));
        Ok(())
    }

    fn verify_tables(&self, faults: &mut Vec<String>) -> Result<(), Fault> {
        let mut check = self.conn.prepare("PRAGMA quick_check")?;
        let mut lines = check.query([])?;
        while let Some(line) = lines.next()? {
            let line: String = line.get(0)?;
            if line != "ok" {
                faults.push(line);
            }
        }
        let mut last = None;
        while let Some(id) = self.verify_batch(last, faults)? {
            last = Some(id);
        }
        Ok(())
    }

    /// Checks the rows behind `last`; gives the last of them if there may be more.
    fn verify_batch(
        &self,
        last: Option<i64>,
        faults: &mut Vec<String>,
    ) -> Result<Option<i64>, Fault> {
        // One snapshot, so that the count and the rows belong together.
        let snapshot = self.conn.unchecked_transaction()?;
        let ledger = Ledger::read(&snapshot)?;
        let mut select = snapshot.prepare(WAITING)?;
        let most = i64::try_from(BATCH.get()).unwrap_or(i64::MAX);
        let mut rows = select.query([last.unwrap_or(i64::MIN), most])?;
        let (mut seen, mut count) = (last, 0);
        while let Some(row) = rows.next()? {
            let id = row.get(3)?;
            let (columns, checksum) = Columns::read(row, 4)?;
            if let Err(unreadable) = columns.restore(id, checksum, &mut "".into()) {
                faults.push(format!("row {id}: {unreadable}"));
            }
            let next = ledger.next(seen);
            if next != Some(id) {
                faults.push(format!("row {id} stands where row {next:?} should"));
            }
            (seen, count) = (Some(id), count + 1);
        }
        if count == most {
            return Ok(seen);
        }
        if let Some(id) = ledger.next(seen) {
            faults.push(format!("row {id} and those behind it are not there"));
        }
        Ok(None)
    }
}
