//! Who may post: the file of `--credentials`, or `--no-auth`.
//!
//! Promise: exactly one of the two. It hashes nothing.

use crate::args::serve::ServeArgs;
use crate::config::ConfigError;
use crate::config::reload::{PutInForce, Reloadable, Stamp};
use crate::config::secret_file::secret_file;
use crate::metrics::Reloaded;
use crate::webhook::auth::authenticator::Authenticator;
use crate::webhook::auth::credentials::Credentials;
use crate::webhook::ingest::Authentication;
use std::path::Path;
use std::slice;
use std::sync::Arc;

/// Who may post, and how that is read again.
pub(super) struct Access {
    pub(super) authentication: Authentication,
    /// How many users there are, where it is restricted.
    pub(super) users: Option<usize>,
    pub(super) reloadable: Option<Reloadable>,
}

/// Whether exactly one of the two was given.
pub(super) fn exactly_one(args: &ServeArgs) -> Result<(), ConfigError> {
    match (&args.credentials, args.no_auth) {
        (Some(_), false) | (None, true) => Ok(()),
        (Some(_), true) => {
            Err(ConfigError::new("--no-auth", "cannot be used together with --credentials"))
        }
        (None, false) => Err(ConfigError::new(
            "--credentials",
            "name the file of those who may post, or say --no-auth",
        )),
    }
}

pub(super) fn access(args: &ServeArgs) -> Result<Access, ConfigError> {
    exactly_one(args)?;
    match &args.credentials {
        Some(file) => {
            let first = Stamp::of(slice::from_ref(file));
            let credentials = read_credentials(file)?;
            let users = Some(credentials.users());
            let authenticator = Arc::new(Authenticator::new(credentials));
            let reloadable = Some(reloadable(file, first, &authenticator));
            let authentication = Authentication::Restricted(authenticator);
            Ok(Access { authentication, users, reloadable })
        }
        None => Ok(Access { authentication: Authentication::Open, users: None, reloadable: None }),
    }
}

/// How the file is read again, into the authenticator that is in use.
fn reloadable(file: &Path, first: Stamp, authenticator: &Arc<Authenticator>) -> Reloadable {
    let (path, authenticator) = (file.to_owned(), Arc::clone(authenticator));
    let read = move || {
        let (new, authenticator) = (read_credentials(&path)?, Arc::clone(&authenticator));
        Ok(Box::new(move || authenticator.replace(new)) as PutInForce)
    };
    Reloadable::new(Reloaded::Credentials, vec![file.to_owned()], first, read)
}

pub(super) fn read_credentials(file: &Path) -> Result<Credentials, ConfigError> {
    let text = secret_file("--credentials", file)?;
    let credentials = Credentials::parse(&text).map_err(|error| {
        ConfigError::new(format_args!("--credentials {}", file.display()), error)
    })?;
    for user in credentials.users_of_the_example() {
        tracing::warn!(
            user,
            file = %file.display(),
            "this user's password is the one of the shipped example, which everybody knows"
        );
    }
    Ok(credentials)
}
