//! Where the spans of `serve` go: to a collector, by OTLP over HTTP. A build without the feature
//! `otlp` has none.
//!
//! Promise: nothing is recorded and nothing is sent until a collector is named. No post waits for a
//! span: what the collector does not take in time is lost, counted, and told in the log.

#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "otlp")]
mod endpoint;
#[cfg(feature = "otlp")]
mod exporter;
#[cfg(feature = "otlp")]
mod pipeline;
#[cfg(feature = "otlp")]
mod span_queue;
#[cfg(feature = "otlp")]
mod variables;

use crate::args::otlp::OtlpArgs;
use crate::cli::Failure;
use crate::config::ConfigError;
use crate::spans::Tracer;

/// Starts what flags and variables ask for; `scheme` is that of the webhook port.
#[cfg(feature = "otlp")]
pub(super) fn tracer(args: &OtlpArgs, scheme: &'static str) -> Result<Tracer, Failure> {
    pipeline::start(args, scheme)
}

/// Starts nothing.
#[cfg(not(feature = "otlp"))]
#[expect(clippy::unnecessary_wraps, reason = "the other build may fail")]
pub(super) fn tracer(_: &OtlpArgs, _: &'static str) -> Result<Tracer, Failure> {
    Ok(Tracer::default())
}

/// What speaks against flags and variables.
#[cfg(feature = "otlp")]
pub(super) fn fault(args: &OtlpArgs) -> Option<ConfigError> {
    endpoint::Endpoint::of(args).err()
}

/// Nothing: there are none.
#[cfg(not(feature = "otlp"))]
pub(super) fn fault(_: &OtlpArgs) -> Option<ConfigError> {
    None
}
