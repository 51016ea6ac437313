//! Records to several topics at once, each with a fate of its own.
//!
//! Promise: each record that was sent has one [`Fate`]. Refused is only what was refused while it was
//! alone under way: a broker fails the neighbours of a record with it. A time is no fault, and none is
//! sent that the topic's retention would delete the record for, as far as its settings are known. It
//! has no deadline: whoever waits has one.

use crate::clock::Clock;
use crate::delivery::kafka::delivery_error::{DeliveryError, Meaning};
use crate::delivery::kafka::producer::{DeliveryReport, Headers, Producer, ProducerError, Purpose};
use crate::delivery::kafka::settings::Settings;
use crate::delivery::record::Record;
use crate::delivery::record_times::{Retry, SendTime};
use crate::delivery::ticket::Ticket;
use crate::delivery::topic::Topic;
use crate::delivery::topic::topic_config::TopicConfig;
use crate::timestamp::Timestamp;
use slab::Slab;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

/// Records under way at once: full batches on many partitions.
const RECORDS: usize = 1024;
/// Their bytes at once, beyond one record: librdkafka has a copy of each.
const BYTES: usize = 16 << 20;
/// The largest batch, in bytes: under the `max.message.bytes` that most topics have.
const BATCH: u32 = 500_000;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// All in-sync replicas have it.
    Acked,
    /// Its topic does not take it.
    Refused(DeliveryError),
    /// No ack came; it may be there nevertheless.
    Failed(DeliveryError),
}

/// See the module. `place` is whatever its owner knows a record by.
pub struct Outbox<P> {
    producer: Producer,
    /// Of each topic, the times that it takes.
    times: Topic,
    /// How topics are set, as far as that is known.
    configs: Vec<(Arc<str>, TopicConfig)>,
    clock: Clock,
    under_way: Slab<Entry<P>>,
    bytes: usize,
    /// Those that were in a batch that was refused; they go alone.
    suspects: VecDeque<Entry<P>>,
    is_alone: bool,
    /// What is known already.
    ended: Vec<(P, Fate)>,
}

struct Entry<P> {
    place: P,
    record: Record,
    time: Option<SendTime>,
}

impl<P> Outbox<P> {
    /// Makes the producer, without waiting for a broker. Must be called inside a runtime.
    pub fn new(
        settings: &Settings,
        configs: Vec<(Arc<str>, TopicConfig)>,
    ) -> Result<Self, ProducerError> {
        let batch = settings.batch_size(Some(BATCH));
        let clock = Clock::system();
        Ok(Self {
            producer: Producer::new(settings, Purpose::Suspects, batch)?,
            // Partitions are librdkafka's to choose here, by the same hash.
            times: Topic::new(Arc::from(""), None, &clock),
            configs,
            clock,
            under_way: Slab::new(),
            bytes: 0,
            suspects: VecDeque::new(),
            is_alone: false,
            ended: Vec::new(),
        })
    }

    /// Whether another record may be sent.
    pub fn has_room(&self) -> bool {
        let records = self.under_way.len() + self.suspects.len();
        records < RECORDS && self.bytes < BYTES && self.suspects.is_empty() && !self.is_alone
    }

    /// Whether nothing is under way, and no fate waits to be taken.
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty() && self.suspects.is_empty() && self.ended.is_empty()
    }

    /// Sends it; behind those that go alone, alone.
    pub fn send(&mut self, place: P, record: Record) {
        self.bytes += record.size();
        let time = self.kept_time(&record);
        let entry = Entry { place, record, time };
        if self.is_alone || !self.suspects.is_empty() {
            self.suspects.push_back(entry);
        } else {
            self.enqueue(entry);
        }
    }

    /// The time to send it with, where its own would have it deleted.
    fn kept_time(&self, record: &Record) -> Option<SendTime> {
        let (_, config) = self.configs.iter().find(|(topic, _)| **topic == *record.topic())?;
        let (own, now) = (Timestamp::from(record.received()), Timestamp::from(self.clock.now()));
        config.kept_time(own, now).map(SendTime::own)
    }

    fn enqueue(&mut self, mut entry: Entry<P>) {
        let placement = self.times.placement(&entry.record, entry.time);
        entry.time = Some(placement.time);
        let slot = self.under_way.vacant_entry();
        let headers = Headers::of(&entry.record);
        match self.producer.enqueue(&entry.record, headers, placement, Ticket::of(slot.key())) {
            Ok(()) => drop(slot.insert(entry)),
            Err(error) => {
                let refused = error.meaning == Meaning::Refused;
                self.end(entry, if refused { Fate::Refused(error) } else { Fate::Failed(error) });
            }
        }
    }

    fn end(&mut self, entry: Entry<P>, fate: Fate) {
        self.bytes -= entry.record.size();
        self.ended.push((entry.place, fate));
    }

    /// Waits until fates may have come. Cancel-safe.
    pub async fn raised(&self) -> io::Result<()> {
        if self.ended.is_empty() { self.producer.raised().await } else { Ok(()) }
    }

    /// What became of records meanwhile.
    pub fn take(&mut self) -> Vec<(P, Fate)> {
        let mut reports = Vec::new();
        self.producer.take_reports(&mut reports);
        for DeliveryReport { ticket, result } in reports {
            let entry = self.under_way.remove(ticket.number());
            match result {
                Ok(_) => {
                    if let Some(time) = entry.time {
                        self.times.times.acked(entry.record.topic(), time);
                    }
                    self.end(entry, Fate::Acked);
                }
                Err(error) => self.failed(entry, error),
            }
        }
        self.try_suspect();
        std::mem::take(&mut self.ended)
    }

    fn failed(&mut self, mut entry: Entry<P>, error: DeliveryError) {
        match error.meaning {
            Meaning::NotProof | Meaning::Refused if self.is_alone => {
                let refused = entry.time.filter(|_| error.is_about_time());
                match refused.and_then(|time| self.another_time(&entry.record, time)) {
                    Some(time) => {
                        entry.time = Some(time);
                        self.enqueue(entry);
                    }
                    None => self.end(entry, Fate::Refused(error)),
                }
            }
            Meaning::NotProof | Meaning::Refused | Meaning::Innocent => {
                self.suspects.push_back(entry);
            }
            Meaning::Unacked | Meaning::Local => self.end(entry, Fate::Failed(error)),
        }
    }

    /// Nobody asks a broker here: what it takes is guessed.
    fn another_time(&self, record: &Record, refused: SendTime) -> Option<SendTime> {
        let times = &self.times.times;
        match times.again(record, refused) {
            Retry::Time(time) => Some(time),
            Retry::Ask => times.guess(record, refused),
            Retry::Nothing => None,
        }
    }

    /// Once nothing is under way, the next suspect goes alone.
    fn try_suspect(&mut self) {
        while self.under_way.is_empty() {
            self.is_alone = false;
            let Some(entry) = self.suspects.pop_front() else { return };
            self.is_alone = true;
            // One that the client itself does not take has its fate already.
            self.enqueue(entry);
        }
    }
}

#[cfg(test)]
mod tests;
