//! What each of librdkafka's error codes means for a record.
//!
//! Promise: only the client's own size check, before anything was sent, blames a record. A broker
//! that refuses one record of a batch fails its neighbours with the same code, so such a report is
//! no proof against any of them. The exceptions are listed; every other code says only that no ack
//! came: the record may still be on Kafka.

use rdkafka::types::RDKafkaErrorCode as Code;
use std::fmt;

/// Why a record was not acked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryError {
    /// What it says about the record.
    pub meaning: Meaning,
    code: Code,
}

/// What an error says about the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The record itself is at fault and was never sent.
    Refused,
    /// A broker refused a batch that the record was in; the record may be innocent.
    NotProof,
    /// A broker refused another record of its batch and says so; nothing of it was written.
    Innocent,
    /// No ack came. The record may be on Kafka nevertheless.
    Unacked,
    /// No ack came, for a reason of the client's own that says nothing of Kafka.
    Local,
}

impl DeliveryError {
    /// The client refused to take the record into its queue.
    pub(super) fn at_enqueue(code: Code) -> Self {
        // Larger than `message.max.bytes`: the operator's, or any size.
        let refused = code == Code::MessageSizeTooLarge;
        Self { meaning: if refused { Meaning::Refused } else { meaning(code) }, code }
    }

    /// A delivery report came with this code.
    pub(super) fn in_report(code: Code) -> Self {
        Self { meaning: meaning(code), code }
    }

    /// Whether the brokers do not show the record's topic.
    pub fn is_about_topic(self) -> bool {
        matches!(self.code, Code::UnknownTopic | Code::UnknownTopicOrPartition)
    }

    /// Whether it contradicts what is known of the topic's largest record.
    pub fn is_about_size(self) -> bool {
        matches!(
            self.code,
            Code::MessageSizeTooLarge | Code::InvalidMessageSize | Code::MessageBatchTooLarge
        )
    }

    /// Whether the record's time may be at fault. librdkafka has two codes for it: where one record
    /// of a batch is refused, all of them get `InvalidTimestamp`; where several are, each of those
    /// gets `InvalidRecord` (`findings/librdkafka-one-refused-time-in-a-batch.sh`).
    pub fn may_be_about_time(self) -> bool {
        matches!(self.code, Code::InvalidTimestamp | Code::InvalidRecord)
    }

    /// Whether it is the record's time, for one that was alone in its batch.
    pub fn is_about_time(self) -> bool {
        self.code == Code::InvalidTimestamp
    }

    /// All times of a record were refused.
    pub fn refused_time() -> Self {
        Self::in_report(Code::InvalidTimestamp)
    }

    /// Some error that says this.
    #[cfg(test)]
    pub(in crate::delivery) fn of(meaning: Meaning) -> Self {
        Self { meaning, code: Code::Unknown }
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name of the code: stable and one of a closed set, so that logs can be counted by it.
        fmt::Debug::fmt(&self.code, f)
    }
}

/// Codes of a refused batch, any record of which may be innocent.
const NOT_PROOF: &[Code] = &[
    // A record or its whole batch is over the topic's `max.message.bytes`, or a record of the
    // batch breaks a rule of the topic: no key on a compacted one, a time stamp too far off, a
    // policy of the operator.
    Code::MessageSizeTooLarge,
    Code::InvalidMessageSize,
    Code::MessageBatchTooLarge,
    Code::InvalidRecord,
    Code::InvalidTimestamp,
    Code::PolicyViolation,
    Code::UnsupportedForMessageFormat,
];

/// Codes that say nothing of Kafka.
const LOCAL: &[Code] = &[
    // The client: a full queue, a bug, a lie of the network.
    Code::BadMessage,
    Code::BadCompression,
    Code::Fail,
    Code::CriticalSystemResource,
    Code::FileSystem,
    Code::InvalidArgument,
    Code::QueueFull,
    Code::NotImplemented,
    Code::InProgress,
    Code::PreviousInProgress,
    Code::Conflict,
    Code::UnknownProtocol,
    Code::KeySerialization,
    Code::ValueSerialization,
    Code::KeyDeserialization,
    Code::ValueDeserialization,
    Code::Partial,
    Code::ReadOnly,
    Code::NoEnt,
    Code::Underflow,
    Code::InvalidType,
    Code::Unknown,
    Code::NoError,
    // The producer is at its end, and not the record: idempotence, or it was replaced.
    Code::Fatal,
    Code::PurgeQueue,
    Code::PurgeInflight,
    Code::Fenced,
    Code::GaplessGuarantee,
    Code::Inconsistent,
    Code::State,
    Code::OutOfOrderSequenceNumber,
    Code::DuplicateSequenceNumber,
    Code::InvalidProducerEpoch,
    Code::UnknownProducerId,
    Code::ProducerFenced,
    Code::InvalidProducerIdMapping,
    Code::InvalidTransactionalState,
    Code::InvalidTransactionTimeout,
    Code::ConcurrentTransactions,
    Code::TransactionCoordinatorFenced,
    Code::CoordinatorLoadInProgress,
    Code::CoordinatorNotAvailable,
    Code::NotCoordinator,
    Code::WaitingForCoordinator,
    Code::NotConfigured,
    Code::Application,
];

/// All other codes, and those that are newer than this file, say no more than that no ack came: the
/// cluster is in motion, time ran out, a right or a setting of the operator's is missing.
fn meaning(code: Code) -> Meaning {
    if NOT_PROOF.contains(&code) {
        Meaning::NotProof
    } else if code == Code::InvalidDifferentRecord {
        Meaning::Innocent
    } else if LOCAL.contains(&code) {
        Meaning::Local
    } else {
        Meaning::Unacked
    }
}

#[cfg(test)]
mod tests;
