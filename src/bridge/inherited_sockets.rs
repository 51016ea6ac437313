//! Sockets that a service manager keeps and passes on: systemd's socket activation, `sd_listen_fds(3)`.
//!
//! Promise: such a socket outlives the process, so that connections wait in its queue while the bridge
//! is started anew, and none is refused. What is passed is a listening TCP socket named `webhook` or
//! `admin`, or an error says what it is instead. Its queue is as the manager has made it.

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::sockopt::{socket_acceptconn, socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketType};
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;

/// The name of the port that senders post to.
const WEBHOOK: &str = "webhook";
/// That of the port that machines ask.
const ADMIN: &str = "admin";

/// What was passed; each takes the place of its flag.
#[derive(Debug, Default)]
pub struct InheritedSockets {
    /// In place of `--listen`.
    pub(super) webhook: Option<TcpListener>,
    /// In place of `--admin-listen`.
    pub(super) admin: Option<TcpListener>,
}

/// A socket was passed that is of no use.
#[derive(Debug, thiserror::Error)]
pub enum InheritedSocketError {
    /// The variables contradict each other.
    #[error("LISTEN_PID or LISTEN_FDS is not a number")]
    Malformed,
    /// The name is none of ours, or there is none.
    #[error(
        "LISTEN_FDNAMES: a socket is named {name:?}; expected \"webhook\" or \"admin\" \
         (FileDescriptorName= in the socket unit)"
    )]
    Name {
        /// The name; empty: none.
        name: String,
    },
    /// Two have one name.
    #[error("LISTEN_FDNAMES: two sockets are named {name:?}; the bridge listens on one")]
    Twice {
        /// The name.
        name: &'static str,
    },
    /// It is of another kind.
    #[error(
        "LISTEN_FDS: {name:?} is not a listening TCP socket (ListenStream= with an address and a port, Accept=no)"
    )]
    Kind {
        /// Its name.
        name: &'static str,
    },
    /// The system cannot say what it is.
    #[error("LISTEN_FDS: cannot use {name:?}")]
    Io {
        /// Its name.
        name: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl InheritedSockets {
    /// Takes what was passed to this process. To be called once: who takes them owns them.
    pub fn take() -> Result<Self, InheritedSocketError> {
        let passed = sd_listen_fds::get().map_err(|_| InheritedSocketError::Malformed)?;
        let mut sockets = Self::default();
        for (name, socket) in passed {
            let name = name.unwrap_or_default();
            let (name, place) = match name.as_str() {
                WEBHOOK => (WEBHOOK, &mut sockets.webhook),
                ADMIN => (ADMIN, &mut sockets.admin),
                _ => return Err(InheritedSocketError::Name { name }),
            };
            let listener = listener(name, socket.into_std())?;
            if place.replace(listener).is_some() {
                return Err(InheritedSocketError::Twice { name });
            }
        }
        Ok(sockets)
    }
}

fn listener(name: &'static str, socket: OwnedFd) -> Result<TcpListener, InheritedSocketError> {
    let io = |source| InheritedSocketError::Io { name, source };
    if !is_tcp_listener(&socket).map_err(io)? {
        return Err(InheritedSocketError::Kind { name });
    }
    fcntl_setfd(&socket, FdFlags::CLOEXEC).map_err(|errno| io(errno.into()))?;
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true).map_err(io)?;
    Ok(listener)
}

fn is_tcp_listener(socket: &OwnedFd) -> io::Result<bool> {
    let family = match socket_domain(socket) {
        Err(Errno::NOTSOCK) => return Ok(false),
        family => family?,
    };
    let is_internet = [AddressFamily::INET, AddressFamily::INET6].contains(&family);
    Ok(is_internet && socket_type(socket)? == SocketType::STREAM && socket_acceptconn(socket)?)
}
