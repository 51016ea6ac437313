//! What consumers are made with: the operator's properties, as far as they are not a producer's own, and
//! what a command is promised that reads a topic: to its end, as fast as records come, committing nothing
//! by itself.

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

/// What is not the operator's.
const FIXED: [(&str, &str); 5] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
    // Where records are deleted before they were read, those that are left are next.
    ("auto.offset.reset", "earliest"),
    // How long a fetch may take: megabytes over a slow line. The default of the bridge is for posts.
    ("socket.timeout.ms", "30000"),
];

/// How long a partition is not fetched whose queue was full. The client library's own second is more
/// than half of the time that a long topic takes (`findings/`).
const FETCH_QUEUE_BACKOFF: (&str, &str) = ("fetch.queue.backoff.ms", "10");

impl Settings {
    /// What a consumer is made with: without what only a producer knows, of which it would be told.
    pub(in crate::delivery::kafka) fn consumer(&self) -> ClientConfig {
        let mut config = self.config.clone();
        for name in PRODUCERS_OWN {
            config.remove(name);
        }
        for (name, value) in FIXED {
            config.set(name, value);
        }
        let (name, value) = FETCH_QUEUE_BACKOFF;
        if config.get(name).is_none() {
            config.set(name, value);
        }
        config
    }
}
