//! What each of librdkafka's error codes means for a record.
//!
//! Promise: only the client's own size check, before anything was sent, blames a record. A broker
//! that refuses one record of a batch fails its neighbours with the same code, so such a report is
//! no proof against any of them; every other code, and every code that is not known, says only
//! that no ack came: the record may still be on Kafka.

use rdkafka::types::RDKafkaErrorCode as Code;
use std::fmt;

/// Why a record was not acked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What it says about the record.
    pub verdict: Verdict,
    code: Code,
}

/// What a fault says about the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The record itself is at fault and was never sent.
    Refused,
    /// A broker refused a batch that the record was in; the record may be innocent.
    NotProof,
    /// No ack came. The record may be on Kafka nevertheless.
    Unacked,
}

impl Fault {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a code that is not known is no proof")]
    /// The client refused to take the record into its queue.
    pub(super) fn at_enqueue(code: Code) -> Self {
        let verdict = match code {
            // Larger than `message.max.bytes`, which is held at the topic's own limit.
            Code::MessageSizeTooLarge => Verdict::Refused,
            // Everything else is about the client or the cluster: a full queue, a fatal error, a
            // topic or a right that is missing.
            _ => Verdict::Unacked,
        };
        Self { verdict, code }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a code that is not known is no proof")]
    /// A delivery report came with this code.
    pub(super) fn in_report(code: Code) -> Self {
        let verdict = match code {
            // A record or its whole batch is over the topic's `max.message.bytes`.
            Code::MessageSizeTooLarge
            | Code::InvalidMessageSize
            | Code::MessageBatchTooLarge
            // A record of the batch breaks a rule of the topic: no key on a compacted topic, a
            // time stamp too far off, a policy of the operator.
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::PolicyViolation
            | Code::UnsupportedForMessageFormat => Verdict::NotProof,
            _ => Verdict::Unacked,
        };
        Self { verdict, code }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name of the code: stable and one of a closed set, so that logs can be counted by it.
        fmt::Debug::fmt(&self.code, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_client_s_own_size_check_blames_a_record() {
        assert_eq!(Fault::at_enqueue(Code::MessageSizeTooLarge).verdict, Verdict::Refused);
        assert_eq!(Fault::in_report(Code::MessageSizeTooLarge).verdict, Verdict::NotProof);
        for code in [Code::QueueFull, Code::Fatal, Code::UnknownTopic, Code::MessageTimedOut] {
            assert_eq!(Fault::at_enqueue(code).verdict, Verdict::Unacked);
            assert_eq!(Fault::in_report(code).verdict, Verdict::Unacked);
        }
    }

    #[test]
    fn a_fault_is_named_by_its_code() {
        assert_eq!(Fault::in_report(Code::MessageTimedOut).to_string(), "MessageTimedOut");
    }
}
