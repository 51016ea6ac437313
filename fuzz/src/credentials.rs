//! The text of a credentials file.
//!
//! Promise: a file is read whole, or refused with a line that it has; no user has more than two
//! passwords; and what is said of a bad file repeats no word of it that may be a secret.

use crate::Target;
use hookbridge::webhook::auth::authenticator::Authenticator;
use hookbridge::webhook::auth::credentials::Credentials;
use hookbridge::webhook::auth::credentials_error::CredentialsError;

/// Passwords that a user may have.
const PASSWORDS: usize = 2;
/// Bytes that no word of a message has.
const LONG: usize = 24;

/// Reads an input as a file.
#[derive(Debug)]
pub struct CredentialsFile;

impl Target for CredentialsFile {
    fn run(&self, input: &[u8]) {
        let Ok(text) = std::str::from_utf8(input) else { return };
        match Credentials::parse(text) {
            Ok(credentials) => {
                let (users, passwords) = (credentials.users(), credentials.passwords());
                assert!((1..=passwords).contains(&users) && passwords <= PASSWORDS * users);
                let authenticator = Authenticator::new(credentials);
                for (user, _, used) in authenticator.last_uses() {
                    assert!(text.contains(&*user) && used.is_none());
                }
            }
            Err(error) => {
                if let CredentialsError::CredentialLine { line, .. } = &error {
                    assert!((1..=text.lines().count()).contains(line), "{error}");
                }
                let (shown, debug) = (error.to_string(), format!("{error:?}"));
                for word in text.split_whitespace().filter(|word| word.len() >= LONG) {
                    assert!(!shown.contains(word) && !debug.contains(word), "{error}");
                }
            }
        }
    }
}
