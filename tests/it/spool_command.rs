//! `hookbridge spool`: the real binary on a real disk, on what the library or a killed bridge left.

mod drain;
mod export;
mod list;
mod many;
mod requeue;
mod retopic;

use crate::support::HOOKBRIDGE;
use crate::support::spool::SpoolFolder;
use crate::support::tool::Ran;
use std::process::{Command, Stdio};
use testkit::children;

const TOPIC: &str = "events";

/// The command with these arguments; nothing of the environment's own gets through.
fn spool(args: &[&str]) -> Command {
    let mut command = Command::new(HOOKBRIDGE.path());
    command.arg("spool").args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOOKBRIDGE_") {
            command.env_remove(name);
        }
    }
    command
}

/// A command on this folder, run to its end.
#[track_caller]
pub(crate) fn run(folder: &SpoolFolder, command: &str, flags: &[&str]) -> Ran {
    let args = [&[command, "--spool", folder.dir()], flags].concat();
    Ran::from(children::output(&mut spool(&args)).unwrap())
}

/// Flips a bit of each record with this text, in whatever segment it is.
#[track_caller]
fn damage(folder: &SpoolFolder, text: &str) {
    let mut flipped = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let file = entry.unwrap().path();
        let mut bytes = std::fs::read(&file).unwrap();
        let places: Vec<usize> =
            (0..bytes.len()).filter(|at| bytes[*at..].starts_with(text.as_bytes())).collect();
        flipped += places.len();
        for at in places {
            bytes[at + 2] ^= 4;
        }
        std::fs::write(&file, bytes).unwrap();
    }
    assert!(flipped > 0, "{text} is in no file");
}

#[test]
fn a_folder_without_a_spool_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for dir in [folder.path(), &missing] {
        for command in ["list", "export", "requeue", "drain"] {
            let mut command = spool(&[command]);
            command.env("HOOKBRIDGE_SPOOL", dir).env("HOOKBRIDGE_BROKERS", "127.0.0.1:1");
            let said = Ran::from(children::output(&mut command).unwrap()).complaint(2);

            let none = format!("hookbridge: there is no spool in {}: name ", dir.display());
            assert!(said.starts_with(&none), "{said}");
        }
    }
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing was made");
}
