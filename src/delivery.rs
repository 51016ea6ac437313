//! The bank of the consumers: what is on its way to Kafka. Knows no HTTP and no JSON.

pub mod publisher;
pub mod receipt;
pub mod record;

pub mod availability;
pub mod kafka;

// Records on disk; nobody appends to it yet.
pub mod spool;

// The order of posts around a spool on disk; the publisher does not ask it yet.
pub mod gate;
