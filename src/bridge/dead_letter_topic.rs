//! The second topic: what is known of it, and who finds that out.
//!
//! Promise: it has a limit, partitions, times and an availability of its own, so that whatever is
//! wrong with it stops no notification. It shares the gate and the spool: a row on disk names its
//! topic.

use crate::bridge::spooling::Opened;
use crate::config::Config;
use crate::delivery::availability::Availability;
use crate::delivery::topic::Topic;
use crate::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use std::sync::Arc;

/// The topic of dead letters.
#[derive(Clone)]
pub(super) struct DeadLetterTopic {
    pub(super) topic: Topic,
    pub(super) availability: Arc<Availability>,
    /// Counts what the drain sends there.
    pub(super) drained: Counter,
}

impl DeadLetterTopic {
    /// Where there is one; it gets what the spool remembers of it.
    pub(super) fn of(
        config: &Config,
        spool: Option<&Opened>,
        kafka: &Arc<Availability>,
        metrics: &Metrics,
    ) -> Option<Self> {
        let name = config.dead_letter_topic.clone()?;
        let (max_bytes, timeout) = (config.kafka.message_max_bytes(), config.kafka.ack_timeout());
        let mut topic = Topic::new(name.clone(), max_bytes, &config.clock);
        if let Some(spool) = spool {
            topic.first_sight = spool.first_sight(name.clone());
        }
        let availability = Arc::new(Availability::of_dead_letters(name, kafka, metrics, timeout));
        Some(Self { topic, availability, drained: metrics.spool.dead_lettered.clone() })
    }
}
