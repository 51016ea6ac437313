//! What is known of one topic: its name, and what it takes.
//!
//! Promise: all that is learnt of a topic is in this one value, which the publisher, the drain, the
//! probe and readiness take as an argument: a second topic is a second value. What a probe sees of
//! its leaders is in [`crate::delivery::availability`].

pub mod backlog;
pub mod first_sight;
pub mod partitions;
pub mod topic_config;
pub mod topic_limit;
pub mod topic_warnings;

use crate::clock::Clock;
use crate::delivery::record::Record;
use crate::delivery::record_times::RecordTimes;
use crate::delivery::record_times::topic_times::SendTime;
use crate::delivery::topic::backlog::Backlog;
use crate::delivery::topic::first_sight::FirstSight;
use crate::delivery::topic::partitions::Partitions;
use crate::delivery::topic::topic_limit::TopicLimit;
use std::sync::Arc;

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
    /// A topic of which nothing is known but perhaps its limit, which the operator may have set. `clock`
    /// is what times of receipt come from.
    pub fn new(name: Arc<str>, max_bytes: Option<u32>, clock: &Clock) -> Self {
        let limit = TopicLimit::new(max_bytes);
        let times = Arc::new(RecordTimes::new(clock.clone()));
        let (partitions, backlog, first_sight) = Default::default();
        Self { name, limit, times, partitions, backlog, first_sight }
    }

    /// What a record is sent with: its time, unless `time` is given, and its partition, if that is
    /// known.
    pub(in crate::delivery) fn placement(
        &self,
        record: &Record,
        time: Option<SendTime>,
    ) -> (SendTime, Option<i32>) {
        let time = time.unwrap_or_else(|| self.times.first(record));
        let is_own = record.topic() == &*self.name;
        (time, is_own.then(|| self.partitions.of(record.key())).flatten())
    }
}
