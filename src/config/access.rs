//! Who may post: the file of `--credentials`, or `--no-auth`.
//!
//! Promise: one of both, never neither. It hashes nothing.

use crate::args::serve::ServeArgs;
use crate::config::ConfigError;
use crate::config::secret_file::secret_file;
use crate::webhook::auth::authenticator::Authenticator;
use crate::webhook::auth::credentials::Credentials;
use crate::webhook::ingest::Authentication;
use std::sync::Arc;

/// Also how many users there are, where it is restricted.
pub(super) fn access(args: &ServeArgs) -> Result<(Authentication, Option<usize>), ConfigError> {
    match (&args.credentials, args.no_auth) {
        (Some(file), false) => {
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
            let users = Some(credentials.users());
            Ok((Authentication::Restricted(Arc::new(Authenticator::new(credentials))), users))
        }
        (None, true) => Ok((Authentication::Open, None)),
        (Some(_), true) => {
            Err(ConfigError::new("--no-auth", "cannot be used together with --credentials"))
        }
        (None, false) => Err(ConfigError::new(
            "--credentials",
            "name the file of those who may post, or say --no-auth",
        )),
    }
}
