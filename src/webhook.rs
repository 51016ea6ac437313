//! The bank of the senders: HTTP, credentials, the contract of a notification. Knows no Kafka.

pub mod ingest;
pub mod rejection;

pub mod accept_trouble;
pub mod body;
mod crowd;
pub mod patient_stream;
pub mod server;
pub mod trace_context;
pub mod trusted_proxies;

pub mod notification;

pub mod authenticator;
pub mod bcrypt_hash;
pub mod claim;
pub mod credentials;
pub mod credentials_error;
mod forwarded;
mod hash_queue;
mod known_pairs;
