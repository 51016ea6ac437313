//! The embedded broker: librdkafka's mock cluster, with one topic, in memory.
//!
//! Promise: it speaks Kafka's protocol on a free port of loopback, to any client built on
//! librdkafka, until it is dropped. It is no Kafka: its consumer groups end with it, its
//! topic has no settings, and it checks no sequence numbers.

use crate::args::serve::DEFAULT_TOPIC;
use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

/// The bridge's own default.
pub(super) const TOPIC: &str = DEFAULT_TOPIC;
/// Enough to see that a key decides the partition.
pub(super) const PARTITIONS: i32 = 6;
/// More would show nothing.
const BROKERS: i32 = 1;
/// A replica for each broker.
const REPLICAS: i32 = BROKERS;

/// The broker; its records are gone when it is dropped.
pub(super) struct Broker {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Broker {
    /// Listens, with the topic made.
    pub(super) fn start() -> Result<Self, KafkaError> {
        let cluster = MockCluster::new(BROKERS)?;
        cluster.create_topic(TOPIC, PARTITIONS, REPLICAS)?;
        Ok(Self { cluster })
    }

    /// `host:port`, as `--brokers` takes it.
    pub(super) fn address(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}
