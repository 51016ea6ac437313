//! Proof that a record is durable.
//!
//! A 200 can be built only from a [`Receipt`], and a receipt only inside [`crate::delivery`], by
//! what saw the record become durable: "a 200 means durable" is a type, not a habit.
//!
//! ```compile_fail
//! use hookbridge::delivery::receipt::Receipt;
//! let forged = Receipt(());
//! ```

use crate::post::location::Location;

/// A record is durable. Neither `Clone` nor `Copy`: one receipt, one answer.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a receipt is what the sender waits for"]
pub struct Receipt(());

impl Receipt {
    /// The record is durable at this location.
    pub(in crate::delivery) fn new(_: Location) -> Self {
        Self(())
    }
}
