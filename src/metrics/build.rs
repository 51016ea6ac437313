//! What runs, as `hookbridge_build_info` shows it.

use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The labels of `hookbridge_build_info`.
pub struct Build {
    /// The package's version.
    pub version: &'static str,
    /// The commit that it was built from, `unknown` outside a checkout.
    pub commit: &'static str,
    /// librdkafka's version.
    pub librdkafka: String,
}

impl Build {
    pub(super) fn register(&self, registry: &mut Registry) {
        let labels = [
            ("version", self.version),
            ("commit", self.commit),
            ("librdkafka", self.librdkafka.as_str()),
        ];
        let labels = labels.map(|(label, value)| (label.to_owned(), value.to_owned()));
        registry.register("build", "What runs", Info::new(labels.to_vec()));
    }
}
