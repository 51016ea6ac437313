//! From the tracer to the collector: sampler, queue, batches, OTLP.

use crate::args::otlp::OtlpArgs;
use crate::cli::otlp::collector::{Collector, EXCHANGE, LastFault};
use crate::cli::otlp::endpoint::Endpoint;
use crate::cli::otlp::exporter::Exporter;
use crate::cli::otlp::span_queue::{SpanCounts, SpanQueue};
use crate::cli::{Failure, version};
use crate::spans::Tracer;
use crate::spans::recorded::conventions::{SERVICE_NAME, SERVICE_VERSION};
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::sync::Arc;

/// What this program is called where no variable names it.
const NAME: &str = "hookbridge";
/// What a name begins with that the SDK made up.
const NAMELESS: &str = "unknown_service";

/// Starts the thread that sends, where a collector is named.
pub(super) fn start(args: &OtlpArgs, scheme: &'static str) -> Result<Tracer, Failure> {
    let endpoint = Endpoint::of(args).map_err(Failure::of_configuration)?;
    let Some(Endpoint { url, server }) = endpoint else { return Ok(Tracer::default()) };
    let (last_fault, counts) = (LastFault::default(), Arc::<SpanCounts>::default());
    let collector = Collector::new(server, last_fault.clone()).map_err(Failure::at_work)?;
    let otlp = SpanExporter::builder()
        .with_http()
        .with_http_client(collector)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&url)
        .with_timeout(EXCHANGE)
        .build()
        .map_err(Failure::of_configuration)?;
    tracing::info!(endpoint = url, "spans are sent to a collector");
    let exporter = Exporter::new(otlp, url, last_fault, counts.clone());
    // The sampler is that of OTEL_TRACES_SAMPLER: by the parent, and without one always.
    let provider = SdkTracerProvider::builder()
        .with_resource(resource())
        .with_span_processor(SpanQueue::before(exporter, counts))
        .build();
    Ok(Tracer::new(provider, scheme))
}

/// Who we are: as the variables say, by our own name where they do not.
fn resource() -> Resource {
    let detected = Resource::builder().build();
    let name = detected.get(&Key::from_static_str(SERVICE_NAME));
    let is_named = name.is_some_and(|name| !name.as_str().starts_with(NAMELESS));
    let version = KeyValue::new(SERVICE_VERSION, version::build().version);
    let builder = Resource::builder().with_attribute(version);
    if is_named { builder.build() } else { builder.with_service_name(NAME).build() }
}
