//! The series of the spool.
//!
//! They are copied from its own status before each exposition, so that nothing counts twice.

use crate::metrics::{FloatGauge, counters};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

/// The series of the spool; at zero where there is none.
pub struct SpoolSeries {
    records: Gauge,
    bytes: Gauge,
    oldest: FloatGauge,
    appended: Counter,
    drained: Counter,
    set_aside: Vec<Counter>,
}

/// How the spool stands, for its series.
#[derive(Debug, Default, Clone, Copy)]
pub struct SpoolFigures {
    /// Records that wait.
    pub records: u64,
    /// The bytes of all its files.
    pub bytes: u64,
    /// When the oldest of them was received.
    pub oldest: Option<SystemTime>,
    /// Records appended by this process.
    pub appended: u64,
    /// Records released by this process after their acks.
    pub drained: u64,
    /// Rows set aside by this process, or found missing from a damaged file.
    pub rows_set_aside: u64,
    /// Damaged files set aside by this process.
    pub files_set_aside: u64,
}

impl SpoolSeries {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let series = Self {
            records: Gauge::default(),
            bytes: Gauge::default(),
            oldest: FloatGauge::default(),
            appended: Counter::default(),
            drained: Counter::default(),
            set_aside: counters(
                registry,
                ("spool_set_aside", "Damaged or refused rows, and damaged files, set aside"),
                "what",
                ["row", "file"].into_iter(),
            ),
        };
        registry.register("spool_records", "Records that wait on disk", series.records.clone());
        registry.register("spool_bytes", "Bytes of the spool's files", series.bytes.clone());
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
        self.records.set(gauge(figures.records));
        self.bytes.set(gauge(figures.bytes));
        let oldest = figures.oldest.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        self.oldest.set(oldest.unwrap_or(Duration::ZERO).as_secs_f64());
        for (counter, value) in [
            (&self.appended, figures.appended),
            (&self.drained, figures.drained),
            (&self.set_aside[0], figures.rows_set_aside),
            (&self.set_aside[1], figures.files_set_aside),
        ] {
            counter.inner().store(value, Ordering::Relaxed);
        }
    }
}
