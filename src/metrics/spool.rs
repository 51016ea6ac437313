//! The series of the spool.
//!
//! They are copied from its own status before each exposition ([`crate::admin`]), so that nothing
//! counts twice.

use crate::metrics::{FloatGauge, series};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// The series of the spool; at zero where there is none.
pub struct SpoolSeries {
    /// Records that wait.
    pub records: Gauge,
    /// The bytes of all its files.
    pub bytes: Gauge,
    /// Those of them that are not free for further records.
    pub used: Gauge,
    /// The most that they may be.
    pub limit: Gauge,
    /// When the oldest record was received, in Unix time.
    pub oldest: FloatGauge,
    /// Records appended by this process.
    pub appended: Counter,
    /// Records released by this process after their acks.
    pub drained: Counter,
    /// Rows that their topic has refused, and the dead-letter topic has.
    pub dead_lettered: Counter,
    /// Rows quarantined by this process.
    pub rows_quarantined: Counter,
    /// Damaged files quarantined by this process.
    pub files_quarantined: Counter,
    /// Rows in quarantine.
    pub rows_in_quarantine: Gauge,
    /// Damaged files that lie in the folder.
    pub files_in_quarantine: Gauge,
    /// Rows that a damaged file should have held.
    pub missing: Counter,
}

impl SpoolSeries {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let quarantined = Family::<[(&str, &str); 1], Counter>::default();
        let quarantined_of = |what| quarantined.get_or_create(&[("what", what)]).clone();
        let kept = Family::<[(&str, &str); 1], Gauge>::default();
        let kept_of = |what| kept.get_or_create(&[("what", what)]).clone();
        registry.register(
            "spool_quarantined",
            "Refused rows and damaged files that were put in quarantine",
            quarantined.clone(),
        );
        registry.register(
            "spool_quarantine",
            "Rows and damaged files that are in quarantine",
            kept.clone(),
        );
        let missing = "Records that should be on disk and are not there or do not check";
        let missing = series(registry, "spool_missing", missing);
        let records = series(registry, "spool_records", "Records that wait on disk");
        let bytes = series(registry, "spool_bytes", "Bytes of the spool's files");
        let used = "Bytes of the spool's files without what is free for further records";
        let used = series(registry, "spool_used_bytes", used);
        let limit = "Most bytes that the spool's files may be; 0: there is no spool";
        let limit = series(registry, "spool_limit_bytes", limit);
        let oldest = FloatGauge::default();
        registry.register_with_unit(
            "spool_oldest_timestamp",
            "When the oldest record on disk was received; 0: none waits",
            Unit::Seconds,
            oldest.clone(),
        );
        Self {
            records,
            bytes,
            used,
            limit,
            oldest,
            appended: series(registry, "spool_appended", "Records written to disk"),
            drained: series(registry, "spool_drained", "Records moved from disk to Kafka"),
            dead_lettered: series(
                registry,
                "spool_dead_lettered",
                "Records on disk that were refused and went to the dead-letter topic",
            ),
            rows_quarantined: quarantined_of("row"),
            files_quarantined: quarantined_of("file"),
            rows_in_quarantine: kept_of("row"),
            files_in_quarantine: kept_of("file"),
            missing,
        }
    }
}
