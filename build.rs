//! Tells the program its commit: `HOOKBRIDGE_COMMIT` where that is set, else git's HEAD.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=HOOKBRIDGE_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    // Moves with each commit; none outside a checkout.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    let given = std::env::var("HOOKBRIDGE_COMMIT").ok().filter(|commit| !commit.is_empty());
    let head = || git(&["rev-parse", "--short=12", "HEAD"]);
    let commit = given.or_else(head).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=HOOKBRIDGE_COMMIT={commit}");
}

fn git(question: &[&str]) -> Option<String> {
    let git = Command::new("git").args(question).output().ok()?;
    let answer = String::from_utf8(git.stdout).ok()?;
    git.status.success().then(|| answer.trim().to_owned())
}
