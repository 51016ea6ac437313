//! Why a topic cannot be read, and what to do about it.

use crate::delivery::kafka::no_answer::NoAnswer;

/// Why nothing can be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The client library does not take the properties.
    #[error("the Kafka client cannot be made from --kafka-config and --kafka-property")]
    Client(#[source] KafkaClientFault),
    /// No broker, or no leader of a partition.
    #[error(transparent)]
    Silent(NoAnswer),
    /// The brokers do not show it.
    #[error(
        "the topic {topic} is not there, or this user may not Describe it: correct the name, or see `kafka-topics.sh --list`"
    )]
    NoTopic {
        /// Its name.
        topic: String,
    },
    /// A right is missing.
    #[error(
        "this user may not read the topic {topic}: it needs the rights Read and Describe (`kafka-acls.sh --add --operation Read --topic {topic}`)"
    )]
    Forbidden {
        /// Its name.
        topic: String,
    },
    /// The client cannot go on.
    #[error("the topic {topic} cannot be read on")]
    Broken {
        /// Its name.
        topic: String,
        /// Why.
        source: KafkaClientFault,
    },
}

/// In the words of the client library.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct KafkaClientFault(pub(super) String);
