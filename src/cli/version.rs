//! The build that runs, for `--version`, the log and the metrics.

use crate::delivery::kafka;
use crate::metrics::build::Build;

/// The build that runs.
pub fn build() -> Build {
    Build {
        version: env!("CARGO_PKG_VERSION"),
        commit: env!("HOOKBRIDGE_COMMIT"),
        librdkafka: kafka::client_version(),
    }
}

/// One line: version, commit, librdkafka's version.
pub fn line() -> String {
    let Build { version, commit, librdkafka } = build();
    format!("hookbridge {version} (commit {commit}, librdkafka {librdkafka})")
}
