//! Proof that a record is durable.
//!
//! A 200 can be built only from a [`Receipt`], and a receipt only inside [`crate::delivery`], by
//! what saw the record become durable: "a 200 means durable" is a type, not a habit.
//!
//! ```compile_fail
//! use hookbridge::delivery::kafka::producer::Acked;
//! use hookbridge::delivery::receipt::Receipt;
//!
//! let forged = Receipt { _acked: Acked { partition: 0, offset: 0 } };
//! ```

use crate::delivery::kafka::producer::Acked;

/// Kafka acked the record. Neither `Clone` nor `Copy`: one receipt, one answer.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a receipt is what the sender waits for"]
pub struct Receipt {
    /// What vouches for it.
    _acked: Acked,
}

impl Receipt {
    /// The record stands where the ack says.
    pub(in crate::delivery) fn new(acked: Acked) -> Self {
        Self { _acked: acked }
    }
}
