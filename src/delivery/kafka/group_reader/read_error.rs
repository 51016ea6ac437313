//! Why a group cannot read a topic, and what to do about it.

use crate::delivery::kafka::group_reader::JOIN;
use crate::delivery::kafka::no_answer::NoAnswer;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;
use std::time::Duration;

/// A topic could not be read by the group.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The client could not be made, or the brokers do not do what they are asked to.
    #[error("cannot {attempt}")]
    Kafka {
        /// What was tried.
        attempt: &'static str,
        /// Why not.
        source: KafkaError,
    },
    /// No broker was reached.
    #[error(transparent)]
    Away(NoAnswer),
    /// No broker has answered a question.
    #[error(
        "no broker answered within {} when asked to {attempt}: try again once the cluster is well",
        humantime::format_duration(*.waited)
    )]
    Silent {
        /// What was tried.
        attempt: &'static str,
        /// For the answer.
        waited: Duration,
    },
    /// A right is missing.
    #[error(
        "this user may not read the topic {topic}: it needs the rights Read and Describe (`kafka-acls.sh --add --operation Read --topic {topic}`)"
    )]
    ForbiddenTopic {
        /// Its name.
        topic: String,
    },
    /// A right is missing.
    #[error(
        "this user may not use the group {group}: it needs the right Read (`kafka-acls.sh --add --operation Read --group {group}`)"
    )]
    ForbiddenGroup {
        /// Its name.
        group: String,
    },
    /// There is no such topic.
    #[error(
        "the brokers do not show the topic {0}: correct --topic or --dead-letter-topic, or see `kafka-topics.sh --list`"
    )]
    NoTopic(String),
    /// Somebody is in the group.
    #[error("another member is in the group {0}: wait until that redrive has ended")]
    InUse(String),
    /// Somebody came into it.
    #[error(
        "another member came into the group {0}: run one redrive of it at a time, the next goes on from here"
    )]
    Disturbed(String),
    /// The group did not give out its partitions in time.
    #[error(
        "the group {0} gave out no partitions within {JOIN:?}: try again, or look for the group in the brokers' log"
    )]
    NotJoined(String),
}

impl ReadError {
    /// What an error says that came when this was tried; a right that is missing is named.
    pub(super) fn of(attempt: &'static str, source: KafkaError, topic: &str, group: &str) -> Self {
        match source.rdkafka_error_code() {
            Some(Code::TopicAuthorizationFailed) => {
                Self::ForbiddenTopic { topic: topic.to_owned() }
            }
            Some(Code::GroupAuthorizationFailed) => {
                Self::ForbiddenGroup { group: group.to_owned() }
            }
            _ => Self::Kafka { attempt, source },
        }
    }

    /// Whether the client does not overcome this error by itself.
    pub(super) fn is_final(error: &KafkaError) -> bool {
        let code = error.rdkafka_error_code();
        matches!(error, KafkaError::MessageConsumptionFatal(_))
            || matches!(
                code,
                Some(
                    Code::TopicAuthorizationFailed
                        | Code::GroupAuthorizationFailed
                        | Code::UnknownTopic
                        | Code::UnknownTopicOrPartition
                        | Code::UnknownPartition
                )
            )
    }
}
