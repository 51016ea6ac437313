//! What consumers are made with: the operator's properties, as far as they are not a producer's own.

use crate::delivery::kafka::settings::Settings;
use rdkafka::ClientConfig;

/// Properties that mean nothing to a consumer.
const PRODUCERS_OWN: &[&str] = &[
    "linger.ms",
    "queue.buffering.max.ms",
    "queue.buffering.max.messages",
    "queue.buffering.max.kbytes",
    "batch.size",
    "batch.num.messages",
    "compression.codec",
    "compression.type",
    "compression.level",
    "retries",
    "message.send.max.retries",
    "sticky.partitioning.linger.ms",
];

impl Settings {
    /// What a consumer is made with: without what only a producer knows, of which it would be told.
    pub(in crate::delivery::kafka) fn consumer(&self) -> ClientConfig {
        let mut config = self.config.clone();
        for name in PRODUCERS_OWN {
            config.remove(name);
        }
        config
    }
}
