//! What the topic's own settings mean for its records.
//!
//! Promise: a value that is not told, or cannot be read, is none: nothing is held against a topic
//! for what is not known of it.

/// The settings that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicConfig {
    /// `max.message.bytes`: the largest batch of records.
    pub max_message_bytes: Option<u32>,
    /// `min.insync.replicas`: how many replicas must have a record before it is acked.
    pub min_insync_replicas: Option<usize>,
}

impl TopicConfig {
    /// Reads the settings, of which `value` gives those that the brokers tell.
    pub fn read<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self {
            max_message_bytes: value("max.message.bytes").and_then(|text| text.parse().ok()),
            min_insync_replicas: value("min.insync.replicas").and_then(|text| text.parse().ok()),
        }
    }
}
