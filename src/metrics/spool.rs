//! The series of the spool.
//!
//! They are copied from its own status before each exposition, so that nothing counts twice.

use crate::metrics::FloatGauge;
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
    rows_set_aside: Counter,
    files_set_aside: Counter,
    rows_aside: Gauge,
    files_aside: Gauge,
    missing: Counter,
}

/// How the spool stands, for its series.
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
    /// Rows set aside by this process.
    pub rows_set_aside: u64,
    /// Damaged files set aside by this process.
    pub files_set_aside: u64,
    /// Rows that lie set aside.
    pub rows_aside: u64,
    /// Damaged files that lie in the folder.
    pub files_aside: u64,
    /// Rows that a damaged file should have held.
    pub rows_missing: u64,
}

impl SpoolSeries {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let aside = Family::<[(&str, &str); 1], Counter>::default();
        let aside_of = |what| aside.get_or_create(&[("what", what)]).clone();
        let kept = Family::<[(&str, &str); 1], Gauge>::default();
        let kept_of = |what| kept.get_or_create(&[("what", what)]).clone();
        let series = Self {
            records: Gauge::default(),
            bytes: Gauge::default(),
            used: Gauge::default(),
            limit: Gauge::default(),
            oldest: FloatGauge::default(),
            appended: Counter::default(),
            drained: Counter::default(),
            rows_set_aside: aside_of("row"),
            files_set_aside: aside_of("file"),
            rows_aside: kept_of("row"),
            files_aside: kept_of("file"),
            missing: Counter::default(),
        };
        registry.register(
            "spool_set_aside",
            "Damaged or refused rows, and damaged files, set aside and kept",
            aside,
        );
        registry.register(
            "spool_kept_aside",
            "Rows and damaged files that lie set aside, whenever that was",
            kept,
        );
        registry.register(
            "spool_missing",
            "Records that a damaged file should have held and that could not be read",
            series.missing.clone(),
        );
        registry.register("spool_records", "Records that wait on disk", series.records.clone());
        registry.register("spool_bytes", "Bytes of the spool's files", series.bytes.clone());
        registry.register(
            "spool_used_bytes",
            "Bytes of the spool's files without the pages that are free for further records",
            series.used.clone(),
        );
        registry.register(
            "spool_limit_bytes",
            "Most bytes that the spool's files may be; 0: there is no spool",
            series.limit.clone(),
        );
        registry.register_with_unit(
            "spool_oldest_timestamp",
            "When the oldest record on disk was received; 0: none waits",
            Unit::Seconds,
            series.oldest.clone(),
        );
        registry.register("spool_appended", "Records written to disk", series.appended.clone());
        registry.register(
            "spool_drained",
            "Records moved from disk to Kafka",
            series.drained.clone(),
        );
        series
    }

    /// Takes in how the spool stands; called before each exposition.
    pub fn set(&self, figures: &SpoolFigures) {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        for (series, value) in [
            (&self.records, figures.records),
            (&self.bytes, figures.bytes),
            (&self.used, figures.used),
            (&self.limit, figures.limit),
            (&self.rows_aside, figures.rows_aside),
            (&self.files_aside, figures.files_aside),
        ] {
            series.set(gauge(value));
        }
        let oldest = figures.oldest.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        self.oldest.set(oldest.unwrap_or(Duration::ZERO).as_secs_f64());
        for (counter, value) in [
            (&self.appended, figures.appended),
            (&self.drained, figures.drained),
            (&self.rows_set_aside, figures.rows_set_aside),
            (&self.files_set_aside, figures.files_set_aside),
            (&self.missing, figures.rows_missing),
        ] {
            counter.inner().store(value, Ordering::Relaxed);
        }
    }
}
