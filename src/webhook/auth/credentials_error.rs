//! Why a credentials file was refused, and what mends it.
//!
//! Promise: every text says how to go on, and none holds text of the file: what is in the
//! wrong place may be a password.
//!
//! It does not name the file; that is for whoever read it.

use crate::webhook::auth::bcrypt_hash::{BcryptFault, MAX_PASSWORD};
use crate::webhook::auth::credentials::MAX_USER;

/// Why a credentials file was refused: its first fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// Nobody could post.
    #[error("the file names no user; write a line with `htpasswd -nBC 10 user`")]
    NoUser,
    /// A line cannot be enforced as it is.
    #[error("line {line}: {fault}")]
    CredentialLine {
        /// Counted from 1, comments and blank lines included.
        line: usize,
        /// What is wrong there.
        fault: LineFault,
    },
}

/// What is wrong with a line, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// RFC 7617 forbids them in users and passwords; in a file they are damage.
    #[error("it holds a control character")]
    ControlCharacter,
    /// No colon, or nothing behind it.
    #[error(
        "a line is `user:HASH`, without white space around the colon; write it with \
         `htpasswd -nBC 10 user`"
    )]
    Incomplete,
    /// A user that no request can present.
    #[error("the user is empty, over {MAX_USER} bytes, or has white space in it")]
    User,
    /// The hash, or the whole line, as other files want it.
    #[error("it is in quotes, which would be a part of it; take them away")]
    Quoted,
    /// As a Compose file wants it.
    #[error("every `$` of the hash is doubled, as in a Compose file; write each once")]
    DoubledDollar,
    /// As a shell wants it.
    #[error("every `$` of the hash has a backslash, as for a shell; take them away")]
    EscapedDollar,
    /// As early versions of Caddy wanted it.
    #[error("it is the base64 of a bcrypt hash; decode it (`base64 -d`)")]
    Base64,
    /// A user with more live passwords than a rotation needs.
    #[error("this user has two lines above; remove a password that is out of use")]
    ThirdPassword,
    /// A `plain:` secret that no request can present, or that everybody could.
    #[error("the secret behind `plain:` is empty or over {MAX_PASSWORD} bytes")]
    PlainSecret,
    /// A bcrypt hash that cannot or should not be checked.
    #[error(transparent)]
    Bcrypt(#[from] BcryptFault),
    /// A hash of another kind, which is named.
    #[error("{0} are not supported; write the line anew with `htpasswd -nBC 10 user`")]
    Unsupported(&'static str),
    /// Text without a mark of any hash.
    #[error(
        "neither a bcrypt hash nor `plain:SECRET` (crypt(3) and unhashed text are not supported); \
         write the line anew with `htpasswd -nBC 10 user`"
    )]
    Unhashed,
    /// A list of apps that may not mean what it seems to.
    #[error(
        "the app_ids are one list like `555,556`: no empty entry, no white space, no comment \
         behind it"
    )]
    Apps,
}
