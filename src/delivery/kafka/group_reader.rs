//! A topic read by a consumer group, from where the group is to where the topic ended at the start.
//!
//! Promise: what is written meanwhile is not read, so that a reader that writes to the topic itself
//! comes to an end. Nothing is committed but what [`GroupReader::commit`] is given. A group that
//! somebody else is in is left alone; where somebody joins it, reading ends with an error, and what
//! is committed then is refused by the broker.

mod assignment;
mod known;
pub mod read_error;
pub mod read_record;
mod shown;

use crate::delivery::kafka::client_endings::ClientEnding;
use crate::delivery::kafka::group_reader::assignment::{Assignment, GroupContext};
use crate::delivery::kafka::group_reader::known::{Known, members, persistently};
use crate::delivery::kafka::group_reader::read_error::ReadError;
use crate::delivery::kafka::group_reader::read_record::{Position, ReadRecord};
use crate::delivery::kafka::group_reader::shown::see;
use crate::delivery::kafka::settings::Settings;
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

/// How long a broker may take over one question: some of them wait for a coordinator.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a member that was killed is still one.
const SESSION: Duration = Duration::from_secs(10);
/// Until the group has given out its partitions: brokers wait for further members first.
const JOIN: Duration = Duration::from_secs(30);
/// Between two looks at a group that has members.
const LOOK: Duration = Duration::from_millis(500);
/// What is read ahead, in KiB.
const AHEAD_KIB: &str = "16384";

/// What is tried, in words.
const WHERE: &str = "ask where the group is";
const COMMIT: &str = "commit to the group";

/// See the module.
pub struct GroupReader {
    client: Arc<ClientEnding<StreamConsumer<GroupContext>>>,
    topic: String,
    group: String,
    assignment: Arc<Assignment>,
    /// What is to be read of each partition.
    ranges: BTreeMap<i32, Range<i64>>,
    /// The brokers remember nothing of the group.
    is_new: bool,
    /// When it was asked for its partitions, if it was.
    joined: Option<Instant>,
    /// Partitions that are not read to their end yet.
    open: BTreeSet<i32>,
    /// How long brokers may take to answer at first.
    patience: Duration,
}

impl GroupReader {
    /// Looks where the group is and where the topic ends, and gives up where no broker answers for so
    /// long.
    pub async fn open(
        settings: &Settings,
        topic: &str,
        group: &str,
        patience: Duration,
    ) -> Result<Self, ReadError> {
        let assignment = Arc::new(Assignment::default());
        let context = GroupContext::new(settings, assignment.clone());
        let mut config = settings.consumer();
        config
            .set("group.id", group)
            .set("session.timeout.ms", SESSION.as_millis().to_string())
            .set("queued.max.messages.kbytes", AHEAD_KIB);
        let client: StreamConsumer<GroupContext> = config
            .create_with_context(context)
            .map_err(|source| ReadError::Kafka { attempt: "make a consumer", source })?;
        let client = Arc::new(ClientEnding::of(client, &settings.endings));
        let (topic, group) = (topic.to_owned(), group.to_owned());
        // First: of two rights that are missing, that on the topic is named.
        let partitions = see(&client, &topic, &group, patience).await?;
        let asked = (client.clone(), topic.clone(), group.clone());
        let asking = spawn_blocking(move || Known::of(&asked.0, &asked.1, &partitions, &asked.2));
        let known = tokio::select! {
            known = asking => known,
            // The question itself would wait for a coordinator that this user may not ask for.
            error = final_error(&client) => {
                return Err(ReadError::of(WHERE, error, &topic, &group));
            }
            () = sleep(patience) => {
                return Err(ReadError::Silent { attempt: WHERE, waited: patience });
            }
        };
        let Known { ranges, is_new } = known.expect("asking does not panic")?;
        let open = ranges.iter().filter(|(_, range)| !range.is_empty()).map(|(part, _)| *part);
        let open = open.collect();
        let joined = None;
        Ok(Self { client, topic, group, assignment, ranges, is_new, joined, open, patience })
    }

    /// How many offsets are to be read: as many records, unless some were deleted.
    pub fn len(&self) -> u64 {
        let len = |range: &Range<i64>| u64::try_from(range.end - range.start).unwrap_or(0);
        self.ranges.values().map(len).sum()
    }

    /// Whether nothing is to be read.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether the brokers remember nothing of the group, although there is something to be read.
    pub fn begins_anew(&self) -> bool {
        self.is_new && !self.is_empty()
    }

    /// Joins the group, as its one member.
    pub async fn join(&mut self) -> Result<(), ReadError> {
        let end = Instant::now() + SESSION + SESSION / 2;
        loop {
            let (client, group) = (self.client.clone(), self.group.clone());
            let members = spawn_blocking(move || members(&client, &group)).await;
            match members.expect("asking does not panic")? {
                0 => break,
                // One that was killed is still a member for a while.
                _ if Instant::now() < end => sleep(LOOK).await,
                _ => return Err(ReadError::InUse(self.group.clone())),
            }
        }
        self.joined = Some(Instant::now());
        self.client
            .subscribe(&[&self.topic])
            .map_err(|source| ReadError::Kafka { attempt: "join the group", source })
    }

    /// Reads without the group, from where it is.
    pub fn assign(&self) -> Result<(), ReadError> {
        let mut all = TopicPartitionList::new();
        let failed = |source| ReadError::Kafka { attempt: "read the topic", source };
        for (partition, range) in &self.ranges {
            let from = Offset::Offset(range.start);
            all.add_partition_offset(&self.topic, *partition, from).map_err(failed)?;
        }
        self.client.assign(&all).map_err(failed)?;
        self.assignment.is_made();
        Ok(())
    }

    /// Waits for the next record; none once all are read. Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<ReadRecord>, ReadError> {
        let joined_by = self.joined.map_or_else(Instant::now, |joined| joined + JOIN);
        while !self.open.is_empty() {
            let received = if self.assignment.is_there() {
                self.client.recv().await
            } else {
                let left = joined_by.saturating_duration_since(Instant::now());
                let waited = timeout(left, self.client.recv()).await;
                waited.map_err(|_| ReadError::NotJoined(self.group.clone()))?
            };
            if self.assignment.is_disturbed() {
                return Err(ReadError::Disturbed(self.group.clone()));
            }
            match received {
                Ok(message) => {
                    let record = ReadRecord::of(&message);
                    let Position { partition, offset } = record.position;
                    let end = self.ranges.get(&partition).map_or(0, |range| range.end);
                    if offset + 1 >= end {
                        self.open.remove(&partition);
                    }
                    if offset < end {
                        return Ok(Some(record));
                    }
                }
                Err(KafkaError::PartitionEOF(partition)) => {
                    self.open.remove(&partition);
                }
                Err(error) if ReadError::is_final(&error) => {
                    return Err(self.failed("read the topic", error));
                }
                // The client goes on by itself; whoever waits has a deadline.
                Err(error) => tracing::warn!(%error, "cannot read the topic"),
            }
        }
        Ok(None)
    }

    /// Keeps in the group that all records below these offsets are done with.
    pub async fn commit(&self, below: &[Position]) -> Result<(), ReadError> {
        if below.is_empty() {
            return Ok(());
        }
        let failed = |source| self.failed(COMMIT, source);
        let mut all = TopicPartitionList::new();
        for Position { partition, offset } in below {
            let offset = Offset::Offset(*offset);
            all.add_partition_offset(&self.topic, *partition, offset).map_err(failed)?;
        }
        let client = self.client.clone();
        let commit = spawn_blocking(move || persistently(|| client.commit(&all, CommitMode::Sync)));
        let waited = 2 * ANSWER;
        let committed = timeout(waited, commit).await;
        let committed = committed.map_err(|_| ReadError::Silent { attempt: COMMIT, waited })?;
        committed.expect("committing does not panic").map_err(failed)
    }

    fn failed(&self, attempt: &'static str, source: KafkaError) -> ReadError {
        ReadError::of(attempt, source, &self.topic, &self.group)
    }
}

/// Waits for an error that ends it. No record is lost, since no partition is assigned. Cancel-safe.
async fn final_error(client: &StreamConsumer<GroupContext>) -> KafkaError {
    loop {
        match client.recv().await {
            Err(error) if ReadError::is_final(&error) => return error,
            Err(error) => tracing::debug!(%error, "librdkafka reports an error to the reader"),
            Ok(_) => {}
        }
    }
}
