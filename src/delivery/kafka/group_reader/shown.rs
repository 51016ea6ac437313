//! Whether the brokers show a topic.
//!
//! Promise: a topic that is not there is told from one that this user may not see. It asks once.

use crate::delivery::kafka::client_endings::ClientEnding;
use crate::delivery::kafka::group_reader::assignment::GroupContext;
use crate::delivery::kafka::group_reader::read_error::ReadError;
use crate::delivery::kafka::group_reader::{ANSWER, GroupReader};
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::metadata::MetadataPartition;
use rdkafka::types::RDKafkaErrorCode as Code;
use std::sync::Arc;
use tokio::task::spawn_blocking;

type Client = ClientEnding<StreamConsumer<GroupContext>>;

impl GroupReader {
    /// An error if the brokers do not show a topic that is to be written to. Whether it may be is for
    /// the first record to find out.
    pub async fn must_see(&self, topic: &str) -> Result<(), ReadError> {
        match see(&self.client, topic, &self.group).await {
            Err(ReadError::ForbiddenTopic { .. }) => Ok(()),
            seen => seen.map(drop),
        }
    }
}

/// The partitions of a topic; an error if the brokers do not show it to this user.
pub(super) async fn see(
    client: &Arc<Client>,
    topic: &str,
    group: &str,
) -> Result<Vec<i32>, ReadError> {
    let (asking, asked) = (client.clone(), topic.to_owned());
    let answer = spawn_blocking(move || asking.fetch_metadata(Some(&asked), ANSWER)).await;
    let failed = |source| ReadError::of("ask for the topic", source, topic, group);
    let metadata = answer.expect("asking does not panic").map_err(failed)?;
    let seen = metadata.topics().iter().find(|seen| seen.name() == topic);
    let Some(seen) = seen else { return Err(ReadError::NoTopic(topic.to_owned())) };
    match seen.error().map(Code::from) {
        None => Ok(seen.partitions().iter().map(MetadataPartition::id).collect()),
        Some(Code::TopicAuthorizationFailed) => {
            Err(ReadError::ForbiddenTopic { topic: topic.to_owned() })
        }
        Some(_) => Err(ReadError::NoTopic(topic.to_owned())),
    }
}
