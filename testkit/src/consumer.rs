//! Reads a topic from its beginning, all partitions, without a group.
//!
//! Records of one partition come in its order; across partitions there is none. Nothing is
//! committed, so any number of readers see the same.

use crate::deadline::wait_for;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::{ClientConfig, Message, Offset, Timestamp, TopicPartitionList};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Of a topic that is there, at a broker that is up: milliseconds.
const END: Duration = Duration::from_secs(20);

/// One look for a record.
const POLL: Duration = Duration::from_millis(100);

/// A record as a consumer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its partition.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// None where it has no key.
    pub key: Option<Vec<u8>>,
    /// Empty where it has none.
    pub value: Vec<u8>,
    /// Names and values, in their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Of its producer: milliseconds of Unix time.
    pub timestamp_ms: i64,
}

impl Seen {
    /// The first header of that name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(found, _)| found == name)?;
        Some(std::str::from_utf8(value).expect("headers are UTF-8"))
    }
}

/// Everything up to the end that each partition has now.
#[track_caller]
pub fn to_end(brokers: &str, topic: &str) -> Vec<Seen> {
    let mut reader = Reader::new(brokers, topic);
    reader.read(END, |reader| reader.ended.len() == reader.partitions);
    reader.seen
}

/// The first records, `count` of them or a few more; panics when there are fewer at the deadline.
#[track_caller]
pub fn count(brokers: &str, topic: &str, count: usize, deadline: Duration) -> Vec<Seen> {
    until(brokers, topic, deadline, |seen| seen.len() >= count)
}

/// Everything until there is enough; panics when the deadline comes first.
#[track_caller]
pub fn until(
    brokers: &str,
    topic: &str,
    deadline: Duration,
    enough: impl Fn(&[Seen]) -> bool,
) -> Vec<Seen> {
    let mut reader = Reader::new(brokers, topic);
    reader.read(deadline, |reader| enough(&reader.seen));
    reader.seen
}

struct Reader {
    consumer: BaseConsumer,
    partitions: usize,
    /// The partitions whose end was reached once.
    ended: HashSet<i32>,
    seen: Vec<Seen>,
    /// The last error: of no interest unless the deadline passes.
    error: Option<KafkaError>,
}

impl Reader {
    #[track_caller]
    fn new(brokers: &str, topic: &str) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", "unused: nothing is committed")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            // Tests wait for these: the defaults are 500 ms, 500 ms and 10 s.
            .set("fetch.wait.max.ms", "20")
            .set("fetch.error.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "250")
            .create()
            .unwrap();
        let partitions = wait_for(END, "the topic has partitions", || {
            let metadata = consumer.fetch_metadata(Some(topic), END).ok()?;
            let found = metadata.topics().first()?.partitions().len();
            (found > 0).then_some(found)
        });
        let mut assignment = TopicPartitionList::new();
        for partition in 0..i32::try_from(partitions).unwrap() {
            assignment.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&assignment).unwrap();
        Self { consumer, partitions, ended: HashSet::new(), seen: Vec::new(), error: None }
    }

    #[track_caller]
    fn read(&mut self, deadline: Duration, enough: impl Fn(&Self) -> bool) {
        let end = Instant::now() + deadline;
        while !enough(self) {
            assert!(
                Instant::now() < end,
                "not enough within {deadline:?}: {} records, {} of {} partitions to the end, {:?}",
                self.seen.len(),
                self.ended.len(),
                self.partitions,
                self.error
            );
            match self.consumer.poll(POLL) {
                None => {}
                Some(Ok(message)) => self.seen.push(seen(&message)),
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.ended.insert(partition);
                }
                Some(Err(error)) => self.error = Some(error),
            }
        }
    }
}

fn seen(message: &BorrowedMessage<'_>) -> Seen {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    let Timestamp::CreateTime(timestamp_ms) = message.timestamp() else {
        panic!("the time of a record is its producer's: {:?}", message.timestamp())
    };
    Seen {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().unwrap_or_default().to_vec(),
        headers: headers
            .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()))
            .collect(),
        timestamp_ms,
    }
}
