//! What asks Kafka whether it is there: for the topic of notifications, and for that of dead letters.
//!
//! Promise: a topic of notifications that would lose them ends the bridge. What is wrong with the
//! dead-letter topic is logged and shown, and ends nothing.

use crate::bridge::bridge_error::BridgeError;
use crate::bridge::parts::Parts;
use crate::bridge::shared::Shared;
use crate::delivery::availability::Availability;
use crate::delivery::kafka::probe::Probe;
use crate::delivery::spool::Spool;
use crate::delivery::topic::Topic;
use crate::delivery::topic::topic_config::{Compaction, Plan};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// See the module. Nothing is asked yet.
pub(super) struct Probes {
    notifications: Probe,
    dead_letters: Option<Probe>,
}

impl Probes {
    pub(super) fn new(shared: &Shared) -> Result<Self, BridgeError> {
        let Shared { config, availability, topic, dead_letters, gate, .. } = shared;
        let probe = |topic: &Topic, availability: &Arc<Availability>, compaction, spool| {
            let plan = Plan { largest_value: config.limits.max_body.as_u64(), compaction };
            Probe::new(&config.kafka, topic, availability.clone(), Some(plan), spool)
                .map_err(BridgeError::Kafka)
        };
        let spool: Option<Spool> = gate.as_ref().map(|gate| gate.spool().clone());
        let notifications = probe(topic, availability, config.compaction, spool)?;
        let second = dead_letters.as_ref();
        let dead_letters =
            second.map(|it| probe(&it.topic, &it.availability, Compaction::Allowed, None));
        Ok(Self { notifications, dead_letters: dead_letters.transpose()? })
    }

    /// Asks until `over`.
    pub(super) fn start(self, parts: &mut Parts, over: &CancellationToken) {
        let asking = self.notifications.run(over.clone());
        let unasked = BridgeError::Unasked("probe of Kafka");
        parts.start(async { asking.await.map_or_else(BridgeError::Topic, |()| unasked) });
        if let Some(probe) = self.dead_letters {
            parts.start_endless("probe of the dead-letter topic", probe.run(over.clone()));
        }
    }
}
