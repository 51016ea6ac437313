//! The flags of where spans go, under the names of OpenTelemetry's variables. A build without the
//! feature `otlp` has none of them.

use clap::Args;
#[cfg(feature = "otlp")]
use std::path::PathBuf;

/// As `-h` and `--help` put them together.
#[cfg(feature = "otlp")]
const TRACES: &str = "Traces";

/// See the module.
#[derive(Debug, Clone, Args)]
pub struct OtlpArgs {
    /// A collector that takes OTLP over HTTP
    ///
    /// Its URL, to which /v1/traces is added. Without it no span is recorded. OpenTelemetry's other
    /// variables are heeded as docs/reference.md says
    #[cfg(feature = "otlp")]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", help_heading = TRACES, value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// The same with its path
    ///
    /// Nothing is added to it; wins over --otlp-endpoint
    #[cfg(feature = "otlp")]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", help_heading = TRACES, value_name = "URL")]
    pub otlp_traces_endpoint: Option<String>,

    /// Who may sign the collector's certificate
    ///
    /// Certificates in PEM, in the place of those that the system trusts
    #[cfg(feature = "otlp")]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_CERTIFICATE", help_heading = TRACES, value_name = "FILE")]
    pub otlp_certificate: Option<PathBuf>,
}
