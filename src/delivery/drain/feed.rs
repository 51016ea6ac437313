//! Rows from the spool to the drain's producer.
//!
//! Promise: rows are handed over in row order, no more than the window has room for, and each at
//! most once to one producer, unless it was refused alone for its time; none that its topic is
//! known not to take.

use crate::delivery::drain::look_around::Attempt;
use crate::delivery::drain::quarantine_log::QuarantineReason;
use crate::delivery::drain::restart_reason::RestartReason;
use crate::delivery::drain::too_large::Size;
use crate::delivery::drain::{Drain, DrainError, More};
use crate::delivery::kafka::delivery_error::Meaning;
use crate::delivery::kafka::producer::Headers;
use crate::delivery::record::Record;
use crate::delivery::spool::Limit;
use crate::delivery::spool::error::AccessError;
use crate::delivery::spool::row::{Row, RowId};
use std::time::Instant;
use tokio::sync::oneshot;

/// What became of a row that was handed over.
enum Handed {
    Over,
    /// Not before there are acks.
    Later,
    Back(RestartReason),
}

/// Whether a row may be sent.
enum Fitness {
    Fit,
    /// That is being found out.
    Unsure,
    Unfit(QuarantineReason),
}

impl Drain {
    /// Reads rows and hands them over while there is room for them.
    pub(super) async fn fill(&mut self) -> Result<Option<RestartReason>, DrainError> {
        while self.more == More::Perhaps
            && let Some(room) = self.window.room()
        {
            let (from, counted) = (self.window.cursor(), self.gate.counted());
            match self.read(from, room).await {
                Ok(rows) if rows.is_empty() => {
                    self.disk_worked(Attempt::Read);
                    self.more = More::No;
                    if from.is_none() && !self.window.is_open() {
                        self.gate.let_go(counted.unwrap_or(0));
                    }
                }
                Ok(rows) => {
                    self.disk_worked(Attempt::Read);
                    self.note_age();
                    for row in rows {
                        match self.hand_over(row)? {
                            Handed::Over => {}
                            Handed::Later => return Ok(None),
                            Handed::Back(reason) => return Ok(Some(reason)),
                        }
                    }
                }
                Err(error) => {
                    self.disk_failed(&error, Attempt::Read)?;
                    break;
                }
            }
        }
        Ok(None)
    }

    /// Settings of the topic may be held against the age of the oldest row, which is soon gone.
    pub(super) fn note_age(&self) {
        let oldest = self.gate.spool().status().oldest;
        if oldest.is_some_and(|oldest| self.topic.backlog.taken_up(oldest, Instant::now())) {
            self.topic.limit.doubt();
        }
    }

    fn hand_over(&mut self, row: Row) -> Result<Handed, DrainError> {
        if self.window.has_ended(row.id) {
            self.window.passed(row.id);
            return Ok(Handed::Over);
        }
        match self.look_at(&row.record) {
            Fitness::Fit => {}
            Fitness::Unsure => return Ok(Handed::Later),
            Fitness::Unfit(reason) => {
                self.set_aside(row.id, &row.record, reason);
                return Ok(Handed::Over);
            }
        }
        let placement = self.topic.placement(&row.record, None);
        if !self.window.admits(&row.record, placement.partition) {
            return Ok(Handed::Later);
        }
        let alone = self.window.is_alone();
        let producer = if alone { self.suspects()?.producer() } else { &self.producer };
        match producer.enqueue(&row.record, Headers::of(&row.record), placement, row.id.ticket()) {
            Ok(()) => {
                self.window.sent(row.id, &row.record, placement);
                if alone && let Some(suspects) = &mut self.suspects {
                    suspects.tries(row, placement.time);
                }
            }
            Err(error) if error.is_about_topic() => {
                self.missing.missed(row.record.topic_shared(), Instant::now());
                return Ok(Handed::Back(RestartReason::Unacked(error)));
            }
            Err(error) => match error.meaning {
                Meaning::Refused => {
                    self.set_aside(row.id, &row.record, QuarantineReason::Refused(error));
                }
                Meaning::Local if self.window.is_under_way() => return Ok(Handed::Later),
                Meaning::Local | Meaning::NotProof | Meaning::Innocent | Meaning::Unacked => {
                    return Ok(Handed::Back(RestartReason::Unacked(error)));
                }
            },
        }
        Ok(Handed::Over)
    }

    /// What is known of a row before it is sent.
    fn look_at(&mut self, record: &Record) -> Fitness {
        let now = Instant::now();
        if let Some(why) = self.missing.given_up(record.topic(), now) {
            return Fitness::Unfit(QuarantineReason::Missing(why));
        }
        if record.topic() != &*self.topic.name || self.settings.compresses() {
            return Fitness::Fit;
        }
        let bytes = record.least_size();
        match self.too_large.judge(bytes, &self.topic.limit, now) {
            Size::Fits => Fitness::Fit,
            Size::Unsure => Fitness::Unsure,
            Size::Exceeds(most) => Fitness::Unfit(QuarantineReason::TooLarge { bytes, most }),
        }
    }

    /// The row is done with, and nothing behind it waits for it.
    pub(super) fn quarantined(&mut self, row: RowId, topic: &str, reason: &QuarantineReason) {
        self.log.quarantined(topic, row, reason);
        self.window.refused(row, reason.text());
    }

    async fn read(&self, after: Option<RowId>, limit: Limit) -> Result<Vec<Row>, AccessError> {
        let (done, rows) = oneshot::channel();
        self.gate.spool().read(after, limit, |result| drop(done.send(result)))?;
        rows.await.unwrap_or(Err(AccessError::Closed))
    }
}
