//! The states of what is known of Kafka. What leads from one to the other is in
//! [`crate::delivery::availability::state`].

use std::time::Instant;

/// What is known of Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KafkaHealth {
    /// Nothing is known yet: posts are tried.
    Untried,
    Up,
    /// Probes have failed since then: posts are tried, readiness is off.
    Doubted {
        why: String,
        since: Instant,
    },
    /// Posts are refused until a probe succeeds after `until`.
    Away {
        why: String,
        until: Instant,
    },
    /// Probes succeed, and an ack is owed: posts are tried.
    Unproven {
        why: String,
    },
}
