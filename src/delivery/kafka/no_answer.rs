//! That no broker was reached, in the words of every command that reads a topic.

use std::time::Duration;

/// No broker, or no leader of a partition, has answered.
#[derive(Debug, thiserror::Error)]
#[error(
    "no broker answered within {} ({why}): see that --brokers names the cluster's listeners, \
     `hookbridge check` tells what is in the way",
    humantime::format_duration(*.waited)
)]
pub struct NoAnswer {
    /// For it.
    pub waited: Duration,
    /// The last words of the addresses that were tried.
    pub why: String,
}
