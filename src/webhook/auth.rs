//! HTTP Basic authentication (RFC 7617) against a credentials file. It answers nobody and logs nothing.

pub mod authenticator;
pub mod basic_auth;
pub mod bcrypt_hash;
pub mod credentials;
pub mod credentials_error;
mod hash_queue;
mod user_file;
mod verified_pairs;
