//! The rows that the drain has read and not yet released.
//!
//! Promise: Kafka's refusal counts only for a row that was alone under way; nothing is forgotten before
//! it was released. A plain value.

pub(super) mod ends;
mod letters;

use crate::delivery::drain::proven_keys::{KeyId, ProvenKeys};
use crate::delivery::drain::restart_reason::{RestartReason, worse};
use crate::delivery::drain::window::ends::{EndedRows, NextRelease, ToRelease};
use crate::delivery::drain::window::letters::Letters;
use crate::delivery::kafka::delivery_error::{DeliveryError, Meaning};
use crate::delivery::kafka::producer::DeliveryReport;
use crate::delivery::record::Record;
use crate::delivery::record_times::SendTime;
use crate::delivery::spool::Limit;
use crate::delivery::spool::row::RowId;
use crate::delivery::topic::Placement;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Rows under way at once: enough for full batches on each partition, few enough to send again.
const ROWS: usize = 256;
/// Bytes of the rows under way at once, beyond one row: librdkafka has a copy of each.
const BYTES: u64 = 8 << 20;
/// Rows that may wait for their release: while the disk is slow, no more are sent.
const MOST_ENDED: usize = 16 * ROWS;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Handed over and without a report.
    open: BTreeMap<RowId, Sent>,
    /// The bytes of those.
    bytes: u64,
    /// Tried as dead letters.
    letters: Letters,
    /// To be released.
    ended: EndedRows,
    /// Being released.
    releasing: EndedRows,
    next_release: NextRelease,
    /// The last row that was read.
    cursor: Option<RowId>,
    /// Rows go alone up to this one: a batch with it in it was refused.
    alone_until: Option<RowId>,
    /// What the producer of rows that do not go alone has shown.
    keys: ProvenKeys,
}

/// A row under way.
#[derive(Debug)]
struct Sent {
    bytes: u64,
    topic: Arc<str>,
    key: KeyId,
    time: SendTime,
}

/// What reports said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) reason: Option<RestartReason>,
    /// Whether rows were acked.
    pub(super) acks: bool,
    /// Topic and time of the last that was acked, and of each whose own time had been refused.
    pub(super) times: Vec<(Arc<str>, SendTime)>,
}

impl Window {
    /// How much may be read now; none while the window is full.
    pub(super) fn room(&self) -> Option<Limit> {
        if self.ended.len() >= MOST_ENDED || self.bytes >= BYTES || self.letters.is_full() {
            return None;
        }
        let most = if self.is_alone() { 1 } else { ROWS };
        let rows = NonZeroUsize::new(most.saturating_sub(self.open.len()))?;
        Some(Limit { rows, bytes: BYTES - self.bytes })
    }

    /// Whether the next row, or the one under way, has to be alone.
    pub(super) fn is_alone(&self) -> bool {
        self.alone_until.is_some()
    }

    /// Where to read on.
    pub(super) fn cursor(&self) -> Option<RowId> {
        self.cursor
    }

    /// Reads from the first row again.
    pub(super) fn rewind(&mut self) {
        self.cursor = None;
    }

    /// Whether rows are under way to Kafka.
    pub(super) fn is_under_way(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether any row is under way or not yet released.
    pub(super) fn is_open(&self) -> bool {
        let waits_for_release = self.ended.len() > 0 || self.releasing.len() > 0;
        self.is_under_way() || waits_for_release || !self.letters.is_empty()
    }

    /// Whether the row only waits for its release.
    pub(super) fn has_ended(&self, row: RowId) -> bool {
        self.letters.contains(row) || self.ended.contains(row) || self.releasing.contains(row)
    }

    /// The row needs nothing more.
    pub(super) fn passed(&mut self, row: RowId) {
        self.cursor = Some(row);
        self.end_alone();
    }

    /// All suspects have been tried.
    fn end_alone(&mut self) {
        if self.open.is_empty() && self.cursor >= self.alone_until {
            self.alone_until = None;
        }
    }

    /// The topic of the first row under way.
    pub(super) fn first_topic(&self) -> Option<&Arc<str>> {
        self.open.first_key_value().map(|(_, sent)| &sent.topic)
    }

    /// The same, in short.
    pub(super) fn topic(&self) -> Option<&str> {
        self.first_topic().map(|topic| &**topic)
    }

    /// The topic of a row under way.
    pub(super) fn topic_of(&self, row: RowId) -> Option<&Arc<str>> {
        self.open.get(&row).map(|sent| &sent.topic)
    }

    /// Whether the record may be sent to this partition beside those under way.
    pub(super) fn admits(&self, record: &Record, partition: Option<i32>) -> bool {
        self.is_alone() || self.keys.admits(self.keys.id(record.topic(), record.key(), partition))
    }

    /// Nothing is under way, and the producer is another.
    pub(super) fn forget_keys(&mut self) {
        self.keys.forget();
    }

    /// Nothing is under way and nothing waits: what is appended next begins anew.
    pub(super) fn emptied(&mut self) {
        self.keys.forget();
        self.alone_until = None;
    }

    /// The row was handed over.
    pub(super) fn sent(&mut self, row: RowId, record: &Record, placement: Placement) {
        let bytes = record.size() as u64;
        self.bytes += bytes;
        let topic = record.topic_shared().clone();
        let key = self.keys.id(&topic, record.key(), placement.partition);
        if !self.is_alone() {
            self.keys.sent(key);
        }
        self.open.insert(row, Sent { bytes, topic, key, time: placement.time });
        self.cursor = Some(row);
    }

    /// The row is refused: by the client, or by Kafka when it was alone.
    pub(super) fn refused(&mut self, row: RowId, reason: String) {
        self.close(row);
        self.ended.refused.insert(row, reason);
        self.passed(row);
    }

    /// The row is not under way any more.
    fn close(&mut self, row: RowId) {
        self.bytes -= self.open.remove(&row).map_or(0, |sent| sent.bytes);
    }

    /// The row, which was refused alone for its time, was handed over again with another.
    pub(super) fn sent_again(&mut self, row: RowId, time: SendTime) {
        if let Some(sent) = self.open.get_mut(&row) {
            sent.time = time;
        }
    }

    /// Takes in reports.
    pub(super) fn take_in(&mut self, reports: Vec<DeliveryReport>) -> Taken {
        let (mut error, alone) = (None, self.is_alone());
        let (mut times, mut last) = (Vec::new(), None);
        for DeliveryReport { ticket, result } in reports {
            let row = RowId::from_ticket(ticket);
            match result {
                Ok(_) => {
                    // Else it was sent again meanwhile, and will have a report of its own.
                    if let Some(sent) = self.open.remove(&row) {
                        self.bytes -= sent.bytes;
                        self.ended.acked.insert(row);
                        if !alone {
                            self.keys.acked(sent.key);
                        }
                        if sent.time.is_another() {
                            times.push((sent.topic.clone(), sent.time));
                        }
                        last = Some((sent.topic, sent.time));
                    }
                }
                Err(failed) => error = worse(error, failed),
            }
        }
        self.end_alone();
        let acks = last.is_some();
        times.extend(last);
        Taken { reason: error.map(|error| self.reason(error)), acks, times }
    }

    /// What an error means for the rows under way.
    pub(super) fn reason(&self, error: DeliveryError) -> RestartReason {
        let (first, last) = (self.open.first_key_value(), self.open.last_key_value());
        match (error.meaning, first, last) {
            (Meaning::Unacked | Meaning::Innocent | Meaning::Local, _, _)
            | (_, None, _)
            | (_, _, None) => RestartReason::Unacked(error),
            // A time is no fault of its record: another is found while it goes alone.
            (Meaning::NotProof | Meaning::Refused, Some((first, _)), Some((last, _)))
                if first == last && (self.is_alone() || !error.is_about_time()) =>
            {
                RestartReason::Refused(error, *first)
            }
            (Meaning::NotProof | Meaning::Refused, Some(_), Some((last, _))) => {
                RestartReason::Suspects(error, *last)
            }
        }
    }

    /// Everything under way is to be sent again, except a row that was refused.
    pub(super) fn start_over(&mut self, reason: RestartReason) {
        let last_open = self.open.last_key_value().map(|(row, _)| *row);
        self.open.clear();
        self.keys.forget();
        self.bytes = 0;
        self.cursor = None;
        match reason {
            RestartReason::Dead
            | RestartReason::OldKeys
            | RestartReason::Unacked(_)
            | RestartReason::GivenUp => {}
            // Not the last of then: it may have been acked meanwhile, and never be met again.
            RestartReason::Suspects(..) => self.alone_until = self.alone_until.max(last_open),
            RestartReason::Refused(error, row) => {
                self.ended.refused.insert(row, error.to_string());
            }
        }
    }

    /// What is to be released now, if anything. One release at a time.
    pub(super) fn begin_release(&mut self) -> Option<ToRelease> {
        if self.ended.len() == 0 {
            return None;
        }
        debug_assert_eq!(self.releasing.len(), 0, "one release at a time");
        self.releasing = self.ended.take(self.next_release);
        let refused = self.releasing.refused.iter().map(|(row, why)| (*row, why.clone()));
        let acked = self.releasing.acked.iter().copied();
        Some(ToRelease { acked: acked.collect(), refused: refused.collect() })
    }

    /// It was released; gives how many rows that were.
    pub(super) fn end_release(&mut self) -> u64 {
        self.next_release = self.next_release.behind();
        std::mem::take(&mut self.releasing).len() as u64
    }

    /// It was not.
    pub(super) fn take_back_release(&mut self) {
        let EndedRows { acked, refused } = std::mem::take(&mut self.releasing);
        if !refused.is_empty() {
            self.next_release = NextRelease::Acked;
        }
        self.ended.acked.extend(acked);
        self.ended.refused.extend(refused);
    }
}

#[cfg(test)]
mod tests;
