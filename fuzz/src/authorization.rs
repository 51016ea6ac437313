//! The `Authorization` header of a post.
//!
//! Promise: it lets in the one pair that is in the file, in whatever spelling RFC 7617 has for it, and
//! no other; which that is, another decoder of base64 says.

use crate::Target;
use data_encoding::{BASE64, BASE64_NOPAD};
use hookbridge::webhook::auth::authenticator::{Authenticator, CacheLookup};
use hookbridge::webhook::auth::credentials::Credentials;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

/// The pair that is in the file, and how it is written there.
const PAIR: &[u8] = b"video:change-me";
const FILE: &str = "video:plain:change-me";

/// Reads an input as the value of the header.
#[derive(Debug)]
pub struct Authorization {
    authenticator: Authenticator,
}

impl Authorization {
    /// With a file of one user.
    pub fn of_one_user() -> Self {
        let credentials = Credentials::parse(FILE).expect("one user and a password");
        Self { authenticator: Authenticator::new(credentials) }
    }
}

impl Target for Authorization {
    fn run(&self, input: &[u8]) {
        let Ok(value) = HeaderValue::from_bytes(input) else { return };
        let found = self.authenticator.look_up(&HeaderMap::from_iter([(AUTHORIZATION, value)]));
        let is_known = matches!(found, CacheLookup::Known(_));
        assert_eq!(is_known, pair(input).as_deref() == Some(PAIR), "{found:?}");
    }
}

/// What the header presents (RFC 7617); the padding may be missing.
fn pair(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_at_checked("Basic".len())?;
    let token = rest.iter().position(|&byte| byte != b' ').map(|start| &rest[start..])?;
    let is_basic = scheme.eq_ignore_ascii_case(b"Basic") && token.len() < rest.len();
    let encoding = if token.ends_with(b"=") { &BASE64 } else { &BASE64_NOPAD };
    is_basic.then(|| encoding.decode(token).ok()).flatten()
}
