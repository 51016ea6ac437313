//! The series of files that are read again, and of what is in force.

use crate::metrics::{FloatGauge, Reloaded, unix_seconds};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::SystemTime;

const SUCCESS: &str = "success";
const FAILURE: &str = "failure";

/// The series.
#[derive(Debug, Clone)]
pub struct ReloadSeries {
    reloads: Family<[(&'static str, &'static str); 2], Counter>,
    last_used: Family<PasswordLabels, FloatGauge>,
    not_after: FloatGauge,
}

/// A live password: there are as many as lines in the credentials file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PasswordLabels {
    user: String,
    password: u64,
}

impl ReloadSeries {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let series = Self {
            reloads: Family::default(),
            last_used: Family::default(),
            not_after: FloatGauge::default(),
        };
        for what in Reloaded::ALL {
            for result in [SUCCESS, FAILURE] {
                drop(series.reloads.get_or_create(&[("what", what.as_str()), ("result", result)]));
            }
        }
        registry.register(
            "reloads",
            "Files that were read again, by whether they could be taken",
            series.reloads.clone(),
        );
        registry.register_with_unit(
            "credential_last_used_timestamp",
            "When a post last came with the first or second password of a user of the credentials \
             file, whatever became of it; 0: never since the start",
            Unit::Seconds,
            series.last_used.clone(),
        );
        registry.register_with_unit(
            "certificate_not_after_timestamp",
            "When the certificate of the webhook port ends; 0: it speaks no TLS",
            Unit::Seconds,
            series.not_after.clone(),
        );
        series
    }

    /// Counts a reload.
    pub fn count<E>(&self, what: Reloaded, result: &Result<(), E>) {
        let result = if result.is_ok() { SUCCESS } else { FAILURE };
        self.reloads.get_or_create(&[("what", what.as_str()), ("result", result)]).inc();
    }

    /// Shows when the certificate that is in force ends.
    pub fn show_certificate(&self, not_after: SystemTime) {
        self.not_after.set(unix_seconds(not_after));
    }

    /// Shows the live passwords, each with its user, its number among those of the user, and its last
    /// use.
    pub fn show_passwords(&self, passwords: Vec<(Arc<str>, u64, Option<SystemTime>)>) {
        self.last_used.clear();
        for (user, password, at) in passwords {
            let labels = PasswordLabels { user: user.to_string(), password };
            self.last_used.get_or_create(&labels).set(at.map_or(0.0, unix_seconds));
        }
    }
}
