//! Whether the brokers show the topic that old rows wait for.
//!
//! Promise: one question at a time, off the event loop, and none while rows move. Asked because the
//! client itself takes half a minute to believe that a topic is missing, and says nothing until then.

use crate::delivery::drain::Drain;
use crate::delivery::kafka::producer::{Producer, Shown};
use crate::delivery::kafka::question::Question;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long rows of a topic may be under way before it is asked for: many round trips.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Between two questions.
const EVERY: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct TopicCheck {
    pub(super) question: Question<(Arc<str>, Shown)>,
    /// The topic of the first row under way, and when it is to be asked for.
    due: Option<(Arc<str>, Instant)>,
}

impl TopicCheck {
    /// The first row under way is for this topic; asks for it when it is time.
    fn waits(&mut self, topic: &Arc<str>, producer: &Arc<Producer>, now: Instant) {
        let due = match &self.due {
            Some((known, due)) if known == topic => *due,
            Some(_) | None => now + TIMEOUT,
        };
        self.due = Some((topic.clone(), due));
        if due <= now && !self.question.is_asked() {
            let (asked, producer) = (topic.clone(), producer.clone());
            self.question.ask(move || {
                let shown = producer.shows(&asked);
                (asked, shown)
            });
            self.due = Some((topic.clone(), now + EVERY));
        }
    }
}

impl Drain {
    /// Asks for the topic of old rows that are not taken, while brokers answer.
    pub(super) fn look_for_topic(&mut self, now: Instant) {
        let Some(topic) = self.window.first_topic() else { return };
        if *topic != self.topic.name {
            self.topic_check.waits(topic, &self.producer, now);
        }
    }

    /// The brokers have said whether they show a topic.
    pub(super) fn topic_checked(&mut self, answer: Option<(Arc<str>, Shown)>) {
        let Some((topic, shown)) = answer else { return };
        match shown {
            Shown::No => self.missing.missed(&topic, Instant::now()),
            Shown::Yes => self.missing.shown(&topic),
            Shown::Unknown => {}
        }
    }

    /// Names the topic that rows wait for and that the brokers do not show, to the operator.
    pub(super) fn name_missing(&mut self, waiting: u64, now: Instant) {
        if waiting == 0 {
            self.unshown = None;
        } else if let Some(topic) = self.window.first_topic() {
            self.unshown = self.missing.is_denied(topic, now).then(|| topic.clone());
        }
        match &self.unshown {
            Some(topic) => {
                let left = self.missing.left(topic, now);
                self.log.unshown(topic, waiting, left, now);
            }
            None => self.log.all_shown(),
        }
    }
}
