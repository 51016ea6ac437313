//! The command line of a bridge to be started.
//!
//! Always on free loopback ports and with a JSON log; nothing of the environment's own
//! `HOOKBRIDGE_*` gets through.

use crate::bridge::Bridge;
use crate::bridge::running::Running;
use std::fs;
use std::mem;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// What precedes every variable that is a flag.
const ENV: &str = "HOOKBRIDGE_";

/// What every bridge is given, unless the test gives the flag itself.
const ALWAYS: [(&str, &str); 3] =
    [("--listen", "127.0.0.1:0"), ("--admin-listen", "127.0.0.1:0"), ("--log-format", "json")];

/// Passes its standard input on as systemd does, under the name in `$0`.
const PASS_ON: &str = r#"LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=$0 exec "$@" 3<&0 0</dev/null"#;

/// A build of the bridge.
#[derive(Debug, Clone, Copy)]
pub struct Program(&'static str);

impl Program {
    /// The one at this path. Where cargo built it is known to tests and benchmarks alone.
    pub const fn at(path: &'static str) -> Self {
        Self(path)
    }

    /// Where it is.
    pub const fn path(self) -> &'static str {
        self.0
    }

    /// `hookbridge serve` in front of these brokers; flags are added and then it is started.
    pub fn serve(self, brokers: impl Into<String>) -> Launch {
        Launch::program(self.0, ["serve"]).arg("--brokers", brokers)
    }
}

/// Flags so far; may be started more than once, such as after a kill.
#[derive(Debug, Clone)]
#[must_use]
pub struct Launch {
    program: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    credentials: Option<String>,
    socket: Option<Arc<TcpListener>>,
}

impl Launch {
    /// A shell script in the bridge's place: what is under test is then this harness.
    pub fn stand_in(script: &str) -> Self {
        Self::program("sh", ["-c", script])
    }

    fn program<const N: usize>(program: &str, args: [&str; N]) -> Self {
        Self {
            program: program.to_owned(),
            args: args.map(str::to_owned).to_vec(),
            env: Vec::new(),
            credentials: None,
            socket: None,
        }
    }

    /// Another build of the bridge in the place of ours.
    pub fn binary(mut self, path: &Path) -> Self {
        path.to_str().expect("the path is UTF-8").clone_into(&mut self.program);
        self
    }

    /// Flags as they would be typed.
    pub fn args(mut self, typed: &[String]) -> Self {
        self.args.extend_from_slice(typed);
        self
    }

    /// A flag and its value.
    pub fn arg(mut self, flag: &str, value: impl Into<String>) -> Self {
        self.args.extend([flag.to_owned(), value.into()]);
        self
    }

    /// A flag's variable, without its prefix: `TOPIC`.
    pub fn env(mut self, flag: &str, value: impl Into<String>) -> Self {
        self.env.push((format!("{ENV}{flag}"), value.into()));
        self
    }

    /// `--credentials` with a file of this text.
    pub fn credentials(mut self, text: impl Into<String>) -> Self {
        self.credentials = Some(text.into());
        self
    }

    /// `--no-auth`.
    pub fn no_auth(mut self) -> Self {
        self.args.push("--no-auth".to_owned());
        self
    }

    /// Run by another program that becomes it, such as a tracer: with these arguments before its own.
    pub fn under(
        mut self,
        program: &str,
        args: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.args.insert(0, mem::replace(&mut self.program, program.to_owned()));
        self.args.splice(0..0, args.into_iter().map(Into::into));
        self
    }

    /// With a socket that outlives it, as a service manager passes one on under a name.
    pub fn socket(mut self, name: &str, socket: Arc<TcpListener>) -> Self {
        self.socket = Some(socket);
        self.under("sh", ["-c", PASS_ON, name])
    }

    /// Starts it and waits until it listens; panics with the log when it ends first.
    #[track_caller]
    pub fn start(&self) -> Bridge {
        self.try_start().unwrap_or_else(|(status, log)| {
            panic!("the bridge ended before it listened: {status}\n{log}")
        })
    }

    /// As [`Launch::start`]; gives status and log of one that ends first.
    #[track_caller]
    pub fn try_start(&self) -> Result<Bridge, (ExitStatus, String)> {
        Bridge::listening(self.spawn())
    }

    /// Starts what is to end of itself: its status and what it wrote to stderr.
    #[track_caller]
    pub fn run(&self, deadline: Duration) -> (ExitStatus, String) {
        let mut running = self.spawn();
        (running.wait_exit(deadline), running.log.text())
    }

    fn spawn(&self) -> Running {
        let folder = tempfile::tempdir().unwrap();
        Running::spawn(self.command(folder.path()), folder)
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        if let Some(socket) = &self.socket {
            command.stdin(OwnedFd::from(socket.try_clone().unwrap()));
        }
        for (flag, value) in ALWAYS {
            if !self.args.iter().any(|given| given == flag) {
                command.args([flag, value]);
            }
        }
        if let Some(text) = &self.credentials {
            let file = credentials_file(folder);
            fs::write(&file, text).unwrap();
            command.arg("--credentials").arg(file);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with(ENV) {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

pub(super) fn credentials_file(folder: &Path) -> PathBuf {
    folder.join("credentials")
}
