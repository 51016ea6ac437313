//! The bank of the senders: HTTP, credentials, the contract of a notification.

pub mod authenticator;
pub mod body;
pub mod credentials;
pub mod ingest;
pub mod notification;
pub mod patient_stream;
pub mod rejection;
pub mod server;
pub mod trace_context;
