//! Reads a topic, all of its partitions, from somewhere on.
//!
//! Promise: no consumer group is left behind, nor ever joined: the partitions are assigned and nothing
//! is committed. Records of one partition come in its order; across partitions there is none. What
//! transactions have not committed is passed over, and their control records are, unless
//! `isolation.level` is set otherwise. It blocks, for [`ANSWER`] at most before the first record, and
//! afterwards for as long as it is asked to.
//!
//! Partitions that are added while it reads are not read.

pub mod read_error;

use crate::delivery::kafka::client_endings::ClientEnding;
use crate::delivery::kafka::last_words::{NO_WORDS, is_silence};
use crate::delivery::kafka::no_answer::NoAnswer;
use crate::delivery::kafka::probe::listener::Listener;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::kafka::topic_reader::read_error::{KafkaClientFault, ReadError};
use crate::delivery::kafka::topic_record::TopicRecord;
use crate::timestamp::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::types::RDKafkaErrorCode as Code;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long brokers may take to say what there is: a login by TLS over a slow line, several times.
const ANSWER: Duration = Duration::from_secs(10);

/// Events of the client that are looked through for why nobody answers: its log and its errors.
const EVENTS: usize = 100;

/// The client library asks for a group; with partitions of its own it never joins it.
const GROUP: &str = "hookbridge-tail";
/// How long an idle broker holds a fetch, in milliseconds: so late a record is seen at most.
const FETCH_WAIT_MS: &str = "100";

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFrom {
    /// The oldest record.
    Beginning,
    /// Behind the newest.
    End,
    /// The first record of this time or a later one.
    Time(Timestamp),
}

/// Which records are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Those that were there at the start, and what comes.
    All,
    /// The former alone.
    ThereAtStart,
}

/// What a read came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// A record was given.
    Record,
    /// None came; perhaps a partition was found to be at its end.
    Nothing,
}

/// See the module.
pub struct TopicReader {
    consumer: ClientEnding<BaseConsumer<Listener>>,
    topic: String,
    partitions: usize,
    /// Of each partition that was not read up to there: where it ended at the start.
    unread: BTreeMap<i32, i64>,
}

impl ConsumerContext for Listener {}

impl TopicReader {
    /// Asks where the partitions begin and end, and begins. Blocks.
    pub fn open(settings: &Settings, topic: &str, from: ReadFrom) -> Result<Self, ReadError> {
        let consumer: BaseConsumer<Listener> = config(settings)
            .create_with_context(Listener::new(settings))
            .map_err(|error| ReadError::Client(KafkaClientFault(error.to_string())))?;
        // Its end may wait for a resolver.
        let consumer = ClientEnding::of(consumer, &settings.endings);
        let mut reader =
            Self { consumer, topic: topic.to_owned(), partitions: 0, unread: BTreeMap::new() };
        let partitions = reader.ask_for_partitions()?;
        reader.partitions = partitions.len();
        let ends = reader.offsets(&partitions, Offset::End)?;
        let begins = match from {
            ReadFrom::Beginning => partitions.iter().map(|id| (*id, Offset::Beginning)).collect(),
            ReadFrom::End => ends.clone(),
            ReadFrom::Time(time) => {
                reader.offsets(&partitions, Offset::Offset(time.unix_millis().max(0)))?
            }
        };
        for ((partition, begin), (_, end)) in begins.iter().zip(ends) {
            let is_before = |end: i64| match begin {
                Offset::Offset(begin) => *begin < end,
                Offset::Beginning => end > 0,
                // Behind the last record there is none of that time yet.
                Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => false,
            };
            if let Some(end) = end.to_raw().filter(|end| is_before(*end)) {
                reader.unread.insert(*partition, end);
            }
        }
        reader.assign(&begins)?;
        Ok(reader)
    }

    /// How many partitions there are.
    pub fn partitions(&self) -> usize {
        self.partitions
    }

    /// Partitions that were not read yet up to where they ended at the start.
    pub fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Whether that partition is one of them.
    fn is_unread(&self, partition: i32) -> bool {
        self.unread.contains_key(&partition)
    }

    /// Fetches no more of the others.
    pub fn leave_what_is_read(&self) -> Result<(), ReadError> {
        let assigned = self.consumer.assignment().map_err(|error| self.silent(&error))?;
        let mut read = TopicPartitionList::new();
        for element in assigned.elements() {
            if !self.is_unread(element.partition()) {
                read.add_partition(&self.topic, element.partition());
            }
        }
        self.consumer.pause(&read).map_err(|error| self.silent(&error))
    }

    /// What was last heard of addresses that are not reached, if there are any.
    pub fn last_words(&self) -> Option<String> {
        self.consumer.context().words.all()
    }

    /// Something has come since.
    pub fn forget_words(&self) {
        self.consumer.context().words.forget();
    }

    /// Gives the next record to `take`, if one of those that are wanted comes within `wait`.
    pub fn read(
        &mut self,
        wait: Duration,
        wanted: Wanted,
        take: impl FnOnce(&TopicRecord<'_>),
    ) -> Result<Read, ReadError> {
        match self.consumer.poll(wait) {
            None => Ok(Read::Nothing),
            Some(Ok(message)) => {
                let (partition, offset) = (message.partition(), message.offset());
                let end = self.unread.get(&partition).copied();
                // Behind a gap at the end, the next one may be a later one.
                let end = end.filter(|end| offset < *end);
                let is_wanted = wanted == Wanted::All || end.is_some();
                if is_wanted {
                    take(&TopicRecord::of(&message));
                }
                drop(message);
                if end.is_none_or(|end| offset + 1 >= end) {
                    self.unread.remove(&partition);
                }
                Ok(if is_wanted { Read::Record } else { Read::Nothing })
            }
            // Behind control records, or what was not committed, no record may come any more.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.unread.remove(&partition);
                Ok(Read::Nothing)
            }
            Some(Err(error)) => self.judge(&error),
        }
    }

    /// An error that the client does not overcome by itself ends it.
    fn judge(&self, error: &KafkaError) -> Result<Read, ReadError> {
        let topic = || self.topic.clone();
        match error.rdkafka_error_code() {
            Some(Code::TopicAuthorizationFailed) => Err(ReadError::Forbidden { topic: topic() }),
            Some(Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition) => {
                Err(ReadError::NoTopic { topic: topic() })
            }
            _ if matches!(error, KafkaError::MessageConsumptionFatal(_)) => {
                Err(ReadError::Broken {
                    topic: topic(),
                    source: KafkaClientFault(error.to_string()),
                })
            }
            // Such as that no broker answers now, or that nothing is known of the group.
            _ => {
                tracing::debug!(%error, "librdkafka reports an error to the reader");
                Ok(Read::Nothing)
            }
        }
    }

    fn ask_for_partitions(&self) -> Result<Vec<i32>, ReadError> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), ANSWER);
        let metadata = metadata.map_err(|error| self.silent(&error))?;
        let topic = metadata.topics().iter().find(|seen| seen.name() == self.topic);
        let error = topic.and_then(MetadataTopic::error).map(Code::from);
        let partitions: Vec<i32> = topic
            .into_iter()
            .flat_map(MetadataTopic::partitions)
            .map(MetadataPartition::id)
            .collect();
        match error {
            Some(Code::TopicAuthorizationFailed) => {
                Err(ReadError::Forbidden { topic: self.topic.clone() })
            }
            None if !partitions.is_empty() => Ok(partitions),
            Some(_) | None => Err(ReadError::NoTopic { topic: self.topic.clone() }),
        }
    }

    /// Of each partition, in their order; the end where there is no record of that time or later.
    fn offsets(&self, partitions: &[i32], at: Offset) -> Result<Vec<(i32, Offset)>, ReadError> {
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            asked
                .add_partition_offset(&self.topic, *partition, at)
                .map_err(|error| self.silent(&error))?;
        }
        let found = self.consumer.offsets_for_times(asked, ANSWER);
        let found = found.map_err(|error| self.silent(&error))?;
        let offset = |partition: &i32| {
            let element = found.find_partition(&self.topic, *partition);
            match element.map(|element| (element.error(), element.offset())) {
                Some((Err(error), _)) => Err(match error.rdkafka_error_code() {
                    Some(Code::TopicAuthorizationFailed) => {
                        ReadError::Forbidden { topic: self.topic.clone() }
                    }
                    _ => self.silent(&error),
                }),
                Some((Ok(()), offset)) => Ok((*partition, offset)),
                None => Ok((*partition, Offset::End)),
            }
        };
        partitions.iter().map(offset).collect()
    }

    fn assign(&self, begins: &[(i32, Offset)]) -> Result<(), ReadError> {
        let mut assigned = TopicPartitionList::new();
        for (partition, begin) in begins {
            assigned
                .add_partition_offset(&self.topic, *partition, *begin)
                .map_err(|error| self.silent(&error))?;
        }
        self.consumer.assign(&assigned).map_err(|error| self.silent(&error))
    }

    fn silent(&self, error: &KafkaError) -> ReadError {
        for _ in 0..EVENTS {
            drop(self.consumer.poll(Duration::ZERO));
        }
        let otherwise = if is_silence(error) { NO_WORDS.to_owned() } else { error.to_string() };
        let why = self.last_words().unwrap_or(otherwise);
        ReadError::Silent(NoAnswer { waited: ANSWER, why })
    }
}

fn config(settings: &Settings) -> ClientConfig {
    let mut config = settings.consumer();
    config.set("group.id", GROUP).set("fetch.wait.max.ms", FETCH_WAIT_MS);
    config
}
