//! `probe`, `credential`, `completions` and `man`: the real binary, its text and its exit code.

mod credential;
mod generated;
mod probe;

use crate::support::HOOKBRIDGE;
use crate::support::tool::Ran;
use std::io::Write as _;
use std::process::{Command, Stdio};
use testkit::children;

/// The binary with these arguments; nothing of the environment's own gets through.
fn hookbridge(args: &[&str]) -> Command {
    let mut command = Command::new(HOOKBRIDGE.path());
    command.args(args);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOOKBRIDGE_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it to its end, with this on its stdin.
#[track_caller]
fn run(command: &mut Command, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = children::spawn(command).unwrap();
    // Fails where it had no need to read and has ended.
    drop(child.stdin.take().expect("stdin is a pipe").write_all(input.as_bytes()));
    Ran::from(child.wait_with_output().unwrap())
}
