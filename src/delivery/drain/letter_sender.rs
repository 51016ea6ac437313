//! What sends rows to the topic of dead letters, one by one, and those that are on their way there.
//!
//! It is told what to do, and when: see [`dead_letters`](crate::delivery::drain::dead_letters).

use crate::delivery::availability::Availability;
use crate::delivery::drain::quarantine_log::QuarantineReason;
use crate::delivery::kafka::delivery_error::DeliveryError;
use crate::delivery::kafka::producer::{Headers, Producer};
use crate::delivery::record::Record;
use crate::delivery::record::dead_letter::Fault;
use crate::delivery::record_times::{Retry, SendTime};
use crate::delivery::spool::row::RowId;
use crate::delivery::topic::Topic;
use crate::metrics::Outcome;
use crate::rare_line::LineQuota;
use prometheus_client::metrics::counter::Counter;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two lines on rows that are on the topic.
const LINE: Duration = Duration::from_secs(60);

/// See the module.
pub(super) struct LetterSender {
    pub(super) topic: Topic,
    pub(super) availability: Arc<Availability>,
    /// Counts the rows that the topic has acked.
    acked: Counter,
    /// Made for the first of them.
    pub(super) producer: Option<Producer>,
    /// At most as many as a window has rows, and those that were read with them.
    pub(super) waiting: VecDeque<Letter>,
    pub(super) under_way: Option<Letter>,
    /// Until when none is tried, since one had no ack.
    pub(super) rests_until: Option<Instant>,
    /// Lines on rows that are on the topic.
    line: LineQuota,
}

/// A row that its topic does not take.
pub(super) struct Letter {
    pub(super) row: RowId,
    /// The topic that it was for.
    pub(super) from: Arc<str>,
    record: Record,
    pub(super) reason: QuarantineReason,
    /// What it was sent with.
    time: Option<SendTime>,
    /// Since when it is under way, and Kafka is there.
    pub(super) since: Instant,
}

impl LetterSender {
    pub(super) fn new(topic: Topic, availability: Arc<Availability>, acked: Counter) -> Self {
        let (producer, waiting, under_way, rests_until) = Default::default();
        let line = LineQuota::every(LINE);
        Self { topic, availability, acked, producer, waiting, under_way, rests_until, line }
    }

    /// Takes a row that its topic has refused, unless it is one of this topic already.
    pub(super) fn takes(&self, record: &Record, reason: &QuarantineReason) -> bool {
        match reason {
            QuarantineReason::Refused(_) | QuarantineReason::TooLarge { .. } => {
                record.topic() != &*self.topic.name
            }
            QuarantineReason::Missing(_) => false,
        }
    }

    pub(super) fn add(&mut self, row: RowId, record: &Record, reason: QuarantineReason) {
        let (from, detail) = (record.topic_shared().clone(), reason.text());
        let code = Outcome::RecordRefused.as_str();
        let fault = Fault { code, detail: &detail, errors: "[]" };
        let record = record.clone().into_dead_letter(self.topic.name.clone(), fault);
        let (time, since) = (None, Instant::now());
        self.waiting.push_back(Letter { row, from, record, reason, time, since });
    }

    /// Hands the letter over, with another time where that is given; gives it back where the client
    /// does not take it.
    pub(super) fn send(&mut self, letter: Letter, again: Option<SendTime>) -> Option<Letter> {
        let Some(producer) = &self.producer else { return Some(letter) };
        let placement = self.topic.placement(&letter.record, again);
        let headers = Headers::of(&letter.record);
        match producer.enqueue(&letter.record, headers, placement, letter.row.ticket()) {
            Ok(()) => {
                let (time, since) = (Some(placement.time), Instant::now());
                self.under_way = Some(Letter { time, since, ..letter });
                None
            }
            Err(_) => Some(letter),
        }
    }

    /// The topic has acked it.
    pub(super) fn has(&mut self, letter: &Letter) {
        if let Some(time) = letter.time {
            self.topic.times.acked(&self.topic.name, time);
        }
        self.availability.acked();
        self.rests_until = None;
        self.acked.inc();
        if let Some(left_out) = self.line.note(Instant::now()) {
            log_more(Some(left_out).filter(|records| *records > 0));
            let Letter { from, row, reason, .. } = letter;
            let (topic, why) = (&**from, reason.text());
            tracing::warn!(topic, %row, why, "a record was refused and is on the dead-letter topic");
        }
    }

    /// What it may be sent with again, where it was refused for its time. Nobody asks or guesses here:
    /// it is quarantined instead.
    pub(super) fn another_time(&self, letter: &Letter, error: DeliveryError) -> Option<SendTime> {
        let refused = letter.time.filter(|_| error.is_about_time())?;
        match self.topic.times.again(&letter.record, refused) {
            Retry::Time(time) => Some(time),
            Retry::Ask | Retry::Nothing => None,
        }
    }

    /// Sums up the rows that had no line, once one is due.
    pub(super) fn sum_up(&mut self, now: Instant) {
        log_more(self.line.sum_up(now));
    }

    /// The drain ends. Gives the producer, to be ended; what is under way is sent again by the next one.
    pub(super) fn end(&mut self) -> Option<Producer> {
        log_more(self.line.end());
        self.producer.take()
    }
}

fn log_more(left_out: Option<u64>) {
    if let Some(records) = left_out {
        tracing::warn!(records, "more refused records are on the dead-letter topic");
    }
}
