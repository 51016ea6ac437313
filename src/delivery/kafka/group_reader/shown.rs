//! Whether the brokers show a topic.
//!
//! Promise: a topic that is not there is told from one that this user may not see. It asks until a
//! broker answers, for as long as it may.

use crate::delivery::kafka::client_endings::ClientEnding;
use crate::delivery::kafka::group_reader::assignment::GroupContext;
use crate::delivery::kafka::group_reader::read_error::ReadError;
use crate::delivery::kafka::group_reader::{ANSWER, GroupReader, LOOK, final_error};
use crate::delivery::kafka::last_words::{NO_WORDS, is_silence};
use crate::delivery::kafka::no_answer::NoAnswer;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::metadata::{Metadata, MetadataPartition};
use rdkafka::types::RDKafkaErrorCode as Code;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

type Client = ClientEnding<StreamConsumer<GroupContext>>;

impl GroupReader {
    /// An error if the brokers do not show a topic that is to be written to. Whether it may be is for
    /// the first record to find out.
    pub async fn must_see(&self, topic: &str) -> Result<(), ReadError> {
        match see(&self.client, topic, &self.group, self.patience).await {
            Err(ReadError::ForbiddenTopic { .. }) => Ok(()),
            seen => seen.map(drop),
        }
    }
}

/// The partitions of a topic; an error if the brokers do not show it to this user, or none answers for
/// so long.
pub(super) async fn see(
    client: &Arc<Client>,
    topic: &str,
    group: &str,
    patience: Duration,
) -> Result<Vec<i32>, ReadError> {
    let metadata = tokio::select! {
        metadata = ask(client, topic, group, patience) => metadata?,
        // It hears meanwhile why nobody answers.
        error = final_error(client) => {
            return Err(ReadError::of("ask for the topic", error, topic, group));
        }
    };
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

async fn ask(
    client: &Arc<Client>,
    topic: &str,
    group: &str,
    patience: Duration,
) -> Result<Metadata, ReadError> {
    let end = Instant::now() + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let (asking, asked) = (client.clone(), topic.to_owned());
        let answer = spawn_blocking(move || asking.fetch_metadata(Some(&asked), left.min(ANSWER)));
        match answer.await.expect("asking does not panic") {
            Ok(metadata) => return Ok(metadata),
            Err(error) if !is_silence(&error) => {
                return Err(ReadError::of("ask for the topic", error, topic, group));
            }
            Err(_) if end <= Instant::now() => {
                let why = client.context().last_words().unwrap_or_else(|| NO_WORDS.to_owned());
                return Err(ReadError::Away(NoAnswer { waited: patience, why }));
            }
            Err(_) => sleep(LOOK.min(left)).await,
        }
    }
}
