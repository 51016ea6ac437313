//! Who posts: user and password, from a file or a variable.
//!
//! Promise: neither is shown in an error, and both are wiped once the header is made.

use crate::args::send::{SendArgs, USER};
use crate::config::ConfigError;
use crate::config::secret_file::secret_file;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::HeaderValue;
use std::env;
use zeroize::Zeroizing;

const USER_FILE: &str = "--user-file";
const NO_PAIR: &str = "expected one line, user:password";
const A_HASH: &str =
    "this is a line of the bridge's --credentials: expected the password itself, not its hash";

/// What bcrypt's hashes begin with.
const HASHES: [&str; 3] = ["$2y$", "$2a$", "$2b$"];

/// The `Authorization` header of each post (RFC 7617), if there is to be one.
pub(super) fn authorization(args: &SendArgs) -> Result<Option<HeaderValue>, ConfigError> {
    let (place, pair) = match (&args.user_file, env::var_os(USER)) {
        (Some(file), _) => {
            (format!("{USER_FILE} {}", file.display()), secret_file(USER_FILE, file)?)
        }
        (None, Some(pair)) => {
            let pair = pair.into_string().map_err(|_| ConfigError::new(USER, "is not UTF-8"))?;
            (USER.to_owned(), Zeroizing::new(pair))
        }
        (None, None) => return Ok(None),
    };
    header(&pair).map(Some).map_err(|why| ConfigError::new(place, why))
}

fn header(text: &str) -> Result<HeaderValue, &'static str> {
    let line = text.trim_end_matches(['\r', '\n']);
    let Some((user, password)) = line.split_once(':') else { return Err(NO_PAIR) };
    if user.is_empty() || line.contains(['\r', '\n']) {
        return Err(NO_PAIR);
    }
    if HASHES.iter().any(|hash| password.starts_with(hash)) {
        return Err(A_HASH);
    }
    let pair = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(line)));
    let mut header = HeaderValue::try_from(pair.as_str()).expect("base64 is ASCII");
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_pair_whatever_the_password_is() {
        for (line, pair) in [
            ("video:pass", "Basic dmlkZW86cGFzcw=="),
            ("video:pass\r\n", "Basic dmlkZW86cGFzcw=="),
            ("a: b:c ", "Basic YTogYjpjIA=="),
            ("a:", "Basic YTo="),
        ] {
            assert_eq!(header(line).unwrap(), pair);
        }
        for refused in ["", "video", ":pass", "a:b\nc:d", "video:$2y$10$abc"] {
            assert!(header(refused).is_err(), "{refused}");
        }
    }
}
