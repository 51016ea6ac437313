//! An address to listen on, as it is typed.
//!
//! Promise: an IP address and a port. Names are not looked up: they may have several addresses,
//! and for others tomorrow.

use std::net::SocketAddr;

/// Reads one.
pub(super) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| {
        "an IP address and a port are wanted, and no name: 127.0.0.1:8080, [::1]:8080, or \
         0.0.0.0:8080 for all addresses"
    })
}
