//! The bank of the senders: HTTP, credentials, the contract of a notification.

pub mod authenticator;
pub mod claim;
mod hash_queue;
mod known_pairs;

pub mod credentials;
pub mod credentials_error;

pub mod bcrypt_hash;
pub mod notification;
