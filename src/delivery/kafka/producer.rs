//! Records in, delivery reports out.
//!
//! Promise: each record that was taken gives exactly one [`DeliveryReport`], at the latest when the
//! producer is retired. It has no thread of its own: reports are read by the event loop that owns
//! it, a batch at a time. It does not time posts: the publisher does.

use crate::delivery::kafka::ANSWER_TIMEOUT;
use crate::delivery::kafka::client_endings::ClientEnding;
use crate::delivery::kafka::client_log::ClientLog;
use crate::delivery::kafka::delivery_error::DeliveryError;
use crate::delivery::kafka::key_files::KeyVersion;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::kafka::throttle::{self, Throttle};
use crate::delivery::kafka::wakeup::Wakeup;
use crate::delivery::record::Record;
use crate::delivery::ticket::Ticket;
use crate::delivery::topic::Placement;
use crate::lock::Lock;
use crate::post::Location;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What became of a record.
#[derive(Debug)]
pub struct DeliveryReport {
    /// What the record was handed over with.
    pub ticket: Ticket,
    /// Where on Kafka an acked record is.
    pub result: Result<Location, DeliveryError>,
}

/// What a producer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Posts: a record that is not acked in time is given up.
    Posts,
    /// The drain: a record is tried for ever, and nothing overtakes it.
    Drain,
    /// The drain's single records: tried for ever as well, but a refusal is no end of the producer.
    Suspects,
}

/// Whether the brokers show a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It is there.
    Yes,
    /// They deny it.
    No,
    /// None has answered, or they say something else of it.
    Unknown,
}

/// The headers of a record as librdkafka takes them. Made apart: what is handed over in quick
/// succession leaves in one batch.
#[derive(Debug)]
pub struct Headers(OwnedHeaders);

impl Headers {
    /// Copies the headers.
    pub fn of(record: &Record) -> Self {
        let mut headers = OwnedHeaders::new_with_capacity(record.header_count());
        for (name, value) in record.headers() {
            headers = headers.insert(Header { key: name.as_str(), value: Some(value) });
        }
        Self(headers)
    }
}

/// One librdkafka producer, owned by one event loop.
pub struct Producer {
    /// Before `client`, whose end has more to say than matters.
    voice: Voice,
    /// Before `client`, which must outlive it.
    wakeup: Wakeup,
    client: ClientEnding<BaseProducer<Reports>>,
    reports: Reports,
    batch_size: u32,
    keys: KeyVersion,
    made_with: u64,
}

/// A producer could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProducerError {
    /// A property is wrong, or memory or threads ran out.
    #[error("cannot make a Kafka producer")]
    Client(#[from] KafkaError),
    /// No file handle for its wake-ups.
    #[error("cannot watch the Kafka producer")]
    Wakeup(#[from] io::Error),
}

impl ProducerError {
    /// Whether the properties are at fault.
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Client(_) => true,
            Self::Wakeup(_) => false,
        }
    }
}

impl Producer {
    /// A producer with batches of at most `batch_size` bytes. Never waits for a broker; must be called
    /// inside a runtime.
    pub fn new(
        settings: &Settings,
        purpose: Purpose,
        batch_size: u32,
    ) -> Result<Self, ProducerError> {
        let (log, throttle) = (settings.log.clone(), settings.throttle.clone());
        let (voice, keys) = (Voice::default(), settings.keys.clone());
        let made_with = keys.current();
        let reports = Reports { came: Arc::default(), log, throttle, is_ending: voice.0.clone() };
        let mut config = settings.producer(purpose, batch_size);
        if config.get(throttle::INTERVAL).is_none() {
            config.set(throttle::INTERVAL, throttle::INTERVAL_MS);
        }
        let client: BaseProducer<Reports> = config.create_with_context(reports.clone())?;
        let client = ClientEnding::of(client, &settings.endings);
        let wakeup = Wakeup::new(&*client)?;
        Ok(Self { voice, wakeup, client, reports, batch_size, keys, made_with })
    }

    /// Hands the record over; its report will carry `ticket`. The record is copied.
    pub fn enqueue(
        &self,
        record: &Record,
        headers: Headers,
        placement: Placement,
        ticket: Ticket,
    ) -> Result<(), DeliveryError> {
        let mut message = BaseRecord::with_opaque_to(record.topic(), ticket.number())
            .payload(&record.value()[..])
            .timestamp(placement.unix_millis())
            .headers(headers.0);
        message.key = Some(record.key()).filter(|key| !key.is_empty());
        message.partition = placement.partition;
        self.client.send(message).map_err(|(error, _)| DeliveryError::at_enqueue(code(&error)))
    }

    /// How many partitions the topic has, by a broker's answer, which the producer goes by from then
    /// on. Blocks, for [`ANSWER_TIMEOUT`] at most.
    pub fn ask_partitions(&self, topic: &str) -> Option<u32> {
        let metadata = self.client.client().fetch_metadata(Some(topic), ANSWER_TIMEOUT).ok()?;
        let seen = metadata.topics().iter().find(|seen| seen.name() == topic)?;
        u32::try_from(seen.partitions().len()).ok()
    }

    /// Whether the brokers show this topic. Blocks, for [`ANSWER_TIMEOUT`] at most.
    pub fn shows(&self, topic: &str) -> Shown {
        let asked = self.client.client().fetch_metadata(Some(topic), ANSWER_TIMEOUT);
        let Ok(metadata) = asked else { return Shown::Unknown };
        let seen = metadata.topics().iter().find(|seen| seen.name() == topic);
        match seen.map(|seen| seen.error().map(RDKafkaErrorCode::from)) {
            Some(None) => Shown::Yes,
            None | Some(Some(RDKafkaErrorCode::UnknownTopicOrPartition)) => Shown::No,
            Some(Some(_)) => Shown::Unknown,
        }
    }

    /// Waits until reports may have come. Cancel-safe.
    pub async fn raised(&self) -> io::Result<()> {
        self.wakeup.raised().await
    }

    /// Moves all reports that have come to the end of `into`.
    pub fn take_reports(&self, into: &mut Vec<DeliveryReport>) {
        loop {
            self.client.poll(Duration::ZERO);
            if self.wakeup.pending() == 0 {
                break;
            }
        }
        into.append(&mut self.reports.came.lock());
    }

    /// The largest batch of several records, which it was made with.
    pub fn batch_size(&self) -> u32 {
        self.batch_size
    }

    /// Whether brokers let a client in that has other keys and certificates than this one, which
    /// they do not: its files were changed.
    pub fn has_old_keys(&self) -> bool {
        self.made_with != self.keys.current()
    }

    /// Whether nothing but a new producer can help.
    pub fn is_dead(&self) -> bool {
        self.death().is_some()
    }

    /// Why nothing but a new producer can help, where that is so.
    pub fn death(&self) -> Option<DeliveryError> {
        self.client.client().fatal_error().map(|(code, _)| DeliveryError::in_report(code))
    }

    /// Ends it and returns the last reports: whatever is still under way is given up. Blocks: for
    /// up to 0.5 s for the reports, and for as long as its threads take to end.
    pub fn retire(self) -> Vec<DeliveryReport> {
        let Self { voice, wakeup, client, reports, .. } = self;
        drop((voice, wakeup));
        client.end();
        std::mem::take(&mut *reports.came.lock())
    }
}

/// While it is kept, what the client says is logged. What is under way at the end is given up, which
/// librdkafka calls a fatal error where nothing may be left out.
#[derive(Default)]
struct Voice(Arc<AtomicBool>);

impl Drop for Voice {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Where librdkafka's callbacks leave the reports.
#[derive(Clone)]
struct Reports {
    is_ending: Arc<AtomicBool>,
    came: Arc<Lock<Vec<DeliveryReport>>>,
    log: Arc<ClientLog>,
    throttle: Arc<Throttle>,
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        let result = match result {
            Ok(message) => {
                Ok(Location::Kafka { partition: message.partition(), offset: message.offset() })
            }
            Err((error, _)) => Err(DeliveryError::in_report(code(error))),
        };
        self.came.lock().push(DeliveryReport { ticket: Ticket::of(ticket), result });
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if self.is_ending.load(Ordering::Relaxed) {
            tracing::debug!(facility, "librdkafka, at its end: {message}");
        } else {
            self.log.line(level, facility, message);
        }
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.throttle.heard(statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // No detector: it stays silent when a broker freezes and chatters when one is away.
        tracing::debug!(%error, reason, "librdkafka reports an error");
    }
}

fn code(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)
}

#[cfg(test)]
mod tests;
