//! The series of the senders' connections.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The series of a port's connections; those of a port that shows none are the default.
#[derive(Debug, Clone, Default)]
pub struct ConnectionSeries {
    /// That are served.
    pub open: Gauge,
    /// The most that are served at once.
    pub limit: Gauge,
    /// That are accepted and wait for room.
    pub waiting: Gauge,
    /// That were closed to make room.
    pub displaced: Counter,
}

impl ConnectionSeries {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let series = Self::default();
        registry.register("connections", "Open connections of senders", series.open.clone());
        registry.register(
            "connections_limit",
            "The most that are served at once, --max-connections",
            series.limit.clone(),
        );
        registry.register(
            "connections_waiting",
            "Connections that wait for room, one for each event loop; more wait in the kernel",
            series.waiting.clone(),
        );
        registry.register(
            "connections_displaced",
            "Idle connections that were closed to make room for others",
            series.displaced.clone(),
        );
        series
    }
}
