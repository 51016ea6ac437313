//! The bridge as its users run it: the binary, its flags, its log, its admin port.
//!
//! A started bridge has said where it listens; ready it may become later. Dropped, it is killed,
//! and its log is shown if the test fails. The only thing it knows of the inside is the start line.

pub mod launch;
mod log;
mod running;

use crate::bridge::running::Running;
use crate::deadline::{eventually, wait_for};
use crate::exposition::Exposition;
use crate::http;
use rustix::process::{Pid, Signal, kill_process};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// From start to the start line: a tenth of a second, and tests share the machine.
const START: Duration = Duration::from_secs(20);

/// Of a process that was killed.
const KILLED: Duration = Duration::from_secs(10);

/// A running bridge.
pub struct Bridge {
    running: Running,
    webhook: SocketAddr,
    admin: SocketAddr,
}

impl Bridge {
    /// Waits for the start line; gives status and log when the process ends first.
    #[track_caller]
    fn listening(mut running: Running) -> Result<Self, (ExitStatus, String)> {
        let start = wait_for(START, "the bridge listens", || match running.ended() {
            Some(status) => Some(Err((status, running.log.text()))),
            None => running.log.start_line().map(Ok),
        })?;
        Ok(Self { running, webhook: start.webhook, admin: start.admin })
    }

    /// Where posts go.
    pub fn webhook(&self) -> SocketAddr {
        self.webhook
    }

    /// Where `/livez`, `/readyz` and `/metrics` are.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The file that [`launch::Launch::credentials`] wrote, for tests that change it.
    pub fn credentials_file(&self) -> PathBuf {
        launch::credentials_file(self.running.folder())
    }

    /// A folder of this bridge's own, gone with it.
    pub fn folder(&self) -> &Path {
        self.running.folder()
    }

    /// Of the process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.running.child)
    }

    /// Sends its process a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the process to end of itself, and for the rest of its log.
    #[track_caller]
    pub fn wait_exit(&mut self, deadline: Duration) -> ExitStatus {
        self.running.wait_exit(deadline)
    }

    /// SIGKILL; returns when it is gone.
    #[track_caller]
    pub fn kill(&mut self) {
        self.running.child.kill().unwrap();
        self.wait_exit(KILLED);
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.running.log.text()
    }

    /// Waits until the log has this text.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str, deadline: Duration) {
        eventually(deadline, &format!("the log says {text:?}"), || self.log().contains(text));
    }

    /// The value of a series, named as in the exposition:
    /// `hookbridge_outcomes_total{outcome="published"}`.
    #[track_caller]
    pub fn metric(&self, series: &str) -> f64 {
        Exposition::of(self.admin).value(series)
    }

    /// Waits until the value of a series is such.
    #[track_caller]
    pub fn wait_for_metric(&self, series: &str, deadline: Duration, holds: impl Fn(f64) -> bool) {
        eventually(deadline, series, || holds(self.metric(series)));
    }

    /// The status of `/readyz` and its checks.
    #[track_caller]
    pub fn readyz(&self) -> (u16, serde_json::Value) {
        let response = http::get(self.admin, "/readyz");
        (response.status, response.json())
    }

    /// Waits until `/readyz` says so.
    #[track_caller]
    pub fn wait_ready(&self, deadline: Duration) {
        eventually(deadline, "/readyz is 200", || self.readyz().0 == 200);
    }
}
