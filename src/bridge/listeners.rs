//! The sockets that connections come in by, what each port allows, and the files that there may be for them.

use crate::bridge::BridgeError;
use crate::webhook::http::accept_error_log::AcceptErrorLog;
use crate::webhook::http::server::{Beyond, Limits};
use crate::webhook::http::timeout_stream::Timeouts;
use prometheus_client::metrics::gauge::Gauge;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Connections that the kernel keeps while all event loops are busy: a burst at the full hour.
const BACKLOG: i32 = 1024;
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
        let taken = listener.local_addr()?;
        io::Result::Ok((listener, taken))
    };
    listen().map_err(|source| BridgeError::Listen { flag, address, source })
}

/// One file per connection: the soft limit of 1,024 that most systems start with is too low.
pub(super) fn raise_file_limit(max_connections: NonZeroUsize) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    let wanted = max_connections.get() as u64 + OTHER_FILES;
    if let Some(files) = getrlimit(Resource::Nofile).current
        && files < wanted
    {
        tracing::warn!(files, wanted, "the limit of open files is too low for --max-connections");
    }
}

/// What the admin port allows.
pub(super) fn admin_limits(accept_errors: Arc<AcceptErrorLog>) -> Limits {
    Limits {
        beyond: Beyond::Displaces,
        accept_errors,
        timeouts: ADMIN_TIMEOUTS,
        connections: Arc::new(Semaphore::new(ADMIN_CONNECTIONS)),
        open: Gauge::default(),
    }
}
