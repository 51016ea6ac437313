//! The credentials file: who may post, with which password, for which apps.
//!
//! A line is `user:HASH`, then optionally white space and the apps that the user may speak for:
//! each an `app_id`, separated by commas. Without them it may speak for every app.
//!
//! ```text
//! # one line for each live password
//! video:$2y$10$...                    as `htpasswd -nBC 10 video` writes it
//! video:$2y$10$... 555,556            a second password, while the first is on its way out
//! test:plain:secret                   not hashed; for tests and local use
//! ```
//!
//! HASH is bcrypt (`$2y$`, `$2a$`, `$2b$`) or `plain:SECRET`. Blank lines and lines that begin
//! with `#` are skipped; CRLF is tolerated.
//!
//! Promise: a file that parses can be enforced to the letter; anything else is refused with its
//! line number and what mends it. No error and no `Debug` shows a hash or a secret, nor any other
//! text of the file: what is in the wrong place may be a password.
//!
//! It does not read the file, and does not check passwords: that is the authenticator's.

use crate::webhook::auth::basic_auth::BASE64;
use crate::webhook::auth::bcrypt_hash::{BcryptHash, MAX_PASSWORD};
use crate::webhook::auth::credentials_error::{CredentialsError, LineFault};
use base64::Engine as _;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// The longest user in bytes: what `htpasswd` takes.
pub(crate) const MAX_USER: usize = 255;

/// Two live passwords are a rotation; a third would be one more hash for every wrong password.
const MAX_PASSWORDS_OF_A_USER: usize = 2;

/// The password in `config/credentials`.
const EXAMPLE: &str = "change-me";

/// What some other files want around a value, and this one does not.
const QUOTES: [char; 2] = ['"', '\''];

/// What else password files hold, by how it begins: none of it is worth a check of our own when
/// `htpasswd` writes bcrypt as easily.
const UNSUPPORTED: [(&str, &str); 9] = [
    ("$apr1$", "`$apr1$` (MD5) hashes"),
    ("$1$", "`$1$` (MD5) hashes"),
    ("$5$", "`$5$` (SHA-256) hashes"),
    ("$6$", "`$6$` (SHA-512) hashes"),
    ("$y$", "`$y$` (yescrypt) hashes"),
    ("$argon2", "`$argon2` hashes"),
    ("$2", "bcrypt hashes other than `$2y$`, `$2a$` and `$2b$`"),
    ("$", "hashes of this kind"),
    ("{", "`{SHA}` and kindred hashes"),
];

/// The parsed file: at least one user.
#[derive(Debug)]
pub struct Credentials {
    lines: Vec<CredentialLine>,
    users: usize,
}

/// One live password of a user.
#[derive(Debug)]
pub(crate) struct CredentialLine {
    pub(crate) user: Arc<User>,
    pub(crate) secret: Secret,
}

/// What a password is checked against.
pub(crate) enum Secret {
    Bcrypt(BcryptHash),
    Plain(Zeroizing<String>),
}

/// A user, and what the password at hand lets it do. The user's other line may allow something
/// else.
#[derive(Debug)]
pub struct User {
    name: Arc<str>,
    apps: Option<HashSet<Box<str>>>,
    /// When a post last came with this password, in seconds of Unix time; 0: never.
    last_used: AtomicU64,
}

impl Credentials {
    /// Parses the text of a credentials file.
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let mut lines = Vec::new();
        let mut passwords = HashMap::<Arc<str>, usize>::new();
        for (index, text) in text.lines().enumerate() {
            let text = text.trim_matches([' ', '\t', '\r']);
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let at = |fault| CredentialsError::CredentialLine { line: index + 1, fault };
            let line = CredentialLine::parse(text).map_err(at)?;
            let count = passwords.entry(line.user.name.clone()).or_default();
            *count += 1;
            if *count > MAX_PASSWORDS_OF_A_USER {
                return Err(at(LineFault::ThirdPassword));
            }
            lines.push(line);
        }
        let users = passwords.len();
        if users == 0 { Err(CredentialsError::NoUser) } else { Ok(Self { lines, users }) }
    }

    /// How many users may post; a user with two passwords is one.
    pub fn users(&self) -> usize {
        self.users
    }

    /// How many live passwords there are.
    pub fn passwords(&self) -> usize {
        self.lines.len()
    }

    /// The users whose password is the one of the shipped example, which everybody knows.
    pub fn users_of_the_example(&self) -> impl Iterator<Item = &str> {
        let known = |line: &&CredentialLine| match &line.secret {
            Secret::Plain(secret) => secret.as_str() == EXAMPLE,
            // That would take as long as a check does.
            Secret::Bcrypt(_) => false,
        };
        self.lines.iter().filter(known).map(|line| line.user.name())
    }

    /// The lines in the order of the file.
    pub(crate) fn lines(&self) -> &[CredentialLine] {
        &self.lines
    }

    /// The same, to be kept.
    pub(crate) fn into_lines(self) -> Vec<CredentialLine> {
        self.lines
    }
}

impl CredentialLine {
    fn parse(text: &str) -> Result<Self, LineFault> {
        if text.chars().any(|char| char.is_control() && char != '\t') {
            return Err(LineFault::ControlCharacter);
        }
        let (name, rest) = text.split_once(':').ok_or(LineFault::Incomplete)?;
        if name.starts_with(QUOTES) {
            return Err(LineFault::Quoted);
        }
        let bounded = (1..=MAX_USER).contains(&name.len());
        if !bounded || name.contains(char::is_whitespace) {
            return Err(LineFault::User);
        }
        let (secret, apps) = match rest.split_once([' ', '\t']) {
            Some((secret, apps)) => (secret, Some(apps.trim_start())),
            None => (rest, None),
        };
        let secret = Secret::parse(secret)?;
        let apps = apps.map(parse_apps).transpose()?;
        let user = User { name: name.into(), apps, last_used: AtomicU64::new(0) };
        Ok(Self { user: Arc::new(user), secret })
    }
}

/// A comment is refused rather than taken for an app: a user bound to an app that does not exist
/// is a riddle for the operator.
fn parse_apps(text: &str) -> Result<HashSet<Box<str>>, LineFault> {
    let faulty = text.contains([' ', '\t']) || text.starts_with('#');
    if faulty || text.split(',').any(str::is_empty) {
        return Err(LineFault::Apps);
    }
    Ok(text.split(',').map(Box::from).collect())
}

impl Secret {
    fn parse(text: &str) -> Result<Self, LineFault> {
        if text.is_empty() {
            return Err(LineFault::Incomplete);
        }
        if let Some(secret) = text.strip_prefix("plain:") {
            let bounded = (1..=MAX_PASSWORD).contains(&secret.len());
            let plain = || Self::Plain(Zeroizing::new(secret.to_owned()));
            return bounded.then(plain).ok_or(LineFault::PlainSecret);
        }
        if BcryptHash::announces(text) {
            return Ok(Self::Bcrypt(BcryptHash::parse(text)?));
        }
        if let Some(disguise) = disguise(text) {
            return Err(disguise);
        }
        let kind = UNSUPPORTED.iter().find(|(prefix, _)| text.starts_with(prefix));
        Err(kind.map_or(LineFault::Unhashed, |(_, kind)| LineFault::Unsupported(kind)))
    }
}

/// What a text is that would be a bcrypt hash, had a file or a shell of another kind not asked for
/// more.
fn disguise(text: &str) -> Option<LineFault> {
    let is_hash = |text: &str| BcryptHash::announces(text);
    if text.starts_with(QUOTES) {
        return Some(LineFault::Quoted);
    }
    if is_hash(&text.replace("$$", "$")) {
        return Some(LineFault::DoubledDollar);
    }
    if is_hash(&text.replace("\\$", "$")) {
        return Some(LineFault::EscapedDollar);
    }
    let decoded = Zeroizing::new(BASE64.decode(text).ok()?);
    str::from_utf8(&decoded).is_ok_and(is_hash).then_some(LineFault::Base64)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bcrypt(hash) => hash.fmt(f),
            Self::Plain(_) => f.write_str("Plain(..)"),
        }
    }
}

impl User {
    /// The user as the file names it: not secret, fit for logs and record headers.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, to be kept.
    pub fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Whether a notification with this `app_id` may come from this user; compared byte by byte.
    pub fn may_speak_for(&self, app_id: &str) -> bool {
        self.apps.as_ref().is_none_or(|apps| apps.contains(app_id))
    }

    /// A post has come with the password.
    pub(crate) fn was_used(&self) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // Written once a second, so that the event loops do not take its cache line from each other.
        if self.last_used.load(Ordering::Relaxed) != now.as_secs() {
            self.last_used.store(now.as_secs(), Ordering::Relaxed);
        }
    }

    /// When a post last came with the password, to the second.
    pub(crate) fn last_used(&self) -> Option<SystemTime> {
        let seconds = self.last_used.load(Ordering::Relaxed);
        (seconds > 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    /// Takes over what another state of the file knew of the same password.
    pub(crate) fn carry_on(&self, before: &Self) {
        self.last_used.store(before.last_used.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
