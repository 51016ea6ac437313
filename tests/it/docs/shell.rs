//! A shell in which the pages' commands run: in the root of the repository, with programs and
//! folders of the test in the place of the reader's.

use crate::docs::page::Page;
use crate::support::HOOKBRIDGE;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use testkit::children;

/// See the module.
pub(super) struct Shell(TempDir);

/// What a command did.
pub(super) struct Said {
    pub(super) out: String,
    pub(super) err: String,
    pub(super) is_success: bool,
}

impl Shell {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        let shell = Self(folder);
        shell.program("hookbridge", &format!("exec {} \"$@\"", HOOKBRIDGE.path()));
        shell
    }

    /// Puts a script of this text before whatever else has its name.
    pub(super) fn program(&self, name: &str, script: &str) {
        let file = self.0.path().join("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
    }

    /// A path of the test's own.
    pub(super) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs it with nothing to read.
    pub(super) fn run(&self, script: &str) -> Said {
        self.run_with(script, "")
    }

    /// Runs it to its end. Without a terminal, so that a password is read from `input`.
    pub(super) fn run_with(&self, script: &str, input: &str) -> Said {
        let mut shell = self.command(script);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = children::spawn(&mut shell).unwrap();
        // Fails where it had no need to read and has ended.
        drop(child.stdin.take().expect("stdin is a pipe").write_all(input.as_bytes()));
        Said::from(child.wait_with_output().unwrap())
    }

    fn command(&self, script: &str) -> Command {
        let mut command = Command::new("setsid");
        command.args(["--wait", "bash", "-euo", "pipefail", "-c", script]);
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOOKBRIDGE_") {
                command.env_remove(name);
            }
        }
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.path("bin")));
        command
    }
}

impl Said {
    /// It did its work; gives what it printed.
    #[track_caller]
    pub(super) fn well(self) -> String {
        assert!(self.is_success, "{}{}", self.out, self.err);
        self.out
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            is_success: output.status.success(),
        }
    }
}

/// The one piece of code of a page that begins so, with what is in it replaced: each once at least.
#[track_caller]
pub(super) fn code(page: &str, beginning: &str, replaced: &[(&str, &str)]) -> String {
    let code = Page::read(page).code();
    let mut found = code.into_iter().filter(|code| code.text.starts_with(beginning));
    let mut text = found.next().unwrap_or_else(|| panic!("{page}: {beginning}")).text;
    assert!(found.next().is_none(), "{page} has it twice: {beginning}");
    for (shown, meant) in replaced {
        assert!(text.contains(shown), "{page}: {shown} is not in\n{text}");
        text = text.replace(shown, meant);
    }
    text
}
