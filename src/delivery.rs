//! The bank of the consumers: what is on its way to Kafka. Knows no HTTP and no JSON.

pub mod availability;
pub mod kafka;
pub mod publisher;
pub mod receipt;
pub mod record;
