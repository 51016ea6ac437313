//! What a probe saw of the topic.
//!
//! Promise: a partition counts as usable only where its leader has answered the bridge itself, and
//! has as many replicas in sync as the topic asks for. It says nothing of when that was.

use crate::delivery::availability::health_report::ProbeError;
use std::fmt;

/// What the last probe saw of the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicState {
    /// Nothing was asked or answered yet.
    Unknown,
    /// It exists; not all of its partitions may be usable.
    Present(TopicDescription),
    /// The brokers do not say whether there is such a topic.
    Hidden {
        /// The right that the bridge lacks, and what gives it.
        why: String,
    },
    /// The brokers do not know it.
    Missing {
        /// The broker's code.
        error: String,
    },
}

/// A topic that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicDescription {
    /// How many partitions it has.
    pub partitions: usize,
    /// How many of them have a leader that answers this bridge.
    pub reached: usize,
    /// How many of those have enough replicas in sync to take records.
    pub usable: usize,
    /// Why the others do not, each reason once.
    pub reasons: Vec<String>,
    /// Whether those may only be slow, so that a post, which waits for longer, may get through.
    pub slow: bool,
    /// The fewest replicas of a partition.
    pub replicas: usize,
    /// The right that the bridge lacks, and what gives it.
    pub forbidden: Option<String>,
    /// Why records should not be written to it, whatever its leaders take.
    pub unfit: Option<String>,
    /// What an operator should know of its settings.
    pub warnings: Vec<String>,
}

impl TopicState {
    /// Fails where no post could be published to it.
    pub(super) fn verdict(&self) -> Result<(), ProbeError> {
        match self {
            Self::Present(description) => {
                match description.unfit.as_ref().or(description.forbidden.as_ref()) {
                    Some(why) => Err(ProbeError::Dead(why.clone())),
                    None if description.usable > 0 => Ok(()),
                    None if description.slow => Err(ProbeError::Slow(description.to_string())),
                    None => Err(ProbeError::Dead(description.to_string())),
                }
            }
            Self::Hidden { why } => Err(ProbeError::Dead(why.clone())),
            Self::Missing { error } => {
                Err(ProbeError::Dead(format!("the topic is missing: {error}")))
            }
            Self::Unknown => Ok(()),
        }
    }

    /// Whether some partitions take records and others do not.
    pub(super) fn is_partial(&self) -> bool {
        match self {
            Self::Present(description) => {
                0 < description.usable && description.usable < description.partitions
            }
            Self::Unknown | Self::Hidden { .. } | Self::Missing { .. } => false,
        }
    }

    /// Whether records should not be written to it.
    pub(super) fn is_unfit(&self) -> bool {
        match self {
            Self::Present(description) => description.unfit.is_some(),
            Self::Unknown | Self::Hidden { .. } | Self::Missing { .. } => false,
        }
    }

    /// Whether every partition takes records.
    pub(super) fn is_well(&self) -> bool {
        match self {
            Self::Present(description) => {
                description.usable == description.partitions && description.forbidden.is_none()
            }
            Self::Unknown | Self::Hidden { .. } | Self::Missing { .. } => false,
        }
    }
}

impl fmt::Display for TopicDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partitions, reached, reasons, forbidden, unfit, warnings, .. } = self;
        write!(f, "{reached} of {partitions} partitions have a leader that answers")?;
        let wrong = reasons.iter().chain(forbidden).chain(unfit);
        wrong.chain(warnings).try_for_each(|wrong| write!(f, "; {wrong}"))
    }
}
