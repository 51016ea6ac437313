//! Tools of others in Python, fetched from PyPI.

use crate::children::done;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes a virtual environment there with these packages, and gives the folder of its commands.
#[track_caller]
pub fn venv(folder: &Path, packages: &[&str]) -> PathBuf {
    done(Command::new("python3").args(["-m", "venv"]).arg(folder));
    let bin = folder.join("bin");
    done(Command::new(bin.join("pip")).args(["install", "--quiet"]).args(packages));
    bin
}
