//! The bank of the senders: HTTP, credentials, the contract of a notification.

pub mod credentials;
pub mod notification;
