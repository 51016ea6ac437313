//! `hookbridge credential`: a line for the credentials file.
//!
//! Promise: stdout gets the line and nothing else, and only one that `serve` takes. The password is
//! typed twice without echo, or is the first line of stdin; it is never on a command line, and is
//! wiped. One that is made up is told on stderr, once.

mod password;
mod prompt;

use crate::args::credential::CredentialArgs;
use crate::cli::Failure;
use crate::cli::credential::password::{PasswordFault, accept, generate};
use crate::cli::credential::prompt::{PromptError, ask};
use crate::cli::screen::Screen;
use crate::cli::stderr::Stderr;
use crate::webhook::auth::bcrypt_hash::BcryptHash;
use crate::webhook::auth::credentials::Credentials;
use crate::webhook::auth::credentials_error::{CredentialsError, LineFault};
use std::io::{self, Write as _};
use zeroize::Zeroizing;

/// In the place of a secret that is not there yet.
const ANY: &str = "plain:x";

#[derive(Debug, thiserror::Error)]
enum CredentialError {
    #[error("the user holds a colon, which ends it in the file and in HTTP Basic (RFC 7617)")]
    Colon,
    #[error("the user begins with #, which begins a comment in the file")]
    Comment,
    #[error("{0}")]
    Line(LineFault),
    #[error(transparent)]
    Password(#[from] PasswordFault),
    #[error(transparent)]
    Prompt(#[from] PromptError),
    #[error("cannot make the hash: {0}")]
    Hash(String),
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    #[error("cannot tell the password on standard error")]
    Tell(#[source] io::Error),
}

impl CredentialError {
    fn into_failure(self) -> Failure {
        match self {
            Self::Colon | Self::Comment | Self::Line(_) => Failure::of_configuration(self),
            Self::Password(_)
            | Self::Prompt(_)
            | Self::Hash(_)
            | Self::Output(_)
            | Self::Tell(_) => Failure::at_work(self),
        }
    }
}

/// Prints the line.
pub fn run(args: &CredentialArgs, stderr: &Stderr) -> Result<(), Failure> {
    credential(args, stderr).map_err(CredentialError::into_failure)
}

fn credential(args: &CredentialArgs, stderr: &Stderr) -> Result<(), CredentialError> {
    // Before anybody types a password in vain.
    checked(args, ANY)?;
    let password = if args.generate { generate() } else { accept(&ask(&args.user, stderr)?)? };
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).expect("the kernel gives random bytes to every process");
    let hash = BcryptHash::text_of_new(password.as_bytes(), salt)
        .map_err(|error| CredentialError::Hash(error.to_string()))?;
    let line = checked(args, &hash)?;
    let mut screen = Screen::new();
    screen.print(&format!("{line}\n"));
    screen.end().map_err(CredentialError::Output)?;
    if args.generate {
        stderr.end();
        tell(&args.user, &password).map_err(CredentialError::Tell)?;
    }
    Ok(())
}

/// Writes it as it is: no buffer keeps it.
fn tell(user: &str, password: &Zeroizing<String>) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "the password of {user} is ")?;
    stderr.write_all(password.as_bytes())?;
    stderr.write_all(b"\n")
}

/// Whether the bridge takes the line that has this secret in it; gives the line.
fn checked(args: &CredentialArgs, secret: &str) -> Result<String, CredentialError> {
    let CredentialArgs { user, app_ids, .. } = args;
    if user.contains(':') {
        return Err(CredentialError::Colon);
    }
    if app_ids.iter().any(String::is_empty) {
        // A line without any would speak for all of them.
        return Err(CredentialError::Line(LineFault::Apps));
    }
    let apps = if app_ids.is_empty() { String::new() } else { format!(" {}", app_ids.join(",")) };
    let line = format!("{user}:{secret}{apps}");
    match Credentials::parse(&line) {
        Ok(_) => Ok(line),
        Err(CredentialsError::NoUser) => Err(CredentialError::Comment),
        Err(CredentialsError::CredentialLine { fault, .. }) => Err(CredentialError::Line(fault)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(user: &str, app_ids: &[&str]) -> String {
        let app_ids = app_ids.iter().map(|&app_id| app_id.to_owned()).collect();
        let args = CredentialArgs { user: user.to_owned(), app_ids, generate: true };
        checked(&args, ANY).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn what_the_bridge_would_not_take_is_refused_with_the_reason() {
        assert_eq!(fault("video", &["555", "556"]), "");
        for (user, app_ids, said) in [
            ("a:b", &[][..], "holds a colon"),
            ("a:plain", &[], "holds a colon"),
            ("#a", &[], "begins a comment"),
            ("", &[], "the user is empty"),
            ("a b", &[], "white space"),
            ("a\n", &[], "white space"),
            ("a", &["5 6"], "one list like"),
            ("a", &["5", ""], "one list like"),
            ("a", &[""], "one list like"),
        ] {
            let fault = fault(user, app_ids);
            assert!(fault.contains(said), "{user:?} {app_ids:?}: {fault}");
        }
    }
}
