//! The admin port of a bridge, from when it is opened to when its last post is answered.
//!
//! Promise: whoever asks while the bridge starts is answered too. A start may wait: for a disk, or for
//! another bridge that still has the spool. A process that says nothing meanwhile is taken for one that
//! hangs, and ended.

use crate::admin::AdminPort;
use crate::bridge::Port;
use crate::bridge::bridge_error::BridgeError;
use crate::bridge::listeners::admin_limits;
use crate::bridge::parts::Parts;
use crate::webhook::http::connection_phase::ConnectionPhase;
use crate::webhook::http::server::{self, Limits};
use std::future::ready;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// See the module.
pub(super) struct AdminServer {
    /// Until it is served.
    socket: Option<TcpListener>,
    address: SocketAddr,
    pub(super) limits: Limits,
    /// What it answers.
    pub(super) port: Arc<AdminPort>,
}

impl AdminServer {
    /// Of a socket that is bound.
    pub(super) fn new((socket, address): Port) -> Self {
        Self { socket: Some(socket), address, limits: admin_limits(), port: Arc::default() }
    }

    /// Answers from here on until `over`, as one of the `parts`; where it does already, nothing is changed.
    pub(super) fn start(
        &mut self,
        parts: &mut Parts,
        over: &CancellationToken,
    ) -> Result<(), BridgeError> {
        let Some(socket) = self.socket.take() else { return Ok(()) };
        let address = self.address;
        let listener = tokio::net::TcpListener::from_std(socket)
            .map_err(|source| BridgeError::Listen { flag: "--admin-listen", address, source })?;
        let port = self.port.clone();
        let answer = move |request, _: &ConnectionPhase| ready(port.answer(&request));
        let serving = server::serve(listener, self.limits.clone(), over.clone(), answer);
        parts.start_endless("admin port", serving);
        Ok(())
    }
}
