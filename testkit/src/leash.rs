//! A process on a leash: it cannot outlive the test binary, however that ends.
//!
//! A shell starts the process and reads its own standard input, a pipe that only the test holds.
//! When the pipe closes, because the value was dropped or because the test binary is gone (statics
//! are never dropped, and `kill -9` runs no code of ours), the shell kills the process and removes
//! its folder. The shell has a process group of its own, so that Ctrl-C does not take it before the
//! process. The process is not waited for by the shell while it runs, so its id is never another's
//! when it is killed.

use crate::children;
use crate::deadline;
use procfs::process::Process;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// `$0` is the folder, `$@` the command. A line on stdin says that the folder is still needed, its
/// end that it is not.
const LEASH: &str = r#"
exec 2>>"$0/log"
"$@" </dev/null >>"$0/log" &
echo $!
read -r _
needed=$?
kill -KILL $!
wait $!
test $needed = 0 || rm -rf -- "$0"
"#;

/// A killed process of some hundred MB is gone within milliseconds; its folder a little later.
const GONE: Duration = Duration::from_secs(10);

/// How much of the log a panic shows.
const TAIL: usize = 4096;

/// A running process and the folder it owns. Dropped, both are gone.
pub struct Leash {
    shell: Child,
    pid: Pid,
    folder: PathBuf,
}

impl Leash {
    /// Starts `command` in the background; what it prints is appended to `log` in `folder`.
    pub fn start<'a>(folder: &Path, command: impl IntoIterator<Item = &'a str>) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", LEASH]).arg(folder).args(command).process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = children::spawn(&mut shell).unwrap();
        let mut pid = String::new();
        // Not a wait: the shell says the id at once, or ends.
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        Self { shell, pid, folder: folder.to_owned() }
    }

    /// Whether the process still runs (a frozen one does).
    pub fn is_running(&self) -> bool {
        let stat = Process::new(self.pid.as_raw_pid()).and_then(|process| process.stat());
        stat.is_ok_and(|stat| stat.state != 'Z')
    }

    /// Sends the process a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// SIGKILL, also to a frozen process; returns when it is gone. The folder stays and is the
    /// caller's again.
    pub fn kill(mut self) {
        self.shell.stdin.as_mut().unwrap().write_all(b"keep\n").unwrap();
        deadline::wait_exit(&mut self.shell, GONE, "a killed process on its leash");
    }

    /// The end of what the process printed.
    pub fn log_tail(&self) -> String {
        let log = std::fs::read(self.folder.join("log")).unwrap();
        String::from_utf8_lossy(&log[log.len().saturating_sub(TAIL)..]).into_owned()
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // No panic: a test that fails drops its Kafka too.
        if deadline::exit_within(&mut self.shell, GONE).is_none() {
            eprintln!("still there after {GONE:?}: {}", self.folder.display());
        }
    }
}
