//! Where a record is, once it is durable.

use crate::metrics::Outcome;

/// What vouches for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// Kafka acked it.
    Kafka {
        /// The partition of the record's topic.
        partition: i32,
        /// The offset in the partition.
        offset: i64,
    },
    /// The spool has synced it to disk.
    Spool {
        /// Its number in the spool.
        row: u64,
    },
}

impl Location {
    /// The outcome of a post whose record is here.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Kafka { .. } => Outcome::Published,
            Self::Spool { .. } => Outcome::Spooled,
        }
    }

    /// The partition, if it is on Kafka.
    pub(super) fn partition(self) -> Option<i32> {
        match self {
            Self::Kafka { partition, .. } => Some(partition),
            Self::Spool { .. } => None,
        }
    }

    /// The offset, if it is on Kafka.
    pub(super) fn offset(self) -> Option<i64> {
        match self {
            Self::Kafka { offset, .. } => Some(offset),
            Self::Spool { .. } => None,
        }
    }

    /// The row, if it is in the spool.
    pub(super) fn row(self) -> Option<u64> {
        match self {
            Self::Spool { row } => Some(row),
            Self::Kafka { .. } => None,
        }
    }
}
