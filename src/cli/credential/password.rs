//! A password that a sender can present, and that bcrypt takes whole.
//!
//! Promise: no error shows it.

use crate::webhook::auth::bcrypt_hash::MAX_PASSWORD;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use zeroize::Zeroizing;

/// Random bytes of one that is made up: 144 bits, which are 24 letters.
const RANDOM: usize = 18;

/// Why a password cannot be one.
#[derive(Debug, thiserror::Error)]
pub(super) enum PasswordFault {
    #[error("the password is empty: type one, pipe one, or have one made by --generate")]
    Empty,
    #[error(
        "the password has {0} bytes, and bcrypt ignores what follows the {MAX_PASSWORD}nd: choose a shorter one"
    )]
    Long(usize),
    #[error("the password holds a control character, which HTTP Basic does not carry (RFC 7617)")]
    Control,
    #[error("the password is not UTF-8")]
    Encoding,
}

/// Takes what was typed or piped.
pub(super) fn accept(typed: &[u8]) -> Result<Zeroizing<String>, PasswordFault> {
    let text = str::from_utf8(typed).map_err(|_| PasswordFault::Encoding)?;
    match text.len() {
        0 => Err(PasswordFault::Empty),
        1..=MAX_PASSWORD if text.chars().any(char::is_control) => Err(PasswordFault::Control),
        1..=MAX_PASSWORD => Ok(Zeroizing::new(text.to_owned())),
        long => Err(PasswordFault::Long(long)),
    }
}

/// Makes one up that needs no quotes anywhere.
pub(super) fn generate() -> Zeroizing<String> {
    let mut random = Zeroizing::new([0; RANDOM]);
    getrandom::fill(&mut *random).expect("the kernel gives random bytes to every process");
    Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_password_is_the_longest_that_bcrypt_reads() {
        let accepted = |text: &str| accept(text.as_bytes()).is_ok();
        assert!(accepted(&"x".repeat(72)) && accepted("pass word:☃"));
        assert!(!accepted(&"x".repeat(73)) && !accepted(&"☃".repeat(25)));
        assert!(!accepted("") && !accepted("a\tb") && !accepted("a\0b"));
        assert!(accept(&[0xff]).is_err());
    }

    #[test]
    fn two_that_are_made_up_differ() {
        assert_eq!(generate().len(), 24);
        assert_ne!(generate(), generate());
    }
}
