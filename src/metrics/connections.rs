//! The series of the senders' connections.

use crate::metrics::series;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

/// The series of a port's connections; those of a port that shows none are the default.
#[derive(Debug, Clone, Default)]
pub struct ConnectionSeries {
    /// That are served.
    pub open: Gauge,
    /// The most that were served at once since somebody took the figure; no series.
    pub most_open: Arc<AtomicI64>,
    /// The most that are served at once.
    pub limit: Gauge,
    /// That are accepted and wait for room.
    pub waiting: Gauge,
    /// That were closed to make room.
    pub displaced: Counter,
    /// That ended because no request could be read.
    pub refused_heads: Counter,
}

/// The series of TLS handshakes.
#[derive(Debug, Clone, Default)]
pub struct HandshakeSeries {
    /// That ended well.
    pub full: Counter,
    /// That ended well and took up a session.
    pub resumed: Counter,
    /// That did not.
    pub failed: Counter,
}

impl HandshakeSeries {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let family = Family::<[(&str, &str); 1], Counter>::default();
        let of = |result| family.get_or_create(&[("result", result)]).clone();
        let series = Self { full: of("full"), resumed: of("resumed"), failed: of("failed") };
        registry.register("tls_handshakes", "TLS handshakes of senders, by how they ended", family);
        series
    }
}

impl ConnectionSeries {
    pub(super) fn new(registry: &mut Registry) -> Self {
        Self {
            open: series(registry, "connections", "Open connections of senders"),
            most_open: Arc::default(),
            limit: series(
                registry,
                "connections_limit",
                "The most that are served at once, --max-connections",
            ),
            waiting: series(
                registry,
                "connections_waiting",
                "Connections that wait for room, one for each event loop; more wait in the kernel",
            ),
            displaced: series(
                registry,
                "connections_displaced",
                "Connections without a whole head that were closed to make room for others",
            ),
            refused_heads: series(
                registry,
                "heads_refused",
                "Connections of senders that ended with a bare 400, 414 or 431: no HTTP, or too long a head",
            ),
        }
    }
}
