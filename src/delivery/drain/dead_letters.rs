//! Rows that the topic does not take, on their way to the dead-letter topic.
//!
//! Promise: such a row is released once the dead-letter topic has acked it, or else quarantined for the
//! reason that its own topic gave: nothing is lost, and nothing comes back into the queue. They go one
//! by one, so that a refusal is about the row; one that is not acked for [`TIMEOUT`] while Kafka is
//! there is quarantined, so that it holds nobody up, and so are, untried, those that come within [`REST`]
//! of it, and while the topic is known to take nothing. The one that was tried may be on the topic all
//! the same.

use crate::delivery::availability::Availability;
use crate::delivery::availability::health_report::HealthReport;
use crate::delivery::drain::Drain;
use crate::delivery::drain::letter_sender::{Letter, LetterSender};
use crate::delivery::drain::quarantine_log::QuarantineReason;
use crate::delivery::gate::GateState;
use crate::delivery::kafka::producer::{DeliveryReport, Producer, ProducerError, Purpose};
use crate::delivery::record::Record;
use crate::delivery::spool::row::RowId;
use crate::delivery::topic::Topic;
use prometheus_client::metrics::counter::Counter;
use std::io;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;

/// Many round trips, and short beside an outage.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a topic that has not acked is left alone: the time that it holds others up is a small part
/// of this, and an operator who mends it sees the next one there.
const REST: Duration = Duration::from_secs(120);

impl Drain {
    /// The same with a topic of dead letters, which counts what it has taken.
    #[must_use]
    pub fn with_dead_letters(
        mut self,
        topic: Topic,
        availability: Arc<Availability>,
        acked: Counter,
    ) -> Self {
        self.dead_letters = Some(LetterSender::new(topic, availability, acked));
        self
    }

    /// The row is not taken by its topic: it goes to the topic of dead letters, else to the quarantine.
    pub(super) fn set_aside(&mut self, row: RowId, record: &Record, reason: QuarantineReason) {
        match &mut self.dead_letters {
            Some(second) if second.takes(record, &reason) => {
                second.add(row, record, reason);
                self.window.becomes_letter(row, record);
            }
            Some(_) | None => self.quarantined(row, record.topic(), &reason),
        }
    }

    /// While the topic takes nothing and Kafka is there, it counts as missing, and what is under way to
    /// it has its time.
    pub(super) async fn look_at_dead_letters(&mut self, now: Instant) {
        let Some(second) = &mut self.dead_letters else { return };
        second.sum_up(now);
        if !is_there(&self.availability) {
            if let Some(letter) = &mut second.under_way {
                letter.since = now;
            }
            return;
        }
        match second.availability.report() {
            HealthReport::Away { .. } => self.missing.missed(&second.topic.name, now),
            HealthReport::Up
            | HealthReport::Untried
            | HealthReport::Doubted { .. }
            | HealthReport::Unproven { .. } => {}
        }
        let is_late = |letter: &Letter| letter.since + TIMEOUT <= now;
        if second.under_way.as_ref().is_some_and(is_late)
            && let Some(letter) = second.under_way.take()
        {
            second.rests_until = Some(now + REST);
            // Its report, should there be one, is nobody's.
            let old = second.producer.take();
            self.no_letter(&letter);
            end(old).await;
        }
        self.give_letters_up(now);
    }

    /// While the topic takes nothing, nobody waits for it.
    fn give_letters_up(&mut self, now: Instant) {
        let Some(second) = &mut self.dead_letters else { return };
        let is_away = is_there(&self.availability)
            && matches!(second.availability.report(), HealthReport::Away { .. });
        if is_away || second.rests_until.is_some_and(|until| now < until) {
            for letter in mem::take(&mut second.waiting) {
                self.no_letter(&letter);
            }
        }
    }

    /// Sends the next one, if none is under way.
    pub(super) async fn send_letter(&mut self) -> Result<(), ProducerError> {
        let batch_size = self.batch_size();
        self.give_letters_up(Instant::now());
        let Some(second) = &mut self.dead_letters else { return Ok(()) };
        if second.under_way.is_some() || second.waiting.is_empty() {
            return Ok(());
        }
        let is_usable = |producer: &Producer| !producer.is_dead() && !producer.has_old_keys();
        if !second.producer.as_ref().is_some_and(is_usable) {
            let new = Producer::new(&self.settings, Purpose::Suspects, batch_size)?;
            end(second.producer.replace(new)).await;
        }
        if let Some(letter) = second.waiting.pop_front()
            && let Some(letter) = second.send(letter, None)
        {
            self.no_letter(&letter);
        }
        Ok(())
    }

    /// Takes in what became of the one that is under way.
    pub(super) fn take_in_letter(&mut self) {
        let Some(second) = &mut self.dead_letters else { return };
        let Some(producer) = &second.producer else { return };
        let mut reports = Vec::new();
        producer.take_reports(&mut reports);
        for DeliveryReport { ticket, result } in reports {
            let is_its = |letter: &mut Letter| letter.row.ticket() == ticket;
            let Some(letter) = second.under_way.take_if(is_its) else { continue };
            let Err(error) = result else {
                second.has(&letter);
                self.window.letter_acked(letter.row);
                continue;
            };
            let refused = match second.another_time(&letter, error) {
                Some(time) => second.send(letter, Some(time)),
                None => Some(letter),
            };
            if let Some(letter) = refused {
                return self.no_letter(&letter);
            }
        }
    }

    /// Neither topic takes it.
    fn no_letter(&mut self, letter: &Letter) {
        self.log.quarantined(&letter.from, letter.row, &letter.reason);
        self.window.letter_refused(letter.row, letter.reason.text());
    }

    /// Once posts go directly no letter is left, and none needs a producer.
    pub(super) async fn let_letters_go(&mut self) {
        let Some(second) = &mut self.dead_letters else { return };
        if self.gate.status().state == GateState::Direct {
            end(second.producer.take()).await;
        }
    }
}

/// Ends a producer, if there is one, beside the loop: that may block.
async fn end(producer: Option<Producer>) {
    if let Some(producer) = producer {
        drop(spawn_blocking(move || drop(producer)).await);
    }
}

/// Whether Kafka is, so that what a topic of it does not do is the topic's.
fn is_there(kafka: &Availability) -> bool {
    match kafka.report() {
        HealthReport::Up | HealthReport::Unproven { .. } => true,
        HealthReport::Untried | HealthReport::Doubted { .. } | HealthReport::Away { .. } => false,
    }
}

/// Waits until reports of a letter may have come; none will while there is no producer for them.
pub(super) async fn letter_raised(second: Option<&LetterSender>) -> io::Result<()> {
    match second.and_then(|second| second.producer.as_ref()) {
        Some(producer) => producer.raised().await,
        None => std::future::pending().await,
    }
}
