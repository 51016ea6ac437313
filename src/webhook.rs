//! The sender side: HTTP, credentials, the contract of a notification. It knows no Kafka.

pub mod ingest;
pub mod rejection;
pub mod dead_letters;
pub mod documents;

pub mod auth;
pub mod http;
pub mod notification;
