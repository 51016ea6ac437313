//! Everything that touches librdkafka, in one place.
//!
//! - [`settings`]: the properties that the operator may set, and those that the promise rests on;
//! - [`producer`]: records in, delivery reports out, without a thread of its own;
//! - [`wakeup`]: librdkafka's report queue as something that an event loop can wait for;
//! - [`fault`]: what each of its error codes means for a record;
//! - [`probe`]: whether the brokers and the topic are there, asked from a thread of its own.
//!
//! No rdkafka type leaves this folder.

pub mod fault;
pub mod probe;
pub mod producer;
pub mod settings;
mod wakeup;

/// The version of librdkafka that is linked in.
pub fn client_version() -> String {
    rdkafka::util::get_rdkafka_version().1
}
