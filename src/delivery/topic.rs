//! What all who write to a topic share: its name, and what was learnt of what it takes.

use crate::delivery::record_times::RecordTimes;
use crate::delivery::topic_limit::TopicLimit;
use std::sync::Arc;

/// The topic of the bridge. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its name.
    pub name: Arc<str>,
    /// The largest record that it takes.
    pub limit: TopicLimit,
    /// The times that it takes; also those of other topics, which old rows of the spool are for.
    pub times: Arc<RecordTimes>,
}
