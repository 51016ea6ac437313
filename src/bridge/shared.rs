//! What the parts of a bridge share, on whatever thread.

use crate::admin::Admin;
use crate::bridge::dead_letter_topic::DeadLetterTopic;
use crate::bridge::spooling::Opened;
use crate::config::Config;
use crate::delivery::availability::Availability;
use crate::delivery::shared_gate::SharedGate;
use crate::delivery::topic::Topic;
use crate::metrics::Metrics;
use crate::post::PostRecorder;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) config: Arc<Config>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) recorder: Arc<PostRecorder>,
    /// What is known of Kafka.
    pub(super) availability: Arc<Availability>,
    /// Of notifications.
    pub(super) topic: Topic,
    /// Where there is one.
    pub(super) dead_letters: Option<DeadLetterTopic>,
    /// Where there is a spool, once its drain has begun.
    pub(super) gate: Option<Arc<SharedGate>>,
    /// Cancelled once no more posts are taken.
    pub(super) stop: CancellationToken,
}

impl Shared {
    /// Nothing is known of Kafka yet, but what the spool remembers of the topics.
    pub(super) fn new(
        config: Config,
        metrics: Metrics,
        spool: Option<&Opened>,
        stop: CancellationToken,
    ) -> Self {
        let metrics = Arc::new(metrics);
        let availability = Arc::new(Availability::new(&metrics, config.kafka.ack_timeout()));
        let max_bytes = config.kafka.message_max_bytes();
        let mut topic = Topic::new(config.topic.clone(), max_bytes, &config.clock);
        if let Some(spool) = spool {
            topic.first_sight = spool.first_sight(topic.name.clone());
        }
        let dead_letters = DeadLetterTopic::of(&config, spool, &availability, &metrics);
        let recorder = Arc::new(PostRecorder::new(metrics.clone()));
        let (config, gate) = (Arc::new(config), None);
        Self { config, metrics, recorder, availability, topic, dead_letters, gate, stop }
    }

    /// What answers machines.
    pub(super) fn admin(&self) -> Admin {
        let dead_letters = self.dead_letters.clone();
        Admin {
            metrics: self.metrics.clone(),
            availability: self.availability.clone(),
            throttle: self.config.kafka.throttle.clone(),
            topic: self.topic.clone(),
            dead_letters: dead_letters.map(|second| (second.topic.name, second.availability)),
            gate: self.gate.clone(),
            stop: self.stop.clone(),
        }
    }
}
