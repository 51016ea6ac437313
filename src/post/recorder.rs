//! Where the outcomes of all posts are recorded: the metrics, and the log of refusals.

use crate::metrics::Metrics;
use crate::post::refusals::Refusals;
use std::sync::Arc;

/// Shared by the posts of all event loops.
pub struct PostRecorder {
    /// Where outcomes are counted.
    pub metrics: Arc<Metrics>,
    /// Which refusals the log names.
    pub refusals: Refusals,
}

impl PostRecorder {
    /// No post yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, refusals: Refusals::default() }
    }
}
