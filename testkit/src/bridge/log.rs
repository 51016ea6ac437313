//! What the bridge writes to stderr, read as it comes.
//!
//! Bounded: of a bridge that logs without end the oldest lines are forgotten, the start line never.

use crate::deadline::eventually;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::ChildStderr;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A debug log of a post is a line or two: enough for a test that posts thousands.
const LINES: usize = 50_000;

/// The pipe of a process that has ended is at its end, unless it gave it to another.
const END: Duration = Duration::from_secs(10);

/// The log so far, and the thread that reads it.
pub(super) struct Log {
    lines: Arc<Mutex<Lines>>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Lines {
    start: Option<StartLine>,
    latest: VecDeque<String>,
}

/// The addresses that were taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct StartLine {
    pub(super) webhook: SocketAddr,
    pub(super) admin: SocketAddr,
}

impl Log {
    pub(super) fn of(stderr: ChildStderr) -> Self {
        let lines = Arc::new(Mutex::new(Lines::default()));
        let thread = thread::spawn({
            let lines = Arc::clone(&lines);
            move || {
                // Bytes, for a panic message need not be UTF-8 and the pipe must be emptied
                // whatever comes.
                for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                    lines.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
                }
            }
        });
        Self { lines, thread }
    }

    pub(super) fn start_line(&self) -> Option<StartLine> {
        self.lines.lock().unwrap().start
    }

    pub(super) fn text(&self) -> String {
        let lines = self.lines.lock().unwrap();
        lines.latest.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    /// Waits for the last line of a process that has ended.
    #[track_caller]
    pub(super) fn wait_end(&self) {
        eventually(END, "the log ends with its process", || self.thread.is_finished());
    }
}

impl Lines {
    fn push(&mut self, line: String) {
        self.start = self.start.or_else(|| StartLine::parse(&line));
        if self.latest.len() == LINES {
            self.latest.pop_front();
        }
        self.latest.push_back(line);
    }
}

impl StartLine {
    /// `None` for every other line. The fields are in `fields`, or beside the level when they are
    /// flattened.
    fn parse(line: &str) -> Option<Self> {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let fields = line.get("fields").unwrap_or(&line);
        if fields.get("message")? != "listening" {
            return None;
        }
        let addr = |name| fields.get(name)?.as_str()?.parse().ok();
        Some(Self { webhook: addr("webhook")?, admin: addr("admin")? })
    }
}
