//! Proof that a record is durable.
//!
//! A 200 can be built only from a [`Receipt`], and a receipt only inside [`crate::delivery`], by
//! what saw the record become durable: "a 200 means durable" is a type, not a habit.
//!
//! ```compile_fail
//! let forged = hookbridge::delivery::receipt::Receipt { partition: 0, offset: 0 };
//! ```

/// Where an acked record stands. Neither `Clone` nor `Copy`: one receipt, one answer.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a receipt is what the sender waits for"]
pub struct Receipt {
    partition: i32,
    offset: i64,
}

impl Receipt {
    /// Kafka acked the record at this place of its topic.
    pub(in crate::delivery) fn acked(partition: i32, offset: i64) -> Self {
        Self { partition, offset }
    }

    /// The partition of the record's topic.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// The record's offset in its partition.
    pub fn offset(&self) -> i64 {
        self.offset
    }
}
