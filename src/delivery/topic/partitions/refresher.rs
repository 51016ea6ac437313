//! Brings one producer up to the partitions that the probe has seen.
//!
//! Promise: one question at a time, off the event loop, since librdkafka blocks for it.

use crate::delivery::kafka::producer::Producer;
use crate::delivery::kafka::question::Question;
use crate::delivery::topic::Topic;
use crate::delivery::topic::partitions::Participant;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Between two questions, the first of which showed too few: what one broker knows is with all of
/// them within that.
const PAUSE: Duration = Duration::from_millis(100);

/// See the module.
pub(in crate::delivery) struct Refresher {
    participant: Participant,
    topic: Arc<str>,
    asking: Question<Option<u32>>,
    rest_until: Option<Instant>,
}

impl Refresher {
    pub(in crate::delivery) fn new(topic: &Topic) -> Self {
        let (participant, topic) = (topic.partitions.join(), topic.name.clone());
        Self { participant, topic, asking: Question::default(), rest_until: None }
    }

    /// Does the next step once it is due: asks, or takes the answer. Cancel-safe.
    pub(in crate::delivery) async fn turn(&mut self, producer: &Arc<Producer>) {
        if self.asking.is_asked() {
            return self.answered().await;
        }
        self.participant.behind().await;
        if let Some(rest) = self.rest_until {
            sleep_until(rest).await;
        }
        let (producer, topic) = (producer.clone(), self.topic.clone());
        self.asking.ask(move || producer.ask_partitions(&topic));
    }

    /// Whether the producer is in use by a question.
    pub(in crate::delivery) fn is_asking(&self) -> bool {
        self.asking.is_asked()
    }

    /// Waits for the end of a question.
    pub(in crate::delivery) async fn answered(&mut self) {
        if self.asking.is_asked() {
            let seen = self.asking.answer().await.flatten();
            self.rest_until = Some(Instant::now() + PAUSE);
            if let Some(seen) = seen {
                self.participant.knows(seen);
            }
        }
    }

    /// Another producer has taken the place of the one that was asked.
    pub(in crate::delivery) fn renewed(&self) {
        self.participant.knows(0);
    }
}
