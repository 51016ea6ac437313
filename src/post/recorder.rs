//! What the accounts of all posts are kept in.

use crate::metrics::Metrics;
use crate::post::refusals::Refusals;
use std::sync::Arc;

/// Shared by the posts of all event loops.
pub struct Accounts {
    /// Where outcomes are counted.
    pub metrics: Arc<Metrics>,
    /// Which refusals are told in the log.
    pub refusals: Refusals,
}

impl Accounts {
    /// No post yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, refusals: Refusals::default() }
    }
}
