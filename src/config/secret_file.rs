//! Files that may hold secrets: credentials, and properties of Kafka.
//!
//! Promise: one that everybody can read is warned about; the text is wiped when it is dropped. What
//! is in it is not looked at, but for what some editors begin a file with, which is no part of its
//! first line.

use crate::config::ConfigError;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::{fs, io};
use zeroize::Zeroizing;

const BYTE_ORDER_MARK: char = '\u{feff}';
/// The right of everybody to read a file.
const OTHERS_READ: u32 = 0o004;

/// Reads a file that may hold secrets, and warns where everybody can.
pub fn secret_file(flag: &str, file: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let fail =
        |error: io::Error| ConfigError::new(format_args!("{flag} {}", file.display()), error);
    let mut text = Zeroizing::new(fs::read_to_string(file).map_err(fail)?);
    let mode = fs::metadata(file).map_err(fail)?.permissions().mode();
    if mode & OTHERS_READ != 0 {
        tracing::warn!(file = %file.display(), "every user of this machine can read the secrets in this file");
    }
    if text.starts_with(BYTE_ORDER_MARK) {
        text.remove(0);
    }
    Ok(text)
}
