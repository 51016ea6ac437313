//! The sockets that connections come in by, and the files that there may be for them.

use crate::bridge::BridgeError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;

/// Connections that the kernel keeps while all event loops are busy: a burst at the full hour.
const BACKLOG: i32 = 1024;
/// Files beyond one per connection: listeners, the client's sockets and pipes, the log.
const OTHER_FILES: u64 = 128;

/// Binds a port; gives the address that was taken.
pub(super) fn listen(
    flag: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), BridgeError> {
    let bound = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let listener = TcpListener::from(socket);
        let taken = listener.local_addr()?;
        io::Result::Ok((listener, taken))
    };
    bound().map_err(|source| BridgeError::Listen { flag, address, source })
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
