//! The drain and the topic of dead letters.
//!
//! Promise: a dead-letter topic that takes nothing holds up the notifications behind its rows no
//! longer than a topic that is missing.

use crate::delivery::availability::Availability;
use crate::delivery::availability::health_report::HealthReport;
use crate::delivery::drain::Drain;
use crate::delivery::topic::Topic;
use std::sync::Arc;
use std::time::Instant;

/// The topic beside that of the notifications.
pub(super) struct DeadLetterTopic {
    topic: Topic,
    availability: Arc<Availability>,
}

impl Drain {
    /// The same with a topic of dead letters.
    #[must_use]
    pub fn with_dead_letters(mut self, topic: Topic, availability: Arc<Availability>) -> Self {
        self.dead_letters = Some(DeadLetterTopic { topic, availability });
        self
    }

    /// While the topic takes nothing and Kafka is there, it counts as missing.
    pub(super) fn look_at_dead_letters(&mut self, now: Instant) {
        let Some(second) = &self.dead_letters else { return };
        match second.availability.report() {
            HealthReport::Away { .. } => self.missing.missed(&second.topic.name, now),
            HealthReport::Up
            | HealthReport::Untried
            | HealthReport::Doubted { .. }
            | HealthReport::Unproven { .. } => {}
        }
    }
}
