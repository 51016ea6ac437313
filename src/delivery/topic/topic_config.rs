//! What the topic's own settings mean for the records that the bridge writes.
//!
//! Promise: each setting that will throw records away, or change them, is one sentence. A value
//! that is missing, or cannot be read, is none: nothing is held against a topic for what is not
//! known of it. A plain value; it asks nobody.

use crate::delivery::record_times::time_span::RefusedTime;
use crate::timestamp::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// What waits on disk for as long as an outage lasts is to be there for its consumers behind it. As
/// long as the alert for a spool that is old.
const OUTAGE: Duration = Duration::from_secs(6 * 3600);
/// Of `retention.ms`, the part that a record may be old when it is sent with its own time: its consumers
/// have the rest of it.
const YOUNG: u32 = 2;
/// Kafka 4's own `message.timestamp.after.max.ms`; a clock that is wrong by less is common.
const AHEAD: Duration = Duration::from_secs(3600);

/// The settings that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicConfig {
    /// `max.message.bytes`: the largest batch of records.
    pub max_message_bytes: Option<u32>,
    /// `min.insync.replicas`: how many replicas must have a record before it is acked.
    pub min_insync_replicas: Option<usize>,
    /// `cleanup.policy`
    cleanup: Cleanup,
    /// `retention.ms`; none also where it is unlimited.
    retention: Option<Duration>,
    /// `message.timestamp.type` is `LogAppendTime`: the times of records are Kafka's.
    times_are_kafkas: bool,
    /// `message.timestamp.before.max.ms`, and what it was called before Kafka 3.6.
    before: Option<Duration>,
    /// `message.timestamp.after.max.ms`
    after: Option<Duration>,
}

/// How old records leave a topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Cleanup {
    #[default]
    Unknown,
    Delete,
    Compact,
    Both,
}

/// What the bridge means to do with the topic.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The largest value that it takes, in bytes.
    pub largest_value: u64,
    /// What becomes of a topic that keeps one record of each key.
    pub compaction: Compaction,
}

/// Whether a topic may keep one record of each key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compaction {
    /// It is no topic for notifications.
    Refused,
    /// The operator insists.
    Allowed,
}

/// What is seen of the topic and of the disk, beside the settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Situation {
    /// The fewest replicas of a partition.
    pub replicas: usize,
    /// How old the oldest record on disk is.
    pub oldest: Option<Duration>,
}

impl TopicConfig {
    /// Reads the settings, of which `value` gives those that the brokers have sent.
    pub fn read<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Self {
        let time = |name| value(name)?.parse().ok().map(Duration::from_millis);
        // Unlimited ones are the largest numbers there are.
        let limit = |name| {
            time(name).filter(|limit| *limit < Duration::from_millis(i64::MAX.unsigned_abs()))
        };
        let before = limit("message.timestamp.before.max.ms");
        Self {
            max_message_bytes: value("max.message.bytes").and_then(|text| text.parse().ok()),
            min_insync_replicas: value("min.insync.replicas").and_then(|text| text.parse().ok()),
            cleanup: value("cleanup.policy").map_or(Cleanup::Unknown, Cleanup::read),
            // Without a limit it is -1, which is no duration.
            retention: time("retention.ms"),
            times_are_kafkas: value("message.timestamp.type") == Some("LogAppendTime"),
            before: before.or(limit("message.timestamp.difference.max.ms")),
            after: limit("message.timestamp.after.max.ms"),
        }
    }

    /// Whether it keeps one record of each key, and that for ever.
    pub fn is_compacted_only(&self) -> bool {
        self.cleanup == Cleanup::Compact
    }

    /// A time that the topic is sure to refuse; none where it takes all, or has its own.
    pub fn refused_time(&self) -> Option<RefusedTime> {
        let later = self.after.map(RefusedTime::Later);
        later.or(self.before.map(RefusedTime::Earlier)).filter(|_| !self.times_are_kafkas)
    }

    /// What a record of this time is to be sent with so that the topic does not throw it away, where
    /// that is another: Kafka goes by the time of a record, and deletes what is too old although it has
    /// acked it.
    pub fn kept_time(&self, own: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let deletes = matches!(self.cleanup, Cleanup::Delete | Cleanup::Both);
        let limit = self.retention.filter(|_| deletes && !self.times_are_kafkas)?;
        let age = u64::try_from(now.unix_millis().saturating_sub(own.unix_millis())).ok()?;
        (limit / YOUNG <= Duration::from_millis(age)).then_some(now)
    }

    /// What an operator should know, a sentence each.
    pub fn warnings(&self, plan: &Plan, situation: &Situation) -> Vec<String> {
        let mut warnings = Vec::new();
        if matches!(self.cleanup, Cleanup::Compact | Cleanup::Both) {
            warnings.push(
                "cleanup.policy has compact: of each app_id only the newest record is kept"
                    .to_owned(),
            );
        }
        if situation.replicas == 1 {
            warnings.push(
                "a partition has one replica: a 200 is worth that one broker, whatever \
                 min.insync.replicas says"
                    .to_owned(),
            );
        }
        if let Some(most) =
            self.max_message_bytes.filter(|most| u64::from(*most) < plan.largest_value)
        {
            warnings.push(format!(
                "max.message.bytes={most} is below --max-body: larger posts get 413 record_refused"
            ));
        }
        self.warn_of_times(situation, &mut warnings);
        warnings
    }

    fn warn_of_times(&self, situation: &Situation, warnings: &mut Vec<String>) {
        let exceeds = |limit: Duration| situation.oldest.is_some_and(|oldest| limit < oldest);
        let deletes = matches!(self.cleanup, Cleanup::Delete | Cleanup::Both);
        if let Some(limit) = self.retention.filter(|_| deletes) {
            let ms = limit.as_millis();
            if exceeds(limit) && !self.times_are_kafkas {
                warnings.push(format!(
                    "retention.ms={ms} is below the age of what waits on disk: Kafka throws it away \
                     as soon as it has it, since retention goes by the time of a record"
                ));
            } else if limit < OUTAGE {
                warnings.push(format!(
                    "retention.ms={ms} is below six hours: what waits on disk for longer is thrown \
                     away as soon as it is there, and consumers have no time for an outage of theirs"
                ));
            }
        }
        if self.times_are_kafkas {
            return;
        }
        if let Some(limit) = self.before.filter(|limit| *limit < OUTAGE || exceeds(*limit)) {
            warnings.push(format!(
                "message.timestamp.before.max.ms={}: records that wait on disk for longer get a \
                 later time",
                limit.as_millis()
            ));
        }
        if let Some(limit) = self.after.filter(|limit| *limit < AHEAD) {
            warnings.push(format!(
                "message.timestamp.after.max.ms={} is below an hour: records get an earlier time \
                 where this machine's clock is ahead by more",
                limit.as_millis()
            ));
        }
    }
}

impl Cleanup {
    fn read(policy: &str) -> Self {
        let has = |wanted| policy.split(',').any(|part| part.trim() == wanted);
        match (has("delete"), has("compact")) {
            (true, true) => Self::Both,
            (true, false) => Self::Delete,
            (false, true) => Self::Compact,
            (false, false) => Self::Unknown,
        }
    }
}

/// What of [`TopicConfig::warnings`] was logged: each sentence is one line when it begins to hold.
/// That it was mended is logged only where the settings have changed, and not because old records
/// are gone.
#[derive(Debug, Default)]
pub struct TopicWarnings {
    logged: Vec<String>,
    /// What they were logged for: the settings, and the fewest replicas of a partition.
    of: Option<(TopicConfig, usize)>,
}

impl TopicWarnings {
    /// The warnings as of now; logs those that are news.
    pub fn log(
        &mut self,
        topic: &str,
        config: &TopicConfig,
        plan: &Plan,
        situation: &Situation,
    ) -> Vec<String> {
        let warnings = config.warnings(plan, situation);
        for warning in warnings.iter().filter(|warning| !self.logged.contains(warning)) {
            tracing::warn!(topic, warning, "mind the settings of the topic");
        }
        let of = Some((config.clone(), situation.replicas));
        if self.of != of {
            for mended in self.logged.iter().filter(|before| !warnings.contains(before)) {
                tracing::info!(topic, mended, "the settings of the topic were mended");
            }
            self.of = of;
        }
        self.logged.clone_from(&warnings);
        warnings
    }
}

/// The topic keeps one record of each key, and nobody insists on it.
#[derive(Debug, thiserror::Error)]
#[error(
    "--topic {topic}: with cleanup.policy=compact Kafka keeps only the newest record of each app_id, \
     and consumers lose all others; set it to delete, or insist with --allow-compacted-topic"
)]
pub struct UnfitTopic {
    topic: Arc<str>,
}

impl UnfitTopic {
    /// Of the topic with this name.
    pub fn new(topic: &Arc<str>) -> Self {
        Self { topic: topic.clone() }
    }
}

#[cfg(test)]
mod tests;
