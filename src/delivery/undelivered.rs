//! Why a record did not become durable.
//!
//! Promise: each cause has its words for the log, without anything of the record. It says nothing
//! of where the record is: what was not acknowledged may be on Kafka nevertheless.

use crate::delivery::kafka::delivery_error::DeliveryError;
use crate::metrics::Outcome;
use crate::post::RefusalReason;

/// A record did not become durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It is for a topic that was never shown to the spool.
    #[error("the brokers answer and do not show the topic")]
    NoTopic,
    /// It was not tried.
    #[error("Kafka is known to be away, and there is no spool")]
    KnownAway,
    /// It is a dead letter, and was not tried.
    #[error("the dead-letter topic takes no records")]
    NoDeadLetterTopic,
    /// No ack came within the time that a post waits.
    #[error("Kafka did not acknowledge it within --ack-timeout")]
    Late,
    /// The client has given it up, or a broker has refused it.
    #[error("Kafka did not acknowledge it: {0}")]
    Failed(DeliveryError),
    /// The spool is full, or its disk failed.
    #[error("it could not be written to the spool")]
    NotStored,
    /// The spool has not answered in time.
    #[error("the disk of the spool does not answer")]
    DiskSilent,
    /// It was not sent: it would be refused.
    #[error("a record of {size} bytes is over {limit}, {}", .whose.words())]
    TooLarge {
        /// All of it, in bytes.
        size: u32,
        /// The limit, in bytes.
        limit: u32,
        /// What sets the limit.
        whose: LimitSource,
    },
}

/// What sets the size of the largest record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSource {
    /// The topic, or the client where that is not known.
    Topic,
    /// The operator.
    Flag,
}

impl LimitSource {
    fn words(self) -> &'static str {
        match self {
            Self::Topic => "the topic's max.message.bytes as far as that is known",
            Self::Flag => "the message.max.bytes of --kafka-property or --kafka-config",
        }
    }
}

impl Undelivered {
    /// The outcome of its post.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::TooLarge { .. } => Outcome::RecordRefused,
            Self::NoTopic
            | Self::KnownAway
            | Self::NoDeadLetterTopic
            | Self::Late
            | Self::Failed(_)
            | Self::NotStored
            | Self::DiskSilent => Outcome::Unavailable,
        }
    }

    /// What the log says of it.
    pub fn why(self) -> RefusalReason {
        RefusalReason { reason: Some(self.to_string()), ..RefusalReason::default() }
    }
}
