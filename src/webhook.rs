//! The sender side: HTTP, credentials, the contract of a notification. Knows no Kafka.

pub mod ingest;
pub mod rejection;

pub mod auth;
pub mod http;
pub mod notification;
