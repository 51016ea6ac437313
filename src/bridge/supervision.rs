//! The service manager that has started this process and wants to know how it is: `sd_notify(3)`.
//!
//! Promise: nothing waits for the manager. What it does not take is logged now and then, and lost, but for
//! the states that it waits for: they are sent again until it takes them, in their order. Where nobody
//! wants to know, nothing is done.

use crate::lock::Lock;
use crate::rare_line::RareLine;
use rustix::time::{ClockId, clock_gettime};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process;
use std::time::{Duration, Instant};

/// Where it listens.
const SOCKET: &str = "NOTIFY_SOCKET";
/// How often it wants to hear that all is well, at least, in microseconds.
const WATCHDOG: &str = "WATCHDOG_USEC";
/// The process that it wants to hear that from.
const WATCHDOG_PID: &str = "WATCHDOG_PID";
/// Between lines on messages that it did not take.
const LINE: Duration = Duration::from_secs(60);
/// The longest status, in letters: a message is 4096 bytes at most (`NOTIFY_BUFFER_MAX`).
const STATUS: usize = 1000;

/// Posts are taken, or files were read again.
const READY: &str = "READY=1";

/// See the module; nobody by default.
#[derive(Debug, Default)]
pub struct Supervision(Option<Supervisor>);

#[derive(Debug)]
struct Supervisor {
    socket: UnixDatagram,
    watchdog: Option<Duration>,
    lost: RareLine,
    /// States that were not taken yet: at most a reload and that it is over.
    untaken: Lock<VecDeque<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Taken,
    Not,
}

impl Supervision {
    /// Of what the environment says, one `variable` at a time.
    pub fn new(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let Some(name) = variable(SOCKET) else { return Self::default() };
        let socket = match connect(&name) {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(
                    %error,
                    socket = %name.display(),
                    "the service manager cannot be told how this process is"
                );
                return Self::default();
            }
        };
        let text = |name| variable(name).and_then(|value| value.into_string().ok());
        let is_ours = text(WATCHDOG_PID).is_none_or(|pid| pid == process::id().to_string());
        let micros = text(WATCHDOG).and_then(|micros| micros.parse().ok());
        let watchdog =
            micros.map(Duration::from_micros).filter(|every| is_ours && !every.is_zero());
        Self(Some(Supervisor {
            socket,
            watchdog,
            lost: RareLine::every(LINE),
            untaken: Lock::default(),
        }))
    }

    /// Whether anybody wants to know.
    pub(super) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// How often the watchdog wants to be fed, at least.
    pub(super) fn watchdog(&self) -> Option<Duration> {
        self.0.as_ref()?.watchdog
    }

    /// See [`READY`].
    pub(super) fn ready(&self) {
        self.enter(READY.to_owned());
    }

    /// Files are read again from here to the next [`Supervision::ready`].
    pub(super) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
        self.enter(format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// No more posts are taken.
    pub(super) fn stopping(&self) {
        self.enter("STOPPING=1\nSTATUS=stopping: open posts are answered".to_owned());
    }

    /// One line for people.
    pub(super) fn status(&self, line: &str) {
        let line: String = line.chars().take(STATUS).map(printable).collect();
        self.say(&format!("STATUS={line}"));
    }

    /// All is well.
    pub(super) fn feed_watchdog(&self) {
        self.say("WATCHDOG=1");
    }

    /// Sends the states again that were not taken.
    pub(super) fn repeat(&self) {
        let Some(supervisor) = &self.0 else { return };
        supervisor.send_untaken(&mut supervisor.untaken.lock());
    }

    /// Says a state. Of those before that were not taken, only a reload that it ends still matters.
    fn enter(&self, state: String) {
        let Some(supervisor) = &self.0 else { return };
        let mut untaken = supervisor.untaken.lock();
        if state != READY {
            untaken.clear();
        }
        if untaken.back() != Some(&state) {
            untaken.push_back(state);
        }
        supervisor.send_untaken(&mut untaken);
    }

    fn say(&self, message: &str) {
        if let Some(supervisor) = &self.0 {
            let _ = supervisor.send(message);
        }
    }
}

impl Supervisor {
    fn send_untaken(&self, untaken: &mut VecDeque<String>) {
        while let Some(state) = untaken.front()
            && self.send(state) == Sent::Taken
        {
            untaken.pop_front();
        }
    }

    fn send(&self, message: &str) -> Sent {
        let Err(error) = self.socket.send(message.as_bytes()) else { return Sent::Taken };
        if let Some(left_out) = self.lost.note(Instant::now()) {
            tracing::warn!(%error, message, left_out, "the service manager did not take a message");
        }
        Sent::Not
    }
}

/// A path, or the name of an abstract socket behind `@`.
fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        [b'/', ..] => SocketAddr::from_pathname(name)?,
        _ => return Err(io::Error::new(io::ErrorKind::Unsupported, "neither a path nor @name")),
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A line is one line.
fn printable(letter: char) -> char {
    if letter.is_control() { ' ' } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(by: &UnixDatagram) -> String {
        let mut message = [0; 4096];
        let read = by.recv(&mut message).unwrap();
        String::from_utf8(message[..read].to_vec()).unwrap()
    }

    #[test]
    fn an_abstract_socket_hears_as_one_of_a_path_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("hookbridge-test/{}", process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        for (socket, shown) in [
            (UnixDatagram::bind(&path).unwrap(), path.into_os_string()),
            (UnixDatagram::bind_addr(&abstract_name).unwrap(), format!("@{name}").into()),
        ] {
            let supervision = Supervision::new(|name| (name == SOCKET).then(|| shown.clone()));
            supervision.status(&format!("a\nb{}", "x".repeat(5000)));
            assert_eq!(heard(&socket), format!("STATUS=a b{}", "x".repeat(997)));
            supervision.reloading();
            assert!(heard(&socket).starts_with("RELOADING=1\nMONOTONIC_USEC="));
            assert_eq!(supervision.watchdog(), None);
        }
    }

    #[test]
    fn a_state_that_a_full_socket_does_not_take_comes_later_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let shown = path.into_os_string();
        let supervision = Supervision::new(|name| (name == SOCKET).then(|| shown.clone()));
        let all = || {
            let mut message = [0; 4096];
            let mut all = Vec::new();
            while let Ok(read) = socket.recv(&mut message) {
                all.push(String::from_utf8(message[..read].to_vec()).unwrap());
            }
            all
        };
        let fill = || while supervision.0.as_ref().unwrap().send("X=1") == Sent::Taken {};

        fill();
        supervision.ready();
        supervision.repeat();
        assert!(all().iter().all(|message| message == "X=1"));
        supervision.repeat();
        assert_eq!(all(), ["READY=1"]);

        fill();
        for _ in 0..3 {
            supervision.reloading();
            supervision.ready();
        }
        assert!(all().iter().all(|message| message == "X=1"));
        supervision.repeat();
        let [reloading, ready] = &all()[..] else { panic!("the last reload, and its end") };
        assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC=") && ready == "READY=1");
        supervision.repeat();
        assert_eq!(all(), [""; 0]);
    }

    #[test]
    fn the_watchdog_of_another_process_is_not_fed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let _socket = UnixDatagram::bind(&path).unwrap();
        let own = process::id().to_string();
        for (pid, micros, every) in [
            (Some(own.as_str()), "30000000", Some(Duration::from_secs(30))),
            (None, "500000", Some(Duration::from_millis(500))),
            (Some("1"), "30000000", None),
            (None, "0", None),
            (None, "soon", None),
        ] {
            let supervision = Supervision::new(|name| match name {
                SOCKET => Some(path.clone().into_os_string()),
                WATCHDOG => Some(micros.into()),
                WATCHDOG_PID => pid.map(OsString::from),
                _ => None,
            });
            assert_eq!(supervision.watchdog(), every, "{pid:?} {micros}");
        }
    }

    #[test]
    fn nobody_and_what_cannot_be_reached_are_told_nothing() {
        for name in [None, Some("/nowhere/notify"), Some("vsock:2:1")] {
            let supervision = Supervision::new(|_| name.map(OsString::from));
            supervision.ready();
            assert!(!supervision.is_there());
        }
    }
}
