//! The Kafka side: what is on its way to a topic. It knows no HTTP and no JSON.

// A record, and its way to Kafka or to the spool.
pub mod publisher;
pub mod undelivered;
pub mod ticket;
pub mod record;
pub mod record_times;
pub mod outbox;

// Around an outage: the gate and the spool behind it, and the way back.
pub mod shared_gate;
pub mod gate;
pub mod spool;
pub mod drain;

// Kafka itself.
pub mod availability;
pub mod topic;
pub mod kafka;
