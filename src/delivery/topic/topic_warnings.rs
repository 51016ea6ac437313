//! What the topic's settings mean for our records, logged when it changes.
//!
//! Promise: each sentence of [`TopicConfig::warnings`] is one line when it begins to hold; that it was
//! mended is logged only where the settings have changed, and not because old records are gone.

use crate::delivery::topic::topic_config::{Plan, Situation, TopicConfig};

/// See the module.
#[derive(Debug, Default)]
pub struct TopicWarnings {
    told: Vec<String>,
    /// What they were logged for: the settings, and the fewest replicas of a partition.
    of: Option<(TopicConfig, usize)>,
}

impl TopicWarnings {
    /// The warnings as of now; logs what of them is news.
    pub fn tell(
        &mut self,
        topic: &str,
        config: &TopicConfig,
        plan: &Plan,
        situation: &Situation,
    ) -> Vec<String> {
        let warnings = config.warnings(plan, situation);
        for warning in warnings.iter().filter(|warning| !self.told.contains(warning)) {
            tracing::warn!(topic, warning, "mind the settings of the topic");
        }
        let of = Some((config.clone(), situation.replicas));
        if self.of != of {
            for mended in self.told.iter().filter(|before| !warnings.contains(before)) {
                tracing::info!(topic, mended, "the settings of the topic were mended");
            }
            self.of = of;
        }
        self.told.clone_from(&warnings);
        warnings
    }
}
