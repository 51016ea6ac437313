//! How posts reach a server.

use crate::tls::Client;
use std::net::SocketAddr;

/// Where to, over what, and on which connections.
#[derive(Clone)]
pub struct Way {
    /// Of the server.
    pub to: SocketAddr,
    /// How long a connection lasts.
    pub life: Life,
    /// Over TLS, with the sessions of this sender.
    pub tls: Option<Client>,
}

/// How long a connection lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// As long as the load does.
    Kept,
    /// One post: it is opened for it, and closed behind its answer.
    OnePost,
}
