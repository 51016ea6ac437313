//! Parts of the benchmark that run in processes of their own, so that their CPU and memory are
//! nobody else's: this binary again, with another job.
//!
//! A child says one line when it is ready, and ends with whoever started it: its standard input is
//! a pipe that only its parent holds.

use rustix::process::Pid;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;

/// The first argument of a child.
const CHILD: &str = "child";

/// A running child. Dropped, it is gone.
pub struct Child {
    process: std::process::Child,
    line: String,
}

impl Child {
    /// Starts the job and waits until it is ready.
    pub fn start<'a>(job: impl IntoIterator<Item = &'a str>) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg(CHILD)
            .args(job)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        // Not a wait: a child says its line at once, or ends.
        let stdout = process.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "a child ended before it was ready");
        Self { process, line: line.trim_end().to_owned() }
    }

    /// What it said.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Of the process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Neither fails for a child that has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The job of this process, if it is a child.
pub fn job() -> Option<Vec<String>> {
    let mut args = std::env::args().skip(1);
    (args.next()? == CHILD).then(|| args.collect())
}

/// Says that the child is ready, and sees to its end.
#[allow(clippy::exit, reason = "a child has nothing to clean up")]
pub fn ready(line: impl Display) {
    println!("{line}");
    thread::spawn(|| {
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        std::process::exit(0);
    });
}
