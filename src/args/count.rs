//! How many of something there are to be, as it is typed.
//!
//! Promise: a whole number that is not 0. What else speaks against it is judged in [`crate::config`].

use std::num::{NonZeroU16, NonZeroUsize};

/// Reads a number of event loops.
pub(super) fn workers(text: &str) -> Result<NonZeroU16, &'static str> {
    text.parse().map_err(|_| "a whole number from 1 to 65535 is wanted, at most one for each core")
}

/// Reads a number of connections.
pub(super) fn connections(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "a whole number from 1 to 1000000 is wanted")
}
