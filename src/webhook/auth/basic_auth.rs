//! What a request's `Authorization` header presents: a user and a password, decoded, not believed.
//!
//! Promise: a [`BasicAuth`] came from exactly one well-formed Basic header and is within the bounds
//! of what the credentials file can hold; its bytes are wiped when it goes.
//!
//! It does not know who exists, and does not say why a header is refused: outside there is one
//! answer for missing, malformed and wrong.

use crate::webhook::auth::bcrypt_hash::MAX_PASSWORD;
use crate::webhook::auth::credentials::MAX_USER;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::fmt;
use zeroize::Zeroizing;

/// RFC 7617 wants the padding and some senders and tools leave it out; nothing is ambiguous without it.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// No longer token can decode to a pair within the bounds, so that none is decoded or kept.
const MAX_TOKEN: usize = (MAX_USER + 1 + MAX_PASSWORD).div_ceil(3) * 4;

/// As much of a token as holds the longest user of a file, and its colon.
const USER_TOKEN: usize = (MAX_USER + 1).div_ceil(3) * 4;

/// What the `Authorization` header of a request holds.
#[derive(Debug)]
pub(crate) enum Authorization {
    /// A user and a password.
    Pair(BasicAuth),
    /// A user, and a password of more bytes than bcrypt looks at. Programs that write hashes cut it
    /// without a word, so that it may well be the one that the line was made of.
    LongPassword(LongPassword),
    /// Nothing that could be good.
    Nothing,
}

/// The user of a pair whose password is too long; perhaps not UTF-8.
pub(crate) struct LongPassword(Zeroizing<Vec<u8>>);

/// A user and a password as one request presents them (RFC 7617, section 2).
pub struct BasicAuth {
    pair: Zeroizing<Vec<u8>>,
    colon: usize,
}

impl BasicAuth {
    /// Reads the pair of a request: one `Authorization` header (more than one has no meaning in
    /// RFC 7235, and a proxy before us may have looked at the other), scheme `Basic` in any case,
    /// spaces, base64 of `user:password`. The user ends at the first colon.
    ///
    /// A password that bcrypt would cut (over 72 bytes) or end early (NUL) is refused. Of one that is
    /// much longer no more is decoded than the user needs.
    pub(crate) fn read(headers: &HeaderMap) -> Authorization {
        Self::read_basic(headers).unwrap_or(Authorization::Nothing)
    }

    fn read_basic(headers: &HeaderMap) -> Option<Authorization> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let token = basic_token(value.as_bytes())?;
        let is_whole = token.len() <= MAX_TOKEN;
        let decoded = if is_whole { token } else { &token[..USER_TOKEN] };
        let mut pair = Zeroizing::new(BASE64.decode(decoded).ok()?);
        let colon = pair.iter().position(|&byte| byte == b':')?;
        if !(1..=MAX_USER).contains(&colon) {
            return None;
        }
        if !is_whole || pair.len() - colon - 1 > MAX_PASSWORD {
            pair.truncate(colon);
            return Some(Authorization::LongPassword(LongPassword(pair)));
        }
        (!pair.contains(&0)).then_some(Authorization::Pair(Self { pair, colon }))
    }

    /// The user that is presented, perhaps not UTF-8.
    pub(crate) fn user(&self) -> &[u8] {
        &self.pair[..self.colon]
    }

    /// The password that is presented: at most [`MAX_PASSWORD`] bytes, none of them NUL.
    pub(crate) fn password(&self) -> &[u8] {
        &self.pair[self.colon + 1..]
    }

    /// `user:password` as it was sent.
    pub(crate) fn pair(&self) -> &[u8] {
        &self.pair
    }
}

impl LongPassword {
    /// The user that is presented, perhaps not UTF-8.
    pub(crate) fn user(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for LongPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongPassword").finish_non_exhaustive()
    }
}

impl fmt::Debug for BasicAuth {
    /// Not even the user: people do type their password into the wrong field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicAuth").finish_non_exhaustive()
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
mod tests;
