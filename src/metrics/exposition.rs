//! The two texts that the series can be written as.
//!
//! They differ in more than their names: the classic one knows no kind `info`, no units and no end,
//! and has `_total` in the name of a counter's family
//! (`findings/prometheus-classic-parsers-of-open-metrics.sh`).

use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;
use std::fmt;

/// A format of the exposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `OpenMetrics` 1.0.
    OpenMetrics,
    /// Prometheus' own text, 0.0.4, which most parsers outside Prometheus know alone.
    Classic,
}

impl Format {
    /// Its media type without parameters, in lower case.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text",
            Self::Classic => "text/plain",
        }
    }

    /// The value of its parameter `version`.
    pub const fn version(self) -> &'static str {
        match self {
            Self::OpenMetrics => "1.0.0",
            Self::Classic => "0.0.4",
        }
    }

    pub(super) fn write(self, registry: &Registry) -> Result<String, fmt::Error> {
        let mut written = String::new();
        match self {
            Self::OpenMetrics => text::encode(&mut written, registry)?,
            Self::Classic => prometheus_text::encode(&mut written, registry)?,
        }
        Ok(written)
    }
}
