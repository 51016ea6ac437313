//! promtool: what Prometheus itself says of the files and the texts that are meant for it.

use crate::children;
use crate::kafka::REQUIRE;
use crate::say_skipped;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// What it says to these arguments and this input. `None` where there is no promtool, said under the
/// name of `test`, which [`here!`](crate::here) gives.
pub fn promtool(test: &str, args: &[&str], input: &str) -> Option<Output> {
    let mut promtool = Command::new("promtool");
    promtool.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match children::spawn(&mut promtool) {
        Ok(child) => child,
        Err(error) => {
            let required = std::env::var_os(REQUIRE).is_some();
            assert!(!required, "promtool is needed where nothing may be skipped: {error}");
            say_skipped(test, "promtool is needed, of Debian's package prometheus");
            return None;
        }
    };
    // Fails where it had no need to read and has ended.
    drop(child.stdin.take().expect("stdin is a pipe").write_all(input.as_bytes()));
    Some(child.wait_with_output().unwrap())
}
