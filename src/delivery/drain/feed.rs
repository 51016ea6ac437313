//! Rows from the spool to the drain's producer.
//!
//! Promise: rows are handed over in row order, each at most once to one producer, and no more than
//! the window has room for.

use crate::delivery::drain::window::Setback;
use crate::delivery::drain::{Drain, DrainError, More};
use crate::delivery::kafka::fault::Verdict;
use crate::delivery::spool::Limit;
use crate::delivery::spool::error::AccessError;
use crate::delivery::spool::row::{Row, RowId};
use tokio::sync::oneshot;

/// The bytes of rows read at once, for large ones.
const BYTES: u64 = 8 << 20;

/// What became of a row that was handed over.
enum Handed {
    Over,
    /// The client takes no more until it has acks.
    QueueFull,
    Back(Setback),
}

impl Drain {
    /// Reads rows and hands them over while there is room for them.
    pub(super) async fn fill(&mut self) -> Result<Option<Setback>, DrainError> {
        while self.more == More::Perhaps
            && let Some(rows) = self.window.room()
        {
            let counted = self.crossing.counted();
            let from = self.window.cursor();
            match self.read(from, Limit { rows, bytes: BYTES }).await {
                Ok(rows) if rows.is_empty() => {
                    self.more = More::No;
                    self.at_the_end(from, counted);
                }
                Ok(rows) => {
                    for row in &rows {
                        match self.hand_over(row) {
                            Handed::Over => {}
                            Handed::QueueFull => return Ok(None),
                            Handed::Back(setback) => return Ok(Some(setback)),
                        }
                    }
                }
                Err(error) => {
                    self.disk_failed(&error, "read")?;
                    break;
                }
            }
        }
        Ok(None)
    }

    /// No row is left behind the last one that was read.
    fn at_the_end(&mut self, from: Option<RowId>, counted: Option<u64>) {
        if self.window.is_open() {
            return;
        }
        match (from, counted) {
            // Rows may have come in below it, taken over from a damaged file.
            (Some(_), _) if self.crossing.standing().backlog > 0 => {
                self.window.rewind();
                self.more = More::Perhaps;
            }
            // Rows that were counted are not there: set aside as damaged.
            (None, Some(rows)) if rows > 0 => self.crossing.released(rows),
            (Some(_) | None, _) => {}
        }
    }

    fn hand_over(&mut self, row: &Row) -> Handed {
        if self.window.has_ended(row.id) {
            self.window.passed(row.id);
            return Handed::Over;
        }
        match self.producer.enqueue(&row.record, row.id.ticket()) {
            Ok(()) => self.window.sent(row.id),
            Err(fault) => match fault.verdict {
                Verdict::Refused => self.window.refused(row.id, fault.to_string()),
                Verdict::Local if self.window.is_under_way() => return Handed::QueueFull,
                Verdict::Local | Verdict::NotProof | Verdict::Unacked => {
                    return Handed::Back(self.window.setback(fault));
                }
            },
        }
        Handed::Over
    }

    async fn read(&self, after: Option<RowId>, limit: Limit) -> Result<Vec<Row>, AccessError> {
        let (done, rows) = oneshot::channel();
        self.crossing.spool().read(after, limit, |result| drop(done.send(result)))?;
        rows.await.unwrap_or(Err(AccessError::Closed))
    }
}
