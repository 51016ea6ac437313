//! One bcrypt hash of the credentials file.
//!
//! Promise: whatever [`BcryptHash::parse`] lets through can be checked, in bounded time; two
//! different passwords never match the same hash (no cut at 72 bytes, no NUL inside).
//!
//! It does not decide when, or on which thread, the slow work is done: that is the authenticator's.

use bcrypt::{BcryptError, HashParts, Version};
use std::fmt;
use std::hint::black_box;

/// The longest password in bytes: bcrypt ignores what follows the 72nd, so that a longer one
/// would be accepted for its beginning alone.
pub(crate) const MAX_PASSWORD: usize = 72;

/// bcrypt defines no cost below this one.
const MIN_COST: u32 = 4;

/// The highest cost taken, in powers of two: 2^15 rounds are about two seconds of one core, and
/// every wrong password costs them too.
const MAX_COST: u32 = 15;

/// Of a hash that is made here: about 74 ms of one core, as `htpasswd -C 10` makes it.
const NEW_COST: u32 = 10;

/// Versions of the same algorithm, named by who fixed which bug in the program that wrote
/// them. `$2x$` marks the hashes that a bug did spoil, so it is not among them.
const PREFIXES: [&str; 3] = ["$2y$", "$2a$", "$2b$"];

/// A well-formed bcrypt hash of a bearable cost, in its modular crypt form.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct BcryptHash {
    text: Box<str>,
    cost: u32,
}

/// Why a bcrypt hash was refused. Never holds the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BcryptFault {
    /// Not what bcrypt writes: length, alphabet or cost are wrong.
    #[error(
        "the bcrypt hash is damaged (60 characters, the cost two digits from 04 on); write the \
         line anew with `htpasswd -nBC 10 user`"
    )]
    Malformed,
    /// Every check, also of a wrong password, would take seconds.
    #[error(
        "a bcrypt cost of {0} is over {MAX_COST} and takes seconds for each check; write the line \
         anew with `htpasswd -nBC 10 user`"
    )]
    Cost(u32),
}

impl BcryptHash {
    /// The text of a new hash, as `htpasswd -B` writes it: slow by design. The salt is random; the
    /// password has at most [`MAX_PASSWORD`] bytes and no NUL.
    pub(crate) fn text_of_new(password: &[u8], salt: [u8; 16]) -> Result<String, BcryptError> {
        let parts = bcrypt::non_truncating_hash_with_salt(password, NEW_COST, salt)?;
        Ok(parts.format_for_version(Version::TwoY))
    }

    /// Whether a text announces itself as a bcrypt hash that we can check.
    pub(crate) fn announces(text: &str) -> bool {
        PREFIXES.iter().any(|prefix| text.starts_with(prefix))
    }

    /// Checks the form of a hash; the work itself is left for [`matches`](Self::matches).
    pub(crate) fn parse(text: &str) -> Result<Self, BcryptFault> {
        let parts: HashParts = text.parse().map_err(|_| BcryptFault::Malformed)?;
        // The parser takes `+5` for a number.
        let digits = text[4..6].bytes().all(|byte| byte.is_ascii_digit());
        let cost = parts.get_cost();
        if !digits || cost < MIN_COST || !Self::announces(text) {
            return Err(BcryptFault::Malformed);
        }
        if cost > MAX_COST {
            return Err(BcryptFault::Cost(cost));
        }
        Ok(Self { text: text.into(), cost })
    }

    /// The work of one check, in rounds of bcrypt's key schedule.
    pub(crate) fn rounds(&self) -> u32 {
        1 << self.cost
    }

    /// Whether this is the hash of the password: slow by design. The password has at most
    /// [`MAX_PASSWORD`] bytes and no NUL; the comparison at the end is constant-time.
    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        bcrypt::verify(password, &self.text).unwrap_or(false)
    }
}

impl fmt::Debug for BcryptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BcryptHash").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// Does the work of this many rounds for nothing, so that a refusal takes as long as another.
pub(crate) fn waste(rounds: u32, password: &[u8]) {
    for cost in costs_of(rounds) {
        // The optimiser must not see that nobody looks at the result.
        let _ = black_box(bcrypt::hash_with_salt(password, cost, [0; 16]));
    }
}

/// The costs whose rounds add up to exactly this number: its bits.
fn costs_of(rounds: u32) -> impl Iterator<Item = u32> {
    (MIN_COST..u32::BITS).filter(move |cost| rounds & (1 << cost) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with libxcrypt, another implementation than the one under test.
    const COLON: &str = "$04$abcdefghijklmnopqrstuuVNvsIE4XrZdqzz2Nwuq7yOWE8bL0/Ly";
    const UTF_8: &str = "$2y$04$abcdefghijklmnopqrstuuFmsCp7hwIkrgU2sATFRbstjjLtNr9O.";
    const LONGEST: &str = "$2y$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";

    #[test]
    fn hashes_of_another_implementation_match_only_their_passwords() {
        for (hash, password) in [
            (format!("$2y{COLON}"), "correct:horse"),
            (format!("$2a{COLON}"), "correct:horse"),
            (format!("$2b{COLON}"), "correct:horse"),
            (UTF_8.to_owned(), "pässwörd:☃"),
            (LONGEST.to_owned(), &"x".repeat(MAX_PASSWORD)),
            // The vectors of Openwall's crypt_blowfish.
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW".to_owned(), "U*U"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK".to_owned(), "U*U*"),
            ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a".to_owned(), "U*U*U"),
        ] {
            let hash = BcryptHash::parse(&hash).unwrap();
            assert!(hash.matches(password.as_bytes()), "{password}");
            assert!(!hash.matches(&password.as_bytes()[1..]), "{password}");
        }
    }

    #[test]
    fn what_bcrypt_does_not_write_is_malformed() {
        let good = format!("$2y{COLON}");
        for bad in [
            String::new(),
            "$2y$".to_owned(),
            good[..59].to_owned(),
            format!("{good}x"),
            good.replace("$2y$", "$2x$"),
            good.replace("$04$", "$03$"),
            good.replace("$04$", "$+4$"),
            good.replace("$04$", "$4x$"),
            good.replace("$04$", "$04."),
            good.replace("uuVN", "uu=N"),
            good.replace("uuVN", "uvVN"),
            good.replace("8bL0/Ly", "8bL0é"),
        ] {
            assert_eq!(BcryptHash::parse(&bad).unwrap_err(), BcryptFault::Malformed, "{bad}");
        }
    }

    #[test]
    fn the_cost_is_bounded() {
        let good = format!("$2y{COLON}");
        assert_eq!(BcryptHash::parse(&good.replace("$04$", "$15$")).unwrap().rounds(), 1 << 15);
        let costly = BcryptHash::parse(&good.replace("$04$", "$16$"));
        assert_eq!(costly.unwrap_err(), BcryptFault::Cost(16));
    }

    #[test]
    fn wasted_work_adds_up_to_the_rounds_asked_for() {
        for rounds in [0, 16, 48, 4096 + 1024, 1 << 16] {
            assert_eq!(costs_of(rounds).map(|cost| 1 << cost).sum::<u32>(), rounds);
        }
    }
}
