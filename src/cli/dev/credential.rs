//! A user whose password lives as long as the process.
//!
//! Promise: the password cannot be foretold, and is in no file. It is shown on the screen: it
//! protects a port of this machine from its other users for some minutes.

use crate::webhook::auth::authenticator::Authenticator;
use crate::webhook::auth::credentials::Credentials;
use crate::webhook::ingest::Authentication;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::HeaderValue;
use std::fmt::Write as _;
use std::sync::Arc;

/// Random bytes of the password: 64 bits, beyond guessing over HTTP.
const RANDOM: usize = 8;

/// The name.
pub(super) const USER: &str = "dev";

/// A name and its password, both fit for a command line without quotes.
pub(super) struct Credential {
    pub(super) user: &'static str,
    pub(super) password: String,
}

impl Credential {
    /// Makes a password.
    pub(super) fn throw_away() -> Self {
        let mut random = [0; RANDOM];
        getrandom::fill(&mut random).expect("the kernel gives random bytes to every process");
        let mut password = String::new();
        for byte in random {
            write!(password, "{byte:02x}").expect("a String takes all text");
        }
        Self { user: USER, password }
    }

    /// What the bridge checks it against.
    pub(super) fn access(&self) -> Authentication {
        let line = format!("{}:plain:{}", self.user, self.password);
        let credentials = Credentials::parse(&line).expect("a name and letters are a line");
        Authentication::Restricted(Arc::new(Authenticator::new(credentials)))
    }

    /// The `Authorization` header of a post (RFC 7617).
    pub(super) fn authorization(&self) -> HeaderValue {
        let pair = BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password));
        HeaderValue::try_from(format!("Basic {pair}")).expect("base64 is ASCII")
    }
}
