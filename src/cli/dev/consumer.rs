//! Reads the topic back, as any consumer would.
//!
//! Promise: every record of the topic, from where it began on, once. It joins no group and commits
//! nothing.

use crate::cli::dev::DevError;
use crate::cli::dev::broker::{Broker, PARTITIONS};
use crate::delivery::kafka::topic_record::TopicRecord;
use crate::timestamp::Timestamp;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::metadata::MetadataPartition;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;

/// The embedded broker holds every fetch that finds nothing for this long, also when a record
/// comes in the meantime: a record may take that long to be seen.
const FETCH_WAIT_MS: &str = "20";
/// How long the broker may take to say where a partition ends.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A consumer of all partitions.
pub(super) struct Consumer {
    client: Arc<StreamConsumer>,
    /// The topic, if nobody else writes to it.
    own_topic: Option<String>,
}

/// A record as it was read.
#[derive(Debug, Clone, Default)]
pub(super) struct ConsumedRecord {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// Milliseconds since 1970.
    pub(super) timestamp: Option<i64>,
    pub(super) key: Option<Vec<u8>>,
    /// In the order in which they are on the record.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) value: Vec<u8>,
}

impl Consumer {
    /// Begins to read, an embedded topic at its beginning, any other at its end.
    pub(super) async fn open(broker: &Broker, topic: &str) -> Result<Self, DevError> {
        let client: StreamConsumer = ClientConfig::new()
            .set("bootstrap.servers", broker.address())
            // Asked for by the client library; with partitions of its own it never joins it.
            .set("group.id", "hookbridge-dev")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", FETCH_WAIT_MS)
            .create()
            .map_err(DevError::Consumer)?;
        let client = Arc::new(client);
        let (begins, own_topic) = match broker {
            // Known, since the topic is new; the client would ask for it only after half a second.
            Broker::Embedded(_) => {
                ((0..PARTITIONS).map(|partition| (partition, 0)).collect(), Some(topic.to_owned()))
            }
            Broker::Given(brokers) => {
                let (asked, name) = (client.clone(), topic.to_owned());
                let ends = spawn_blocking(move || ends(&asked, &name)).await;
                let ends = ends.unwrap_or(Err(KafkaError::Canceled)).map_err(|error| {
                    tracing::debug!(%error, "the brokers do not say where the topic ends");
                    DevError::Given { brokers: brokers.clone(), waited: TIMEOUT }
                })?;
                (ends, None)
            }
        };
        if begins.is_empty() {
            return Err(DevError::NoTopic { topic: topic.to_owned() });
        }
        let mut all = TopicPartitionList::new();
        for (partition, begin) in begins {
            all.add_partition_offset(topic, partition, Offset::Offset(begin))
                .map_err(DevError::Consumer)?;
        }
        client.assign(&all).map_err(DevError::Consumer)?;
        Ok(Self { client, own_topic })
    }

    /// Waits for the next record. Cancel-safe.
    pub(super) async fn next(&self) -> ConsumedRecord {
        loop {
            match self.client.recv().await {
                Ok(message) => return ConsumedRecord::of(&message),
                // The client goes on by itself; whoever waits has a deadline.
                Err(error) => tracing::warn!(%error, "cannot read from the broker"),
            }
        }
    }

    /// Reads no more.
    pub(super) fn stop(&self) {
        if let Err(error) = self.client.unassign() {
            tracing::warn!(%error, "cannot stop reading from the broker");
        }
    }

    /// How many records the topic holds now, read or not, if nobody else writes to it.
    pub(super) async fn count(&self) -> Result<Option<usize>, KafkaError> {
        let Some(topic) = self.own_topic.clone() else { return Ok(None) };
        let client = self.client.clone();
        let count = move || {
            (0..PARTITIONS).try_fold(0, |sum: usize, partition| {
                let (low, high) = client.fetch_watermarks(&topic, partition, TIMEOUT)?;
                Ok(sum + usize::try_from(high - low).unwrap_or(0))
            })
        };
        spawn_blocking(count).await.unwrap_or(Err(KafkaError::Canceled)).map(Some)
    }
}

/// Each partition with its end; none where there is no such topic. Blocks.
fn ends(client: &StreamConsumer, topic: &str) -> Result<Vec<(i32, i64)>, KafkaError> {
    let metadata = client.fetch_metadata(Some(topic), TIMEOUT)?;
    let partitions = metadata.topics().iter().filter(|seen| seen.name() == topic);
    let partitions =
        partitions.flat_map(|seen| seen.partitions().iter().map(MetadataPartition::id));
    let end = |partition| {
        let (_, high) = client.fetch_watermarks(topic, partition, TIMEOUT)?;
        Ok((partition, high))
    };
    partitions.map(end).collect()
}

impl ConsumedRecord {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        Self {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            headers: headers
                .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()))
                .collect(),
            value: message.payload().unwrap_or_default().to_vec(),
        }
    }

    /// The same, as it is shown.
    pub(super) fn view(&self) -> TopicRecord<'_> {
        let headers = self.headers.iter();
        TopicRecord {
            topic: &self.topic,
            partition: self.partition,
            offset: self.offset,
            timestamp: self.timestamp.map(Timestamp::of_unix_millis),
            key: self.key.as_deref(),
            headers: headers.map(|(name, value)| (name.as_str(), Some(&value[..]))).collect(),
            value: Some(&self.value),
        }
    }

    /// The first header of this name.
    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.headers.iter();
        headers.find(|(header, _)| header == name).map(|(_, value)| &value[..])
    }
}
