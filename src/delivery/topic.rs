//! What is known of one topic: its name, and what it takes.
//!
//! Promise: all that is learnt of a topic is in this one value, which the publisher, the drain, the
//! probe and readiness take as an argument: a second topic is a second value. What a probe sees of
//! its leaders is in [`crate::delivery::availability`].

pub mod partitions;
pub mod topic_config;

use crate::clock::Clock;
use crate::delivery::record::Record;
use crate::delivery::record_times::RecordTimes;
use crate::delivery::record_times::SendTime;
use crate::delivery::spool::shown_topics::ShownTopics;
use crate::delivery::topic::partitions::Partitions;
use crate::lock::Lock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{Notify, watch};

/// As old as the topic's settings may be when they are held against it.
const KEPT: Duration = Duration::from_secs(60);

/// The states of [`FirstSight`].
const NOT_ASKED: u8 = 0;
const SHOWN: u8 = 1;
const DENIED: u8 = 2;

/// A topic that the bridge writes to. Cheap to clone; clones share what is learnt.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its name.
    pub name: Arc<str>,
    /// The largest record that it takes.
    pub limit: TopicLimit,
    /// The times that it takes; also those of other topics, which old rows of the spool are for.
    pub times: Arc<RecordTimes>,
    /// Its partitions.
    pub partitions: Arc<Partitions>,
    /// How old the records are that come from disk.
    pub backlog: Arc<Backlog>,
    /// Whether it was ever shown to the spool.
    pub first_sight: Arc<FirstSight>,
}

impl Topic {
    /// A topic of which nothing is known but perhaps its limit, which the operator may have set.
    /// `clock` is what times of receipt come from.
    pub fn new(name: Arc<str>, max_bytes: Option<u32>, clock: &Clock) -> Self {
        let limit = TopicLimit::new(max_bytes);
        let times = Arc::new(RecordTimes::new(clock.clone()));
        let (partitions, backlog, first_sight) = Default::default();
        Self { name, limit, times, partitions, backlog, first_sight }
    }

    /// What a record is sent with: its own time, unless `time` is given.
    pub(in crate::delivery) fn placement(
        &self,
        record: &Record,
        time: Option<SendTime>,
    ) -> Placement {
        let time = time.unwrap_or_else(|| self.times.first(record));
        let is_placed = record.topic() == &*self.name && !record.key().is_empty();
        let partition = is_placed.then(|| self.partitions.of(record.key())).flatten();
        Placement { time, partition }
    }
}

/// What a record is sent with.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    /// The time that Kafka gets.
    pub(in crate::delivery) time: SendTime,
    /// Where it belongs, if that is known; else librdkafka decides.
    pub(in crate::delivery) partition: Option<i32>,
}

impl Placement {
    /// The record's time, as Kafka gets it.
    pub(in crate::delivery) fn unix_millis(&self) -> i64 {
        self.time.time.unix_millis()
    }
}

/// Whether the brokers have ever shown the topic to this spool. A topic that brokers deny, and have
/// never shown, gets no record on disk for it: it is mistyped, or not made yet, and a 200 would
/// promise what nobody can keep. Once it was shown, its records are kept through whatever happens
/// to it. While no broker has answered nothing is denied. Without a spool it denies nothing: there
/// is nothing to be kept.
#[derive(Debug, Default)]
pub struct FirstSight {
    state: AtomicU8,
    spool: Option<Remembered>,
}

/// Where it is remembered.
#[derive(Debug)]
struct Remembered {
    topic: Arc<str>,
    /// Of all topics of the spool.
    shown: Arc<Lock<ShownTopics>>,
}

impl FirstSight {
    /// What the spool remembers of the topic.
    pub fn remembered(shown: &Arc<Lock<ShownTopics>>, topic: Arc<str>) -> Self {
        let state = if shown.lock().contains(&topic) { SHOWN } else { NOT_ASKED };
        let spool = Some(Remembered { topic, shown: shown.clone() });
        Self { state: AtomicU8::new(state), spool }
    }

    /// Whether posts must be refused for it.
    pub fn is_denied(&self) -> bool {
        self.state.load(Ordering::Relaxed) == DENIED
    }

    /// Whether the topic was shown, so that there is nothing new to be remembered.
    pub(in crate::delivery) fn is_shown(&self) -> bool {
        self.state.load(Ordering::Relaxed) == SHOWN
    }

    /// The brokers answer and do not show the topic.
    pub(in crate::delivery) fn missing(&self) {
        if let Some(Remembered { topic, .. }) = &self.spool
            && self.state.compare_exchange(NOT_ASKED, DENIED, Ordering::Relaxed, Ordering::Relaxed)
                == Ok(NOT_ASKED)
        {
            tracing::error!(
                %topic,
                "the brokers do not show the topic and never did: posts for it get 503 until they do"
            );
        }
    }

    /// The brokers show the topic. Blocks where it is the first time, for a sync of the disk.
    pub(in crate::delivery) fn shown(&self) {
        if self.state.swap(SHOWN, Ordering::Relaxed) == SHOWN {
            return;
        }
        let Some(Remembered { topic, shown }) = &self.spool else { return };
        let mut shown = shown.lock();
        if let Err(error) = shown.add(topic) {
            // The next look tries again; until then posts are taken, as it is shown now.
            self.state.store(NOT_ASKED, Ordering::Relaxed);
            tracing::debug!(%error, %topic, "the spool cannot remember that the topic was shown");
        }
    }
}

/// The topic's largest record, `max.message.bytes`: found by the probe, heeded by the producers. A
/// limit that refuses a record, or that a broker's answer contradicts, is asked for anew at once,
/// and how old it is is known. It asks nothing itself. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TopicLimit {
    known: watch::Sender<KnownLimit>,
    doubt: Arc<Notify>,
}

/// See [`TopicLimit::changes`].
#[derive(Debug)]
pub struct LimitChanges {
    known: watch::Receiver<KnownLimit>,
    _limit: TopicLimit,
}

#[derive(Debug, Clone, Copy)]
struct KnownLimit {
    /// None while it is not known.
    bytes: Option<u32>,
    /// When the brokers were asked for it; none where it is the operator's word, or a guess.
    asked: Option<Instant>,
}

impl TopicLimit {
    /// A limit that the operator may have set; else it is to be found.
    pub fn new(bytes: Option<u32>) -> Self {
        Self { known: watch::Sender::new(KnownLimit { bytes, asked: None }), doubt: Arc::default() }
    }

    /// In bytes; none while it is not known.
    pub fn bytes(&self) -> Option<u32> {
        self.known.borrow().bytes
    }

    /// In bytes, and when the brokers were asked for it; none where they have not said it.
    pub fn asked(&self) -> Option<(u32, Instant)> {
        let KnownLimit { bytes, asked } = *self.known.borrow();
        bytes.zip(asked)
    }

    /// Changes of it, from here on.
    pub fn changes(&self) -> LimitChanges {
        LimitChanges { known: self.known.subscribe(), _limit: self.clone() }
    }

    /// A record was refused: by a broker, though within it, or here, though it may have been
    /// raised. Or the topic's settings are wanted for another reason: they are asked for together.
    pub fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// The limit, and when the brokers were asked for it; says whether that is news.
    pub fn found(&self, bytes: u32, asked: Option<Instant>) -> bool {
        let found = KnownLimit { bytes: Some(bytes), asked };
        self.known.send_if_modified(|known| std::mem::replace(known, found).bytes != found.bytes)
    }

    /// Waits until it is doubted. Cancel-safe.
    pub async fn doubted(&self) {
        self.doubt.notified().await;
    }
}

impl LimitChanges {
    /// Waits until it has changed. Cancel-safe.
    pub async fn changed(&mut self) {
        self.known.changed().await.expect("the limit is kept beside its changes");
    }
}

/// How old the oldest record on disk was when a drain took it up. It is kept for a while, since a
/// drain is faster than the looks at the topic's settings: what they mean for records of that age
/// is logged although these are on the topic already.
#[derive(Debug, Default)]
pub struct Backlog(Lock<Option<Oldest>>);

#[derive(Debug, Clone, Copy)]
struct Oldest {
    received: SystemTime,
    taken_up: Instant,
}

impl Backlog {
    /// A drain takes up records, the oldest of which was received then; says whether that is news.
    pub fn taken_up(&self, received: SystemTime, now: Instant) -> bool {
        let mut kept = self.0.lock();
        let is_news = kept.is_none_or(|oldest| !oldest.is_kept(now) || received < oldest.received);
        if is_news {
            *kept = Some(Oldest { received, taken_up: now });
        }
        is_news
    }

    /// When the oldest record was received that a drain took up lately.
    pub fn oldest(&self, now: Instant) -> Option<SystemTime> {
        let kept = *self.0.lock();
        kept.filter(|oldest| oldest.is_kept(now)).map(|oldest| oldest.received)
    }
}

impl Oldest {
    fn is_kept(&self, now: Instant) -> bool {
        now < self.taken_up + KEPT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_kept_for_a_while_and_an_older_one_is_news() {
        let (backlog, start) = (Backlog::default(), Instant::now());
        let (old, new) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + KEPT);
        assert_eq!(backlog.oldest(start), None);
        assert!(backlog.taken_up(new, start));
        assert!(!backlog.taken_up(new, start));
        assert!(backlog.taken_up(old, start));
        assert!(!backlog.taken_up(new, start));
        assert_eq!(backlog.oldest(start), Some(old));
        assert_eq!(backlog.oldest(start + KEPT), None);
        assert!(backlog.taken_up(new, start + KEPT));
    }
}
