//! Notifications to be posted, and what identifies their records.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Where they are posted, unless a test says otherwise.
pub const PATH: &str = "/webhook";

/// A project.
pub const APP_ID: &str = "5f3a9c1e7d2b4a0012c4e8f1";
/// A notification of [`APP_ID`], as the provider sends it.
pub const ROOMDROP: &str = include_str!("../../tests/samples/roomdrop.json");

/// One of many notifications of [`APP_ID`], each of a session of its own.
pub fn numbered(session: usize) -> String {
    ROOMDROP.replace("64a2035be4b0d7a1c3f9b2d4", &session.to_string())
}

/// [`ROOMDROP`] with a member that nobody asks for, so that it has `length` bytes.
pub fn of_length(length: usize) -> String {
    let padded = |padding| ROOMDROP.replacen('{', &format!("{{\"padding\":\"{padding}\","), 1);
    let body = padded("x".repeat(length - padded(String::new()).len()));
    assert_eq!(body.len(), length);
    body
}

/// What a consumer drops repeats by, as the contract has it: SHA-256 of the project, a zero byte
/// and the body, in hex.
pub fn ce_id(app_id: &str, body: impl AsRef<[u8]>) -> String {
    let digest = Sha256::digest([app_id.as_bytes(), b"\0", body.as_ref()].concat());
    let mut hex = String::new();
    for byte in digest {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}
