//! The series of the spool.
//!
//! They are copied from its own status before each exposition, so that nothing counts twice.

use crate::metrics::{FloatGauge, series};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

/// The series of the spool; at zero where there is none.
pub struct SpoolSeries {
    records: Gauge,
    bytes: Gauge,
    used: Gauge,
    limit: Gauge,
    oldest: FloatGauge,
    appended: Counter,
    drained: Counter,
    rows_quarantined: Counter,
    files_quarantined: Counter,
    rows_in_quarantine: Gauge,
    files_in_quarantine: Gauge,
    missing: Counter,
}

/// The state of the spool, for its series.
#[derive(Debug, Default, Clone, Copy)]
pub struct SpoolFigures {
    /// Records that wait.
    pub records: u64,
    /// The bytes of all its files.
    pub bytes: u64,
    /// Those of them that are not free for further records.
    pub used: u64,
    /// The most that they may be.
    pub limit: u64,
    /// When the oldest of them was received.
    pub oldest: Option<SystemTime>,
    /// Records appended by this process.
    pub appended: u64,
    /// Records released by this process after their acks.
    pub drained: u64,
    /// Rows quarantined by this process.
    pub rows_quarantined: u64,
    /// Damaged files quarantined by this process.
    pub files_quarantined: u64,
    /// Rows in quarantine.
    pub rows_in_quarantine: u64,
    /// Damaged files that lie in the folder.
    pub files_in_quarantine: u64,
    /// Rows that a damaged file should have held.
    pub rows_missing: u64,
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
            rows_quarantined: quarantined_of("row"),
            files_quarantined: quarantined_of("file"),
            rows_in_quarantine: kept_of("row"),
            files_in_quarantine: kept_of("file"),
            missing,
        }
    }

    /// Takes in the state of the spool; called before each exposition.
    pub fn set(&self, figures: &SpoolFigures) {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        for (series, value) in [
            (&self.records, figures.records),
            (&self.bytes, figures.bytes),
            (&self.used, figures.used),
            (&self.limit, figures.limit),
            (&self.rows_in_quarantine, figures.rows_in_quarantine),
            (&self.files_in_quarantine, figures.files_in_quarantine),
        ] {
            series.set(gauge(value));
        }
        let oldest = figures.oldest.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        self.oldest.set(oldest.unwrap_or(Duration::ZERO).as_secs_f64());
        for (counter, value) in [
            (&self.appended, figures.appended),
            (&self.drained, figures.drained),
            (&self.rows_quarantined, figures.rows_quarantined),
            (&self.files_quarantined, figures.files_quarantined),
            (&self.missing, figures.rows_missing),
        ] {
            counter.inner().store(value, Ordering::Relaxed);
        }
    }
}
