//! What begins spans, and has the last of them sent at the end.
//!
//! Promise: a span begins only where the sampler takes the trace. It is a value that is handed down;
//! nothing is registered for the whole process.

use crate::spans::Arrival;
use crate::spans::recorded::conventions::SCHEMA_URL;
use crate::spans::recorded::request_span::RequestSpan;
use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use std::time::Duration;
use tokio::task::spawn_blocking;

/// What this library is called in its spans.
const SCOPE: &str = "hookbridge";

/// See the module; by default no span begins.
#[derive(Debug, Clone, Default)]
pub struct Tracer(Option<Started>);

#[derive(Debug, Clone)]
struct Started {
    tracer: SdkTracer,
    provider: SdkTracerProvider,
    scheme: &'static str,
}

impl Tracer {
    /// Of what samples and sends; `scheme` is that of the webhook port.
    pub fn new(provider: SdkTracerProvider, scheme: &'static str) -> Self {
        let scope = InstrumentationScope::builder(SCOPE)
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(SCHEMA_URL)
            .build();
        let tracer = provider.tracer_with_scope(scope);
        Self(Some(Started { tracer, provider, scheme }))
    }

    /// Begins the span of a request, if its trace is sampled.
    pub fn receive<'a>(&self, arrival: impl FnOnce() -> Arrival<'a>) -> RequestSpan {
        match &self.0 {
            Some(Started { tracer, scheme, .. }) => RequestSpan::begin(tracer, scheme, &arrival()),
            None => RequestSpan::default(),
        }
    }

    /// Sends what is left, for so long at most. What ends later is not sent.
    pub async fn end(self, within: Duration) {
        let Some(Started { provider, .. }) = self.0 else { return };
        let ending = spawn_blocking(move || provider.shutdown_with_timeout(within));
        if ending.await.is_ok_and(|ended| ended.is_err()) {
            tracing::warn!("spans were left behind at the end");
        }
    }
}
