//! The service manager that has started this process and wants to know how it is: `sd_notify(3)`.
//!
//! Promise: nothing waits for the manager. What it does not take is lost, and logged now and then.
//! Where nobody wants to know, nothing is done.

use crate::webhook::http::rare_line::RareLine;
use rustix::time::{ClockId, clock_gettime};
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

/// See the module; nobody by default.
#[derive(Debug, Default)]
pub struct Supervision(Option<Supervisor>);

#[derive(Debug)]
struct Supervisor {
    socket: UnixDatagram,
    watchdog: Option<Duration>,
    lost: RareLine,
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
        Self(Some(Supervisor { socket, watchdog, lost: RareLine::every(LINE) }))
    }

    /// Whether anybody wants to know.
    pub(super) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// How often the watchdog wants to be fed, at least.
    pub(super) fn watchdog(&self) -> Option<Duration> {
        self.0.as_ref()?.watchdog
    }

    /// Posts are taken, or files were read again.
    pub(super) fn ready(&self) {
        self.say("READY=1");
    }

    /// Files are read again from here to the next [`Supervision::ready`].
    pub(super) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// No more posts are taken.
    pub(super) fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=stopping: open posts are answered");
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

    fn say(&self, message: &str) {
        let Some(Supervisor { socket, lost, .. }) = &self.0 else { return };
        if let Err(error) = socket.send(message.as_bytes())
            && let Some(left_out) = lost.note(Instant::now())
        {
            tracing::warn!(%error, message, left_out, "the service manager did not take a message");
        }
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
