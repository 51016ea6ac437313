//! What the brokers say of a group and its topic. It blocks.

use crate::delivery::kafka::group_reader::assignment::GroupContext;
use crate::delivery::kafka::group_reader::read_error::ReadError;
use crate::delivery::kafka::group_reader::{ANSWER, LOOK, WHERE};
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaErrorCode as Code;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::ops::Range;
use std::thread;
use std::time::Instant;

/// What the brokers know of the group and the topic.
pub(super) struct Known {
    /// What the group has not read of each partition.
    pub(super) ranges: BTreeMap<i32, Range<i64>>,
    /// No partition has an offset of the group.
    pub(super) is_new: bool,
}

impl Known {
    /// Asks them.
    pub(super) fn of(
        client: &StreamConsumer<GroupContext>,
        topic: &str,
        partitions: &[i32],
        group: &str,
    ) -> Result<Self, ReadError> {
        let failed = |source| ReadError::of("ask for the topic", source, topic, group);
        let unknown = |source| ReadError::of(WHERE, source, topic, group);
        let mut asked = TopicPartitionList::new();
        for &partition in partitions {
            asked.add_partition(topic, partition);
        }
        let committed =
            persistently(|| client.committed_offsets(asked.clone(), ANSWER)).map_err(unknown)?;
        // An offset that is not told is not one that is not there.
        for partition in committed.elements() {
            partition.error().map_err(unknown)?;
        }
        let is_offset = |offset| matches!(offset, Offset::Offset(_));
        let is_new = !committed.elements().iter().any(|known| is_offset(known.offset()));
        let mut ranges = BTreeMap::new();
        for &partition in partitions {
            let (low, high) = client.fetch_watermarks(topic, partition, ANSWER).map_err(failed)?;
            let known = committed.find_partition(topic, partition).map(|known| known.offset());
            let from = match known {
                // Below what is still there, or above: the topic was made anew.
                Some(Offset::Offset(known)) if (low..=high).contains(&known) => known,
                Some(_) | None => low,
            };
            ranges.insert(partition, from..high);
        }
        Ok(Self { ranges, is_new })
    }
}

/// Asks again while the group's coordinator is moving, or was asked for the first time.
pub(super) fn persistently<T>(ask: impl Fn() -> KafkaResult<T>) -> KafkaResult<T> {
    let end = Instant::now() + ANSWER;
    loop {
        let answer = ask();
        let code = answer.as_ref().err().and_then(KafkaError::rdkafka_error_code);
        let is_passing = matches!(
            code,
            Some(
                Code::NotCoordinator
                    | Code::CoordinatorNotAvailable
                    | Code::CoordinatorLoadInProgress
            )
        );
        if !is_passing || end <= Instant::now() {
            return answer;
        }
        thread::sleep(LOOK);
    }
}

/// How many members the group has.
pub(super) fn members(
    client: &StreamConsumer<GroupContext>,
    group: &str,
) -> Result<usize, ReadError> {
    let listed = persistently(|| client.fetch_group_list(Some(group), ANSWER));
    let listed =
        listed.map_err(|source| ReadError::Kafka { attempt: "ask who is in the group", source })?;
    Ok(listed.groups().iter().map(|found| found.members().len()).sum())
}
