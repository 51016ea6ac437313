//! The sockets that connections come in by, what each port allows, and the files that there may be
//! for them.

use crate::bridge::bridge_error::BridgeError;
use crate::metrics::connections::ConnectionSeries;
use crate::rare_line::RareLine;
use crate::webhook::http::crowd::{Crowd, MakesRoom};
use crate::webhook::http::server::{ACCEPT_ERROR_LINE, Limits};
use crate::webhook::http::successor::Successor;
use crate::webhook::http::timeout_stream::Timeouts;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

/// Connections that the kernel keeps while all event loops are busy: a burst at the full hour.
const BACKLOG: i32 = 1024;
/// A sender that is gone without a word, or behind a firewall that has forgotten the connection, is
/// found out after a minute of silence and four questions; the questions keep firewalls from
/// forgetting it, which most do after some minutes.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(60))
    .with_interval(Duration::from_secs(20))
    .with_retries(4);
/// Files beyond one per connection: listeners, the client's sockets and pipes, the log.
const OTHER_FILES: u64 = 128;
/// Scrapers and probes at once; more take the places of those that say nothing.
const ADMIN_CONNECTIONS: usize = 64;
/// The admin port's own time-outs: its clients are machines nearby.
const ADMIN_TIMEOUTS: Timeouts =
    Timeouts { idle: Duration::from_secs(15), read: Duration::from_secs(5) };

/// The port that was passed on, or one that is bound; gives the address that was taken.
pub(super) fn listen(
    flag: &'static str,
    address: SocketAddr,
    inherited: Option<TcpListener>,
) -> Result<(TcpListener, SocketAddr), BridgeError> {
    let bind = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        io::Result::Ok(TcpListener::from(socket))
    };
    let listen = || {
        let listener = inherited.map_or_else(bind, Ok)?;
        // Each connection that is accepted has both from its listener, without a call of its own.
        let socket = SockRef::from(&listener);
        socket.set_tcp_keepalive(&KEEPALIVE)?;
        socket.set_tcp_nodelay(true)?;
        let taken = listener.local_addr()?;
        io::Result::Ok((listener, taken))
    };
    listen().map_err(|source| BridgeError::Listen { flag, address, source })
}

/// Raises the limit of open files, since the soft one of 1,024 that most systems start with is too low.
/// Gives how many of the `wanted` connections there are files for.
pub(super) fn raise_file_limit(wanted: NonZeroUsize) -> NonZeroUsize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    let Some(files) = getrlimit(Resource::Nofile).current else { return wanted };
    let connections = connections_of(files);
    if connections < wanted {
        let wanted = wanted.get() as u64 + OTHER_FILES;
        tracing::warn!(
            files,
            wanted,
            connections,
            "the limit of open files is too low for --max-connections"
        );
    }
    connections.min(wanted)
}

/// How many connections so many files are enough for: half of few.
fn connections_of(files: u64) -> NonZeroUsize {
    let connections = files - OTHER_FILES.min(files / 2);
    let connections = usize::try_from(connections).unwrap_or(usize::MAX);
    NonZeroUsize::new(connections).unwrap_or(NonZeroUsize::MIN)
}

/// What the admin port allows.
pub(super) fn admin_limits() -> Limits {
    let accept_errors = Arc::new(RareLine::every(ACCEPT_ERROR_LINE));
    let series = ConnectionSeries::default();
    let crowd = Crowd::new("admin", ADMIN_CONNECTIONS, MakesRoom::Unanswered, series);
    // At the end nothing that asks is waited for.
    let successor = Successor::default();
    Limits { crowd: Arc::new(crowd), accept_errors, timeouts: ADMIN_TIMEOUTS, successor, tls: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::sockopt;
    use std::net::TcpStream;

    #[test]
    fn files_of_the_bridge_itself_are_left_out_of_the_connections() {
        for (files, connections) in [(0, 1), (1, 1), (64, 32), (256, 128), (1024, 896)] {
            assert_eq!(connections_of(files).get(), connections, "{files}");
        }
    }

    #[test]
    fn each_connection_has_the_options_of_its_listener() {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let (listener, address) = listen("--listen", loopback, None).unwrap();
        let _sender = TcpStream::connect(address).unwrap();
        let (accepted, _) = listener.accept().unwrap();

        assert!(sockopt::socket_keepalive(&accepted).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&accepted).unwrap(), Duration::from_secs(60));
        assert!(sockopt::tcp_nodelay(&accepted).unwrap());
    }
}
