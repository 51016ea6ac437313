//! An error and its causes, in one line, for a log or a terminal.

use std::error::Error;
use std::fmt::Write as _;

/// Each level says its own part alone; together they say the whole.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, ": {error}").expect("a String takes all text");
        cause = error.source();
    }
    text
}
