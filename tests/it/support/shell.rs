//! A shell in which commands run as they were pasted: in the root of the repository or a folder of its
//! own, with programs and folders of the test in the place of the reader's.

use crate::support::HOOKBRIDGE;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use testkit::children;

/// See the module.
pub(crate) struct Shell {
    folder: TempDir,
    at: PathBuf,
    env: Vec<(&'static str, String)>,
}

/// What a command did.
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) is_success: bool,
    pub(crate) code: Option<i32>,
}

impl Shell {
    /// In the root of the repository.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        let shell = Self { folder, at: env!("CARGO_MANIFEST_DIR").into(), env: Vec::new() };
        shell.program("hookbridge", &format!("exec {} \"$@\"", HOOKBRIDGE.path()));
        shell
    }

    /// In an empty folder of its own, which is its home too.
    pub(crate) fn at_home() -> Self {
        let shell = Self::new();
        let home = shell.path("home");
        fs::create_dir(&home).unwrap();
        Self { at: (&home).into(), ..shell }.env("HOME", home)
    }

    /// With a variable.
    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Puts a script of this text before whatever else has its name.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let file = self.folder.path().join("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
    }

    /// A path of the test's own.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs it with nothing to read.
    pub(crate) fn run(&self, script: &str) -> Said {
        self.run_with(script, "")
    }

    /// Runs it to its end. Without a terminal, so that a password is read from `input`.
    pub(crate) fn run_with(&self, script: &str, input: &str) -> Said {
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
        command.current_dir(&self.at);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOOKBRIDGE_") {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.path("bin")));
        command
    }
}

impl Said {
    /// It did its work; gives what it printed.
    #[track_caller]
    pub(crate) fn well(self) -> String {
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
            code: output.status.code(),
        }
    }
}
