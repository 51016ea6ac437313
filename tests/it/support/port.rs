//! Ports for what must be told its own before it listens, or listens on it again.

use std::net::TcpListener;

/// Below Linux's ephemeral ports: while the owner is down, nobody who asks for port 0 or connects
/// is given its port.
const PORTS: std::ops::Range<u16> = 16_000..32_000;

/// Nothing listened on it a moment ago.
pub(crate) fn free_port() -> u16 {
    std::iter::repeat_with(|| fastrand::u16(PORTS))
        .take(PORTS.len())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of sixteen thousand ports is free")
}
