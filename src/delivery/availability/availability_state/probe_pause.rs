//! When the next probe is due.

use crate::delivery::availability::availability_state::AvailabilityState;
use crate::delivery::availability::health_report::KafkaHealth;
use std::time::{Duration, Instant};

/// Between probes while Kafka is away or in doubt: readiness comes back within this of the broker.
pub(super) const PROBE_AWAY: Duration = Duration::from_millis(250);
/// Between probes while leaders answer and an ack is owed, which no probe will prove, or a partition
/// takes no records: each look asks every leader.
pub(super) const PROBE_UNPROVEN: Duration = Duration::from_secs(1);
/// Between probes while nothing is acked.
pub(super) const PROBE_IDLE: Duration = Duration::from_secs(3);
/// Between probes while acks flow: they say nothing of other partitions, nor of new ones.
pub(super) const PROBE_BUSY: Duration = Duration::from_secs(10);

impl AvailabilityState {
    /// How long to wait for it.
    pub(in crate::delivery::availability) fn next_probe(&self, now: Instant) -> Duration {
        let since = |proof: Option<Instant>, pause: Duration| {
            proof.map_or(Duration::ZERO, |at| (at + pause).saturating_duration_since(now))
        };
        let idle = |proof: Option<Instant>| since(proof, PROBE_IDLE);
        match self.health {
            KafkaHealth::Up if self.doubtful => idle(self.last_probe),
            KafkaHealth::Up if self.topic.is_well() => {
                idle(self.last_probe.max(self.last_ack)).min(since(self.last_probe, PROBE_BUSY))
            }
            KafkaHealth::Up | KafkaHealth::Unproven { .. } => {
                since(self.last_probe, PROBE_UNPROVEN)
            }
            KafkaHealth::Untried | KafkaHealth::Doubted { .. } | KafkaHealth::Away { .. } => {
                since(self.last_probe, PROBE_AWAY)
            }
        }
    }
}
