//! Files that may hold secrets: credentials, and properties of Kafka.
//!
//! Promise: one that everybody can read is warned about. What is in it is not looked at.

use crate::config::ConfigError;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::{fs, io};

/// The right of everybody to read a file.
const OTHERS_READ: u32 = 0o004;

/// Reads a file that may hold secrets, and warns where everybody can.
pub(super) fn secret_file(flag: &str, file: &Path) -> Result<String, ConfigError> {
    let fail =
        |error: io::Error| ConfigError::new(format_args!("{flag} {}", file.display()), error);
    let text = fs::read_to_string(file).map_err(fail)?;
    let mode = fs::metadata(file).map_err(fail)?.permissions().mode();
    if mode & OTHERS_READ != 0 {
        tracing::warn!(file = %file.display(), "every user of this machine can read the secrets in this file");
    }
    // What some editors begin a file with is no part of its first line.
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}
