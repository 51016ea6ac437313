//! The credentials file: who may post, with which password, for which apps.
//!
//! A line is `user:HASH`, then optionally white space and the apps that the user may speak for:
//! each an `app_id`, separated by commas. Without them it may speak for every app.
//!
//! ```text
//! # one line for each live password
//! video:$2y$10$...                    as `htpasswd -nB video` writes it
//! video:$2y$10$... 555,556            a second password, while the first is on its way out
//! test:plain:secret                   not hashed; for tests and local use
//! ```
//!
//! HASH is bcrypt (`$2y$`, `$2a$`, `$2b$`) or `plain:SECRET`. Blank lines and lines that begin
//! with `#` are skipped; a byte order mark and CRLF are tolerated.
//!
//! Promises: a file that parses can be enforced to the letter; anything else is refused with its
//! line number and what mends it. No error and no `Debug` shows a hash or a secret, nor any other
//! text of the file: what stands in the wrong place may be a password.
//!
//! Does not read the file, and does not check passwords: that is the authenticator's.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::webhook::bcrypt_hash::{BcryptHash, MAX_PASSWORD};
use crate::webhook::credentials_error::{CredentialsError, LineFault};

/// The longest user in bytes: what `htpasswd` takes.
pub(crate) const MAX_USER: usize = 255;

/// Two live passwords are a rotation; a third would be one more hash for every wrong password.
const MAX_PASSWORDS_OF_A_USER: usize = 2;

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
    lines: Vec<Line>,
    users: usize,
}

/// One live password of a user.
#[derive(Debug)]
pub(crate) struct Line {
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
}

impl Credentials {
    /// Parses the text of a credentials file.
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let mut lines = Vec::new();
        let mut passwords = HashMap::<Arc<str>, usize>::new();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, text) in text.lines().enumerate() {
            let text = text.trim_matches([' ', '\t', '\r']);
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let at = |fault| CredentialsError::Line { line: index + 1, fault };
            let line = Line::parse(text).map_err(at)?;
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

    /// The lines in the order of the file.
    pub(crate) fn into_lines(self) -> Vec<Line> {
        self.lines
    }
}

impl Line {
    fn parse(text: &str) -> Result<Self, LineFault> {
        if text.chars().any(|char| char.is_control() && char != '\t') {
            return Err(LineFault::ControlCharacter);
        }
        let (name, rest) = text.split_once(':').ok_or(LineFault::Incomplete)?;
        let bounded = (1..=MAX_USER).contains(&name.len());
        if !bounded || name.trim_end() != name || name.contains('\t') {
            return Err(LineFault::User);
        }
        let (secret, apps) = match rest.split_once([' ', '\t']) {
            Some((secret, apps)) => (secret, Some(apps.trim_start())),
            None => (rest, None),
        };
        let secret = Secret::parse(secret)?;
        let apps = apps.map(parse_apps).transpose()?;
        Ok(Self { user: Arc::new(User { name: name.into(), apps }), secret })
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
        let kind = UNSUPPORTED.iter().find(|(prefix, _)| text.starts_with(prefix));
        Err(kind.map_or(LineFault::Unhashed, |(_, kind)| LineFault::Unsupported(kind)))
    }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::bcrypt_hash::BcryptFault;

    const HASH: &str = "$2y$04$abcdefghijklmnopqrstuuVNvsIE4XrZdqzz2Nwuq7yOWE8bL0/Ly";

    #[test]
    fn comments_blank_lines_crlf_and_a_byte_order_mark_are_tolerated() {
        let file = format!("\u{feff}# who\r\n\r\n \t\r\n  a:{HASH}\r\n\tb b:plain:x:y \r\n#\r");
        let credentials = Credentials::parse(&file).unwrap();
        assert_eq!((credentials.users(), credentials.passwords()), (2, 2));
        assert_eq!(credentials.lines[1].user.name(), "b b");
        let Secret::Plain(secret) = &credentials.lines[1].secret else { panic!("plain") };
        assert_eq!(secret.as_str(), "x:y");
    }

    #[test]
    fn a_user_may_speak_for_the_apps_of_its_line_or_for_all() {
        let file = format!("some:{HASH} \t 555,Ünal\nall:{HASH}");
        let lines = Credentials::parse(&file).unwrap().into_lines();
        let [some, all] = [&lines[0].user, &lines[1].user];
        for app in ["555", "Ünal"] {
            assert!(some.may_speak_for(app) && all.may_speak_for(app));
        }
        for app in ["", "55", "5555", "ünal", "555,Ünal"] {
            assert!(!some.may_speak_for(app) && all.may_speak_for(app));
        }
    }

    #[test]
    fn a_user_may_stand_twice_but_not_three_times() {
        let twice = format!("user:{HASH}\nuser:{HASH}\nother:plain:x\n");
        let credentials = Credentials::parse(&twice).unwrap();
        assert_eq!((credentials.users(), credentials.passwords()), (2, 3));
        let error = Credentials::parse(&format!("{twice}user:plain:x")).unwrap_err();
        assert_eq!(error, CredentialsError::Line { line: 4, fault: LineFault::ThirdPassword });
    }

    #[test]
    fn a_file_without_a_user_is_refused() {
        for file in ["", "\u{feff}", "\n\r\n", "# user:plain:secret"] {
            assert_eq!(Credentials::parse(file).unwrap_err(), CredentialsError::NoUser);
        }
    }

    #[test]
    fn every_fault_is_found_in_its_line() {
        let long = "x".repeat(MAX_USER + 1);
        for (text, expected) in [
            ("user", LineFault::Incomplete),
            ("user:", LineFault::Incomplete),
            (&format!("user: {HASH}"), LineFault::Incomplete),
            (&format!(":{HASH}"), LineFault::User),
            (&format!("user :{HASH}"), LineFault::User),
            (&format!("a\tb:{HASH}"), LineFault::User),
            (&format!("{long}:{HASH}"), LineFault::User),
            (&format!("a\0:{HASH}"), LineFault::ControlCharacter),
            (&format!("a\u{85}:{HASH}"), LineFault::ControlCharacter),
            ("user:plain:a\rb", LineFault::ControlCharacter),
            ("user:plain:", LineFault::PlainSecret),
            ("user:plain: 555", LineFault::PlainSecret),
            (&format!("user:plain:{}", &long[..73]), LineFault::PlainSecret),
            (&format!("user:{}", &HASH[..59]), LineFault::Bcrypt(BcryptFault::Malformed)),
            (&format!("user:{HASH},555"), LineFault::Bcrypt(BcryptFault::Malformed)),
            (
                &format!("user:{}", HASH.replace("04", "31")),
                LineFault::Bcrypt(BcryptFault::Cost(31)),
            ),
            ("user:secret", LineFault::Unhashed),
            ("user:rqXexS6ZhobKA", LineFault::Unhashed),
            ("user:PLAIN:secret", LineFault::Unhashed),
            (&format!("user:{HASH} ,"), LineFault::Apps),
            (&format!("user:{HASH} 555,"), LineFault::Apps),
            (&format!("user:{HASH} 555,,556"), LineFault::Apps),
            (&format!("user:{HASH} 555, 556"), LineFault::Apps),
            (&format!("user:{HASH} 555 # why"), LineFault::Apps),
            (&format!("user:{HASH} #why"), LineFault::Apps),
        ] {
            let file = format!("# a comment\n\n{text}\nuser:{HASH}\n");
            let expected = CredentialsError::Line { line: 3, fault: expected };
            assert_eq!(Credentials::parse(&file).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn other_hashes_are_named_with_the_command_that_mends_the_line_and_are_not_shown() {
        for (hash, name) in [
            ("$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "`$apr1$` (MD5)"),
            ("{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "`{SHA}`"),
            ("$1$r31.....$HqJZimcKQFAMYayBlzkrA/", "`$1$` (MD5)"),
            ("$5$r31.....$HqJZimcKQFAMYayBlzkrA/", "`$5$` (SHA-256)"),
            ("$6$r31.....$HqJZimcKQFAMYayBlzkrA/", "`$6$` (SHA-512)"),
            ("$y$j9T$r31.....$HqJZimcKQFAMYayBlzk", "`$y$` (yescrypt)"),
            ("$argon2id$v=19$m=65536,t=2,p=1$r31.....", "`$argon2`"),
            ("$2x$04$r31.....HqJZimcKQFAMYayBlzkrA/", "other than `$2y$`"),
            ("$sha1$r31.....$HqJZimcKQFAMYayBlzkrA/", "of this kind"),
        ] {
            let error = Credentials::parse(&format!("user:{hash}")).unwrap_err().to_string();
            assert!(error.starts_with("line 1: ") && error.contains(name), "{error}");
            assert!(error.ends_with("write the line anew with `htpasswd -nB user`"), "{error}");
            assert!(!error.contains("r31") && !error.contains("2jmj7"), "{error}");
        }
    }
}
