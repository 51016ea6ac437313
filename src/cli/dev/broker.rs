//! The broker: embedded, or one that is there.
//!
//! Embedded, it is librdkafka's mock cluster, with one topic, in memory. Promise: it speaks Kafka's
//! protocol on a free port of loopback, to any client built on librdkafka, until it is dropped. It is no
//! Kafka: its consumer groups end with it, its topic has no settings, and it checks no sequence numbers.

use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

/// Of the embedded topic: enough to see that a key decides the partition.
pub(super) const PARTITIONS: i32 = 6;
/// More would show nothing.
const BROKERS: i32 = 1;
/// A replica for each broker.
const REPLICAS: i32 = BROKERS;

/// What the bridge writes to.
pub(super) enum Broker {
    /// Its records are gone when it is dropped.
    Embedded(MockCluster<'static, DefaultProducerContext>),
    /// `--kafka`
    Given(String),
}

impl Broker {
    /// The given one, or else one that listens, with the topic made.
    pub(super) fn new(given: Option<&str>, topic: &str) -> Result<Self, KafkaError> {
        if let Some(brokers) = given {
            return Ok(Self::Given(brokers.to_owned()));
        }
        let cluster = MockCluster::new(BROKERS)?;
        cluster.create_topic(topic, PARTITIONS, REPLICAS)?;
        Ok(Self::Embedded(cluster))
    }

    /// `host:port`, as `--brokers` takes it.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Embedded(cluster) => cluster.bootstrap_servers(),
            Self::Given(brokers) => brokers.clone(),
        }
    }
}
