//! Ports for what must be given its own before it listens, or listens on it again; and one
//! where nobody does.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Mutex;

/// A broker that is not there: port 1 is nobody's.
pub const NOBODY: &str = "127.0.0.1:1";

/// Below Linux's ephemeral ports: while the owner is down, nobody who asks for port 0 or connects
/// is given its port.
const PORTS: std::ops::Range<u16> = 16_000..32_000;

/// Nothing listened on it a moment ago, and nobody else in this process was given it: a Kafka node
/// is given twenty before it listens on the first.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap();
    std::iter::repeat_with(|| fastrand::u16(PORTS))
        .take(PORTS.len())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok() && given.insert(*port))
        .expect("one of sixteen thousand ports is free")
}
