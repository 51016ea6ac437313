//! What each of librdkafka's error codes means for a record.
//!
//! Promise: only the client's own size check, before anything was sent, blames a record. A broker
//! that refuses one record of a batch fails its neighbours with the same code, so such a report is
//! no proof against any of them; every other code, and every code that is not known, says only
//! that no ack came: the record may still be on Kafka. Each known code stands in one table; the
//! lint against wildcards over known values and a test over all codes hold it complete.

use rdkafka::types::RDKafkaErrorCode as Code;
use std::fmt;

/// Why a record was not acked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryError {
    /// What it says about the record.
    pub meaning: Meaning,
    code: Code,
}

/// What a error says about the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The record itself is at error and was never sent.
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

    /// Whether the record's time may be at error. librdkafka 2.12.1 has two codes for it: where one
    /// record of a batch is refused, all of them get `InvalidTimestamp`; where several are, each of
    /// those gets `InvalidRecord`. (The broker's words would tell; what
    /// `rd_kafka_message_produce_errstr` gives points into memory that is freed by then.)
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

/// A code that is not known says no more than that no ack came.
fn meaning(code: Code) -> Meaning {
    row(code).unwrap_or(Meaning::Unacked)
}

/// The table.
#[expect(clippy::match_same_arms, clippy::too_many_lines, reason = "a table, arm by reason")]
fn row(code: Code) -> Option<Meaning> {
    match code {
        // A record or its whole batch is over the topic's `max.message.bytes`, or a record of the
        // batch breaks a rule of the topic: no key on a compacted one, a time stamp too far off, a
        // policy of the operator.
        Code::MessageSizeTooLarge
        | Code::InvalidMessageSize
        | Code::MessageBatchTooLarge
        | Code::InvalidRecord
        | Code::InvalidTimestamp
        | Code::PolicyViolation
        | Code::UnsupportedForMessageFormat => Some(Meaning::NotProof),
        Code::InvalidDifferentRecord => Some(Meaning::Innocent),
        // The client: a full queue, a bug, a lie of the network.
        Code::BadMessage
        | Code::BadCompression
        | Code::Fail
        | Code::CriticalSystemResource
        | Code::FileSystem
        | Code::InvalidArgument
        | Code::QueueFull
        | Code::NotImplemented
        | Code::InProgress
        | Code::PreviousInProgress
        | Code::Conflict
        | Code::UnknownProtocol
        | Code::KeySerialization
        | Code::ValueSerialization
        | Code::KeyDeserialization
        | Code::ValueDeserialization
        | Code::Partial
        | Code::ReadOnly
        | Code::NoEnt
        | Code::Underflow
        | Code::InvalidType
        | Code::Unknown
        | Code::NoError => Some(Meaning::Local),
        // Time ran out, or the connection or the producer went away: nothing is known.
        Code::MessageTimedOut
        | Code::OperationTimedOut
        | Code::TimedOutQueue
        | Code::RequestTimedOut
        | Code::BrokerTransportFailure
        | Code::AllBrokersDown
        | Code::Resolve
        | Code::NetworkException
        | Code::Outdated
        | Code::Retry
        | Code::DestroyBroker
        | Code::BrokerDestroy
        | Code::NodeUpdate
        | Code::Interrupted
        | Code::Noop
        | Code::WaitCache => Some(Meaning::Unacked),
        // The cluster is in motion; the client has already tried again for as long as it may.
        Code::LeaderNotAvailable
        | Code::NotLeaderForPartition
        | Code::BrokerNotAvailable
        | Code::ReplicaNotAvailable
        | Code::NotEnoughReplicas
        | Code::NotEnoughReplicasAfterAppend
        | Code::ISRInsufficient
        | Code::KafkaStorageError
        | Code::LogDirNotFound
        | Code::FencedLeaderEpoch
        | Code::UnknownLeaderEpoch
        | Code::StaleBrokerEpoch
        | Code::StaleControllerEpoch
        | Code::NotController
        | Code::OffsetNotAvailable
        | Code::PreferredLeaderNotAvailable
        | Code::EligibleLeadersNotAvailable
        | Code::ElectionNotNeeded
        | Code::ReassignmentInProgress
        | Code::NoReassignmentInProgress
        | Code::ThrottlingQuotaExceeded
        | Code::InvalidMessage
        | Code::RebootstrapRequired
        | Code::UnknownBroker
        | Code::InconsistentVoterSet
        | Code::InvalidUpdateVersion
        | Code::FeatureUpdateFailed => Some(Meaning::Unacked),
        // Topic, rights or settings are the operator's, and can be mended.
        Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownPartition
        | Code::UnknownTopicId
        | Code::InvalidTopic
        | Code::InvalidPartitions
        | Code::InvalidReplicationFactor
        | Code::InvalidReplicaAssignment
        | Code::InvalidConfig
        | Code::TopicAlreadyExists
        | Code::TopicDeletionDisabled
        | Code::TopicAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed
        | Code::DelegationTokenAuthorizationFailed
        | Code::SaslAuthenticationFailed
        | Code::Authentication
        | Code::SecurityDisabled
        | Code::SSL
        | Code::UnsupportedSASLMechanism
        | Code::IllegalSASLState
        | Code::UnacceptableCredential
        | Code::PrincipalDeserializationFailure
        | Code::DelegationTokenAuthDisabled
        | Code::DelegationTokenNotFound
        | Code::DelegationTokenOwnerMismatch
        | Code::DelegationTokenRequestNotAllowed
        | Code::DelegationTokenExpired
        | Code::InvalidPrincipalType
        | Code::ListenerNotFound
        | Code::UnsupportedCompressionType
        | Code::UnsupportedVersion
        | Code::UnsupportedFeature
        | Code::InvalidRequiredAcks
        | Code::ResourceNotFound
        | Code::DuplicateResource
        | Code::InvalidRequest
        | Code::OperationNotAttempted => Some(Meaning::Unacked),
        // The producer is at its end, and not the record: idempotence, or it was replaced.
        Code::Fatal
        | Code::PurgeQueue
        | Code::PurgeInflight
        | Code::Fenced
        | Code::GaplessGuarantee
        | Code::Inconsistent
        | Code::State
        | Code::OutOfOrderSequenceNumber
        | Code::DuplicateSequenceNumber
        | Code::InvalidProducerEpoch
        | Code::UnknownProducerId
        | Code::ProducerFenced
        | Code::InvalidProducerIdMapping
        | Code::InvalidTransactionalState
        | Code::InvalidTransactionTimeout
        | Code::ConcurrentTransactions
        | Code::TransactionCoordinatorFenced
        | Code::CoordinatorLoadInProgress
        | Code::CoordinatorNotAvailable
        | Code::NotCoordinator
        | Code::WaitingForCoordinator
        | Code::NotConfigured
        | Code::Application => Some(Meaning::Local),
        // For consumers, groups and shares; no producer sees them.
        Code::PartitionEOF
        | Code::UnknownGroup
        | Code::ExistingSubscription
        | Code::AssignPartitions
        | Code::RevokePartitions
        | Code::NoOffset
        | Code::PollExceeded
        | Code::AssignmentLost
        | Code::AutoOffsetReset
        | Code::LogTruncation
        | Code::OffsetOutOfRange
        | Code::OffsetMetadataTooLarge
        | Code::IllegalGeneration
        | Code::InconsistentGroupProtocol
        | Code::InvalidGroupId
        | Code::UnknownMemberId
        | Code::InvalidSessionTimeout
        | Code::RebalanceInProgress
        | Code::InvalidCommitOffsetSize
        | Code::NonEmptyGroup
        | Code::GroupIdNotFound
        | Code::FetchSessionIdNotFound
        | Code::InvalidFetchSessionEpoch
        | Code::MemberIdRequired
        | Code::GroupMaxSizeReached
        | Code::FencedInstanceId
        | Code::GroupSubscribedToTopic
        | Code::UnstableOffsetCommit
        | Code::FencedMemberEpoch
        | Code::UnreleasedInstanceId
        | Code::UnsupportedAssignor
        | Code::StaleMemberEpoch
        | Code::UnknownSubscriptionId
        | Code::TelemetryTooLarge => Some(Meaning::Unacked),
        // Newer than this table.
        _ => None,
    }
}

#[cfg(test)]
mod tests;
