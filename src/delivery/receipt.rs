//! Proof that a record is durable.
//!
//! A 200 can be built only from a [`Receipt`], and a receipt only inside [`crate::delivery`], by
//! what saw the record become durable: "a 200 means durable" is a type, not a habit.
//!
//! ```compile_fail
//! use hookbridge::delivery::receipt::Receipt;
//! let forged = Receipt(());
//! ```

use crate::metrics::Outcome;
use crate::post::Stored;

/// A record is durable. Neither `Clone` nor `Copy`: one receipt, one answer.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a receipt is what the sender waits for"]
pub struct Receipt(());

/// What vouches for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
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

impl Place {
    /// The outcome of a post whose record stands here.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Kafka { .. } => Outcome::Published,
            Self::Spool { .. } => Outcome::Spooled,
        }
    }
}

impl From<Place> for Stored {
    fn from(place: Place) -> Self {
        match place {
            Place::Kafka { partition, offset } => {
                Self { partition: Some(partition), offset: Some(offset), row: None }
            }
            Place::Spool { row } => Self { row: Some(row), ..Self::default() },
        }
    }
}

impl Receipt {
    /// The record is durable at this place.
    pub(in crate::delivery) fn new(_: Place) -> Self {
        Self(())
    }
}
