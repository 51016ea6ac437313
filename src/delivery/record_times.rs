//! The times that records are sent with: their own, as long as Kafka takes that.
//!
//! Promise: no record is given up for its time. When a broker refuses it, the record goes out again
//! with another ([`topic_times`]), and once one was taken, records of such times are sent with it
//! at once; the log says so. The time of receipt is in a header, whatever is sent. Shared by
//! all event loops and the drain; while nothing was refused it costs a post one look, and a batch of
//! acks a lock.

pub mod time_span;
mod topic_times;

use crate::clock::Clock;
use crate::delivery::record::Record;
use crate::delivery::record::header_name::HeaderName;
use crate::delivery::record_times::time_span::TimeSpan;
use crate::delivery::record_times::topic_times::{Learnt, SpanSide, TimeSources, TopicTimes, Try};
use crate::lock::Lock;
use crate::timestamp::Timestamp;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Topics that something is kept of: the bridge's own, and those that its spool still has rows for.
const TOPICS: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub struct RecordTimes {
    clock: Clock,
    /// Whether anything was learnt that may still hold.
    has_learnt: AtomicBool,
    topics: Lock<HashMap<String, TopicTimes>>,
}

/// The time that a record is sent with, and what came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendTime {
    /// What Kafka gets.
    pub(in crate::delivery) time: Timestamp,
    /// The record's first time, if that was refused.
    refused: Option<Timestamp>,
    next: Try,
}

/// What is to be done with a record whose time was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It is sent again with this one.
    Time(SendTime),
    /// The broker is to be asked which it takes.
    Ask,
    /// Everything was tried.
    Nothing,
}

impl RecordTimes {
    /// Nothing was refused yet. `clock` is what times of receipt come from.
    pub fn new(clock: Clock) -> Self {
        Self { clock, ..Self::default() }
    }

    /// What a record is sent with at first.
    pub fn first(&self, record: &Record) -> SendTime {
        let received = Timestamp::from(record.received());
        if !self.has_learnt.load(Ordering::Relaxed) {
            return SendTime::own(received);
        }
        let now = Instant::now();
        self.topics
            .lock()
            .get(record.topic())
            .map_or_else(|| SendTime::own(received), |topic| topic.first(received, now))
    }

    /// What is done with it when it was refused with the time `refused`.
    pub fn again(&self, record: &Record, refused: SendTime) -> Retry {
        let known = TimeSources {
            received: record.received().into(),
            sender: record.header(HeaderName::Time).and_then(Timestamp::parse),
            clock: self.clock.now().into(),
        };
        let now = Instant::now();
        match self.topics.lock().get(record.topic()) {
            Some(topic) => topic.next(refused, known, now),
            None => TopicTimes::default().next(refused, known, now),
        }
    }

    /// The same where no broker says which times it takes; none once everything was tried.
    pub fn guess(&self, record: &Record, refused: SendTime) -> Option<SendTime> {
        match self.again(record, refused.unanswered()) {
            Retry::Time(time) => Some(time),
            Retry::Ask | Retry::Nothing => None,
        }
    }

    /// A record of the topic was acked that was sent with this time.
    pub fn acked(&self, topic: &str, sent: SendTime) {
        let now = Instant::now();
        let mut topics = self.topics.lock();
        if !topics.contains_key(topic) && topics.len() < TOPICS {
            topics.insert(topic.to_owned(), TopicTimes::default());
        }
        let Some(times) = topics.get_mut(topic) else { return };
        let learnt = times.acked(sent, now);
        let any = topics.values().any(|times| times.has_learnt(now));
        self.has_learnt.store(any, Ordering::Relaxed);
        drop(topics);
        if let Some(learnt) = learnt {
            say(topic, learnt);
        }
    }

    /// A batch of the topic was refused, and the time of a record in it may be at fault.
    pub fn batch_refused(&self, topic: &str) {
        if let Some(times) = self.topics.lock().get_mut(topic) {
            times.batch_refused(Instant::now());
        }
    }
}

impl SendTime {
    /// The record's own.
    pub(in crate::delivery) fn own(received: Timestamp) -> Self {
        Self { time: received, refused: None, next: Try::Clock }
    }

    /// A time that a broker says it takes, once this one was refused.
    pub(in crate::delivery) fn inside(self, span: TimeSpan) -> Self {
        let refused = Some(self.refused.unwrap_or(self.time));
        Self { time: span.inside(), refused, next: Try::Broker.after() }
    }

    /// The same, where no broker says which it takes.
    fn unanswered(self) -> Self {
        Self { next: Try::Broker.after(), ..self }
    }

    /// Whether another was refused before it.
    pub fn is_another(self) -> bool {
        self.refused.is_some()
    }
}

fn say(topic: &str, Learnt { side, refused, taken }: Learnt) {
    let why = match side {
        SpanSide::TooOld => "older than the topic's message.timestamp.before.max.ms allows",
        SpanSide::TooNew => {
            "newer than the topic's message.timestamp.after.max.ms allows: look at the clocks of this \
             machine and of the brokers"
        }
    };
    tracing::warn!(
        topic,
        %refused,
        sent = %taken,
        why,
        "kafka refuses the time of records, they are sent with another"
    );
}
