//! What a request's `Authorization` header claims: a user and a password, decoded, not believed.
//!
//! Promises: a [`Claim`] came from exactly one well-formed Basic header and is within the bounds
//! of what the credentials file can hold; its bytes are wiped when it goes.
//!
//! Does not know who exists, and does not tell why a header is no claim: outside there is one
//! answer for missing, malformed and wrong.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use crate::webhook::bcrypt_hash::MAX_PASSWORD;
use crate::webhook::credentials::MAX_USER;

/// RFC 7617 wants the padding and some senders leave it out; nothing is ambiguous without it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// No longer token can decode to a pair within the bounds, so that none is decoded or kept.
const MAX_TOKEN: usize = (MAX_USER + 1 + MAX_PASSWORD).div_ceil(3) * 4;

/// A user and a password as one request claims them (RFC 7617, section 2).
pub struct Claim {
    pair: Zeroizing<Vec<u8>>,
    colon: usize,
}

impl Claim {
    /// Reads the claim of a request: one `Authorization` header (more than one has no meaning in
    /// RFC 7235, and a proxy before us may have looked at the other), scheme `Basic` in any case,
    /// spaces, base64 of `user:password`. The user ends at the first colon.
    ///
    /// A password that bcrypt would cut (over 72 bytes) or end early (NUL) is no claim.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let token = basic_token(value.as_bytes())?;
        if token.len() > MAX_TOKEN {
            return None;
        }
        let pair = Zeroizing::new(BASE64.decode(token).ok()?);
        let colon = pair.iter().position(|&byte| byte == b':')?;
        let claim = Self { pair, colon };
        let bounded = (1..=MAX_USER).contains(&colon) && claim.password().len() <= MAX_PASSWORD;
        (bounded && !claim.pair.contains(&0)).then_some(claim)
    }

    /// The user that is claimed, perhaps not UTF-8.
    pub(crate) fn user(&self) -> &[u8] {
        &self.pair[..self.colon]
    }

    /// The password that is claimed: at most [`MAX_PASSWORD`] bytes, none of them NUL.
    pub(crate) fn password(&self) -> &[u8] {
        &self.pair[self.colon + 1..]
    }

    /// `user:password` as it was sent.
    pub(crate) fn pair(&self) -> &[u8] {
        &self.pair
    }
}

impl fmt::Debug for Claim {
    /// Not even the user: people do type their password into the wrong field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}

/// The token behind the scheme (RFC 7235, section 2.1: `auth-scheme 1*SP token68`).
fn basic_token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked("Basic".len())?;
    let token = rest.trim_ascii_start();
    let gap = &rest[..rest.len() - token.len()];
    let apart = !gap.is_empty() && gap.iter().all(|&byte| byte == b' ');
    (scheme.eq_ignore_ascii_case(b"Basic") && apart).then_some(token)
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;
    use http::HeaderValue;
    use proptest::prelude::{any, prop_assert, proptest};

    use super::*;

    fn read(value: impl AsRef<[u8]>) -> Option<Claim> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_bytes(value.as_ref()).unwrap());
        Claim::read(&headers)
    }

    fn read_pair(pair: impl AsRef<[u8]>) -> Option<Claim> {
        read(format!("Basic {}", BASE64_STANDARD.encode(pair)))
    }

    #[test]
    fn the_scheme_is_case_insensitive_and_spaces_may_be_many() {
        // RFC 7617, section 2: the example of Aladdin.
        for scheme in ["Basic ", "basic ", "BASIC ", "bAsIc    "] {
            let claim = read(format!("{scheme}QWxhZGRpbjpvcGVuIHNlc2FtZQ==")).unwrap();
            assert_eq!(claim.user(), b"Aladdin");
            assert_eq!(claim.password(), b"open sesame");
        }
    }

    #[test]
    fn missing_padding_is_tolerated() {
        assert_eq!(read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ").unwrap().password(), b"open sesame");
    }

    #[test]
    fn the_user_ends_at_the_first_colon_and_the_password_may_be_anything_else() {
        for password in ["", ":", "a:b:c", "pässwörd:☃", " "] {
            let claim = read_pair(format!("test:{password}")).unwrap();
            assert_eq!(claim.user(), b"test");
            assert_eq!(claim.password(), password.as_bytes());
        }
        assert_eq!(read_pair(b"\xff:\xfe").unwrap().user(), b"\xff");
    }

    #[test]
    fn anything_but_one_basic_header_is_no_claim() {
        for value in [
            "",
            "Basic",
            "Basic ",
            "BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "Basic\tQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "Basic  \tQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== x",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=x",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZR==",
            "Basic _-_-",
            "Basic QWxhZGRpbg==",
            "Basic OnBhc3N3b3Jk",
            "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "Digest username=\"Aladdin\"",
            "Aladdin:open sesame",
        ] {
            assert!(read(value).is_none(), "{value}");
        }
        assert!(Claim::read(&HeaderMap::new()).is_none());
    }

    #[test]
    fn two_authorization_headers_are_no_claim_even_when_equal() {
        let value = HeaderValue::from_static("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, value.clone());
        assert!(Claim::read(&headers).is_some());
        headers.append(AUTHORIZATION, value);
        assert!(Claim::read(&headers).is_none());
    }

    #[test]
    fn a_password_over_72_bytes_or_with_nul_is_no_claim() {
        assert!(read_pair(format!("u:{}", "x".repeat(72))).is_some());
        assert!(read_pair(format!("u:{}", "x".repeat(73))).is_none());
        assert!(read_pair("u:a\0b").is_none());
        assert!(read_pair("u:a\0").is_none());
    }

    #[test]
    fn the_user_is_bounded() {
        let password = "x".repeat(MAX_PASSWORD);
        assert!(read_pair(format!("{}:{password}", "u".repeat(MAX_USER))).is_some());
        assert!(read_pair(format!("{}:", "u".repeat(MAX_USER + 1))).is_none());
        assert!(read_pair(":password").is_none());
    }

    #[test]
    fn debug_shows_neither_user_nor_password() {
        assert_eq!(format!("{:?}", read_pair("someone:secret").unwrap()), "Claim { .. }");
    }

    proptest! {
        #[test]
        fn any_pair_that_is_read_is_read_as_it_was_sent(pair in any::<Vec<u8>>()) {
            if let Some(claim) = read_pair(&pair) {
                prop_assert!([claim.user(), claim.password()].join(&b':') == pair);
            }
        }

        #[test]
        fn no_header_makes_it_panic(value in "[bB]asic {0,2}[ -~]{0,40}") {
            drop(read(value));
        }
    }
}
