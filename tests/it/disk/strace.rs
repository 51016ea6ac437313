//! strace at a bridge: to see what it asks of the kernel, or to put faults among the answers.
//!
//! Attached to a running one and dropped, it lets go, and the bridge goes on as before.

use procfs::process::Process;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::children;
use testkit::deadline;
use testkit::say_skipped;

/// Set, as in CI, nothing may be skipped.
const REQUIRE: &str = "HOOKBRIDGE_REQUIRE_KAFKA";

/// The thread that all files of the spool are touched from once it is open.
const SPOOL_THREAD: &str = "spool";

/// Of a strace that is asked to let go.
const GONE: Duration = Duration::from_secs(10);

/// A strace at work.
pub(crate) struct Strace {
    child: Child,
    temp: TempDir,
}

/// As strace writes texts for [`Strace::watch`].
pub(super) fn hex(text: impl AsRef<[u8]>) -> String {
    let mut hex = String::new();
    for byte in text.as_ref() {
        write!(hex, "\\x{byte:02x}").unwrap();
    }
    hex
}

/// A call of the kernel, at the moment when it begins or when it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// With its arguments, as strace writes them.
    Begun { thread: &'a str, call: &'a str, args: &'a str },
    /// What began last on this thread is over, and whether well.
    Returned { thread: &'a str, well: bool },
}

impl Strace {
    /// Watches all threads for these calls; descriptors are shown with their files, and what is
    /// written in full, all as [`hex`]. `None` where there is no strace, said under the name of `test`.
    pub(super) fn watch(test: &str, bridge: &Bridge, calls: &str) -> Option<Self> {
        let (trace, pid) = (format!("trace={calls}"), bridge.pid().as_raw_pid().to_string());
        Self::start(test, &["-f", "-y", "-xx", "-s", "65536", "-e", &*trace, "-p", &*pid])
    }

    /// Injects into what the spool's thread asks for, such as `fsync:error=EIO:when=3`. `None` as
    /// with [`Strace::watch`].
    pub(super) fn inject(test: &str, bridge: &Bridge, faults: &[&str]) -> Option<Self> {
        let mut args = expressions(faults);
        args.extend(["-p".to_owned(), spool_thread(bridge).to_string()]);
        Self::start(test, &args)
    }

    /// Whether there is a strace; that there is none is said under the name of `test`.
    pub(crate) fn is_there(test: &str) -> bool {
        let started = children::spawn(Command::new("strace").arg("-V").stdout(Stdio::null()));
        let waited = started.and_then(|mut version| version.wait());
        waited.inspect_err(|error| say_missing(test, error)).is_ok()
    }

    /// A bridge with this fault from its first moment on, in each of its threads, where they ask for
    /// these files or, if there are none, for any. What was seen is in `calls` once it has ended.
    pub(super) fn around(serve: &Launch, fault: &str, files: &[PathBuf], calls: &Path) -> Launch {
        // A grandchild, so that the bridge is the test's own child.
        let mut args = vec!["-D".to_owned(), "-f".to_owned(), "-o".to_owned()];
        args.push(calls.to_str().unwrap().to_owned());
        args.extend(expressions(&[fault]));
        args.extend(files.iter().map(|file| format!("--trace-path={}", file.display())));
        serve.clone().under("strace", args)
    }

    /// Returns when it is at work.
    fn start(test: &str, args: &[impl AsRef<OsStr>]) -> Option<Self> {
        let temp = tempfile::tempdir().unwrap();
        let mut strace = Command::new("strace");
        strace.arg("-o").arg(temp.path().join("calls")).args(args);
        strace.stdin(Stdio::null()).stderr(Stdio::piped());
        let started = children::spawn(&mut strace);
        let mut child = started.inspect_err(|error| say_missing(test, error)).ok()?;
        // Not a wait: strace says so at once, or ends.
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let attached = said.find(|line| line.contains("attached"));
        let strace = Self { child, temp };
        assert!(attached.is_some(), "strace ended before it was attached");
        // Its last words need a reader.
        thread::spawn(move || said.for_each(drop));
        Some(strace)
    }

    /// Lets go of the bridge, if that is still there; gives what it saw.
    #[track_caller]
    pub(super) fn end(mut self) -> Calls {
        self.let_go();
        deadline::wait_exit(&mut self.child, GONE, "strace");
        Calls::read(&self.temp.path().join("calls"))
    }

    fn let_go(&mut self) {
        // Fails where it has ended with the bridge.
        kill_process(Pid::from_child(&self.child), Signal::TERM).ok();
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.let_go();
            deadline::exit_within(&mut self.child, GONE);
        }
    }
}

/// What strace saw.
pub(super) struct Calls(String);

impl Calls {
    /// What was seen by a strace that has ended.
    pub(super) fn read(file: &Path) -> Self {
        Self(fs::read_to_string(file).unwrap())
    }

    /// In the order in which the kernel was asked and answered.
    pub(super) fn events(&self) -> Vec<Event<'_>> {
        let mut events = Vec::new();
        for line in self.0.lines() {
            let (thread, rest) = line.split_once(' ').expect("a line begins with a thread");
            let rest = rest.trim_start();
            let well = !rest.contains(" = -1 ");
            if rest.starts_with("<... ") {
                events.push(Event::Returned { thread, well });
            } else if let Some((call, args)) = rest.split_once('(') {
                events.push(Event::Begun { thread, call, args });
                if !rest.ends_with("<unfinished ...>") {
                    events.push(Event::Returned { thread, well });
                }
            }
        }
        events
    }

    /// How many faults were injected into calls of these names.
    pub(super) fn injected(&self, calls: &str) -> usize {
        let is_of = |line: &str| calls.split(',').any(|call| line.contains(&format!("{call}(")));
        self.0.lines().filter(|line| line.ends_with("(INJECTED)") && is_of(line)).count()
    }
}

fn say_missing(test: &str, error: &io::Error) {
    let required = std::env::var_os(REQUIRE).is_some();
    assert!(!required, "strace is needed where nothing may be skipped: {error}");
    say_skipped(test, "strace is needed");
}

/// That trace what is to fail, and make it fail.
fn expressions(faults: &[&str]) -> Vec<String> {
    let calls = faults.iter().filter_map(|fault| fault.split(':').next()).collect::<Vec<_>>();
    let trace = format!("--trace={}", calls.join(","));
    [trace].into_iter().chain(faults.iter().map(|fault| format!("--inject={fault}"))).collect()
}

fn spool_thread(bridge: &Bridge) -> i32 {
    let mut tasks =
        Process::new(bridge.pid().as_raw_pid()).unwrap().tasks().unwrap().map(Result::unwrap);
    let task = tasks.find(|task| task.stat().is_ok_and(|stat| stat.comm == SPOOL_THREAD));
    task.expect("the spool has a thread").tid
}
