//! A command of the program, run to its end: in pipes, or on a terminal.
//!
//! Nothing of the environment's own gets through.

use crate::support::HOOKBRIDGE;
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use testkit::children;
use testkit::deadline::{wait_exit, wait_for};

/// Commands that have something to wait for say so in time; tests share the machine.
const SOON: Duration = Duration::from_secs(30);

/// As wide as many are.
const SIZE: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

/// A command that was not started yet.
pub(crate) struct Tool(Command);

/// What it did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A command on a terminal.
pub(crate) struct OnTerminal {
    child: Child,
    shown: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Tool {
    /// The program with these arguments.
    pub(crate) fn new(args: &[&str]) -> Self {
        let mut command = Command::new(HOOKBRIDGE.path());
        command.args(args).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOOKBRIDGE_") {
                command.env_remove(name);
            }
        }
        Self(command)
    }

    /// With a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// In pipes.
    #[track_caller]
    pub(crate) fn run(mut self) -> Ran {
        Ran::from(children::output(&mut self.0).unwrap())
    }

    /// In pipes, with something to read.
    #[track_caller]
    pub(crate) fn run_with(mut self, input: &str) -> Ran {
        self.0.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = children::spawn(&mut self.0).unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::from(child.wait_with_output().unwrap())
    }

    /// With standard output a pipe that nobody reads from.
    #[track_caller]
    pub(crate) fn run_unread(mut self) -> Ran {
        let (unread, closed) = std::io::pipe().unwrap();
        drop(unread);
        self.0.stdout(closed).stderr(Stdio::piped());
        let child = children::spawn(&mut self.0).unwrap();
        Ran::from(child.wait_with_output().unwrap())
    }

    /// On a terminal, standard error too.
    #[track_caller]
    pub(crate) fn on_terminal(mut self) -> OnTerminal {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let screen = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&screen, SIZE).unwrap();
        self.0.env("TERM", "xterm").env_remove("NO_COLOR");
        self.0.stdout(screen.try_clone().unwrap()).stderr(screen);
        let child = children::spawn(&mut self.0).unwrap();
        // Else the terminal would not end with the child.
        drop(self);
        let shown = Arc::<Mutex<String>>::default();
        let into = shown.clone();
        let reader = thread::spawn(move || {
            let (mut terminal, mut bytes) = (File::from(terminal), [0; 4096]);
            while let Ok(read @ 1..) = terminal.read(&mut bytes) {
                into.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        OnTerminal { child, shown, reader }
    }
}

impl OnTerminal {
    /// Waits until this text is on the screen.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        wait_for(SOON, text, || self.shown.lock().unwrap().contains(text).then_some(()));
    }

    /// Ctrl-C, once the process has caught the signal: what Linux says of it
    /// (`proc_pid_status(5)`).
    #[track_caller]
    pub(crate) fn interrupt_once_started(&self) {
        let status = format!("/proc/{}/status", self.child.id());
        wait_for(SOON, "SIGINT is caught", || {
            let status = std::fs::read_to_string(&status).unwrap();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
            let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
            (caught & (1 << (Signal::INT.as_raw() - 1)) != 0).then_some(())
        });
        self.interrupt();
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// Waits for its end: its exit code, and all that was shown.
    #[track_caller]
    pub(crate) fn end(mut self) -> (i32, String) {
        let status = wait_exit(&mut self.child, SOON, "a command on a terminal");
        self.reader.join().unwrap();
        let shown = self.shown.lock().unwrap().clone();
        (status.code().expect("it ended by itself"), shown)
    }
}

impl Ran {
    /// It did its work without a word of complaint; gives what it printed.
    #[track_caller]
    pub(crate) fn well(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// It did its work and had this to say; gives what it printed.
    #[track_caller]
    pub(crate) fn well_with(self, words: &str) -> String {
        assert!(self.code == 0 && self.err.contains(words), "{}{}", self.out, self.err);
        self.out
    }

    /// It ended with this code; gives what it complained of.
    #[track_caller]
    pub(crate) fn complaint(self, code: i32) -> String {
        self.badly(code).1
    }

    /// It ended with this code; gives what it printed, and what it complained of.
    #[track_caller]
    pub(crate) fn badly(self, code: i32) -> (String, String) {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        (self.out, self.err)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it ended by itself"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
