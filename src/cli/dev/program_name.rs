//! How this program is named in a line that is pasted into a shell.
//!
//! Promise: the line starts this program, whatever folder the shell is in. A name that the shell has
//! found by itself stays as it was typed; every other is the path of the file, in quotes where it needs
//! them.

use std::env;
use std::ffi::OsStr;
use std::path::Path;

/// Where the file cannot be told.
const FALLBACK: &str = "hookbridge";

/// The name of the program that runs.
pub(super) fn program_name() -> String {
    named(env::args_os().next().as_deref(), env::current_exe().ok().as_deref())
}

fn named(typed: Option<&OsStr>, file: Option<&Path>) -> String {
    let is_searched = |name: &&str| !name.is_empty() && !name.contains('/');
    let searched = typed.and_then(OsStr::to_str).filter(is_searched);
    let name = searched.or(file.and_then(Path::to_str)).unwrap_or(FALLBACK);
    quoted(name)
}

/// As POSIX shells read it back.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@:%".contains(c);
    if text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_searched_stays_and_a_path_is_whole() {
        for (typed, file, name) in [
            (Some("hookbridge"), Some("/usr/bin/hookbridge"), "hookbridge"),
            (
                Some("target/release/hookbridge"),
                Some("/src/target/release/hookbridge"),
                "/src/target/release/hookbridge",
            ),
            (Some("./h"), Some("/my own/it's"), r"'/my own/it'\''s'"),
            (None, None, "hookbridge"),
        ] {
            assert_eq!(named(typed.map(OsStr::new), file.map(Path::new)), name);
        }
    }
}
