//! Batches of spans to the collector, and what the log says of it.
//!
//! Promise: that spans cannot be sent is said once, and once that they are sent again, with how many
//! were lost. A batch is tried again as OpenTelemetry's exporter does it: three times, within a second or
//! two where the collector is away, and within half a minute where it hangs.

use crate::cli::otlp::collector::LastFault;
use crate::cli::otlp::span_queue::SpanCounts;
use crate::lock::Lock;
use crate::rare_line::RareLine;
use opentelemetry_otlp::SpanExporter as OtlpExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two lines on spans that were lost while the collector took others.
const LINE: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub(super) struct Exporter {
    otlp: OtlpExporter,
    endpoint: String,
    last_fault: LastFault,
    counts: Arc<SpanCounts>,
    health: Lock<Health>,
    lost: RareLine,
}

/// How it went last, and since when.
#[derive(Debug, Clone, Copy, Default)]
enum Health {
    #[default]
    Untried,
    Sends(Instant),
    Fails(Instant),
}

impl Exporter {
    pub(super) fn new(
        otlp: OtlpExporter,
        endpoint: String,
        last_fault: LastFault,
        counts: Arc<SpanCounts>,
    ) -> Self {
        let (health, lost) = (Lock::default(), RareLine::every(LINE));
        Self { otlp, endpoint, last_fault, counts, health, lost }
    }

    fn ended(&self, ended: &OTelSdkResult) {
        let now = Instant::now();
        let mut health = self.health.lock();
        match (ended, *health) {
            (Ok(()), Health::Fails(since)) => {
                let (after_seconds, lost) = ((now - since).as_secs(), self.counts.take_lost());
                tracing::info!(after_seconds, lost, "spans are sent to the collector again");
                *health = Health::Sends(now);
            }
            (Ok(()), Health::Untried) => *health = Health::Sends(now),
            (Ok(()), Health::Sends(_)) => {
                if self.counts.has_lost() && self.lost.note(now).is_some() {
                    self.sum_up();
                }
            }
            (Err(_), Health::Fails(_)) => {}
            (Err(error), Health::Untried | Health::Sends(_)) => {
                let after_seconds = match *health {
                    Health::Sends(since) => Some((now - since).as_secs()),
                    Health::Untried | Health::Fails(_) => None,
                };
                let error = self.last_fault.lock().take().unwrap_or_else(|| error.to_string());
                let endpoint = &self.endpoint;
                tracing::warn!(
                    error,
                    endpoint,
                    after_seconds,
                    "spans cannot be sent to the collector"
                );
                *health = Health::Fails(now);
            }
        }
    }

    fn sum_up(&self) {
        let lost = self.counts.take_lost();
        if lost > 0 {
            tracing::warn!(lost, "spans were lost");
        }
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.counts.leave(spans);
        let ended = self.otlp.export(batch).await;
        if ended.is_err() {
            self.counts.lose(spans);
        }
        self.ended(&ended);
        ended
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        self.sum_up();
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}
