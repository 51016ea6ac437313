//! Tells the program its commit: `HOOKBRIDGE_COMMIT` where that is set, else git's HEAD.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=HOOKBRIDGE_COMMIT");
    println!("cargo::rerun-if-changed=src/build.rs");
    // Moves with each commit; absent outside a checkout.
    if std::fs::exists(".git/logs/HEAD").unwrap_or(false) {
        println!("cargo::rerun-if-changed=.git/logs/HEAD");
    }
    let given = std::env::var("HOOKBRIDGE_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(head).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=HOOKBRIDGE_COMMIT={commit}");
}

fn head() -> Option<String> {
    let git = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(git.stdout).ok()?;
    git.status.success().then(|| commit.trim().to_owned())
}
