//! The spans that have ended and are to be sent.
//!
//! Promise: at most [`MOST`] wait; what comes while so many do is lost, and counted. It takes a span
//! without waiting for anything. The SDK's own queue behind it is as long, so that it loses none unseen.

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// The two of each post that the default of `--max-connections` lets be under way. Measured: 6 MB.
const MOST: usize = 2 * 4096;

/// See the module.
#[derive(Debug)]
pub(super) struct SpanQueue {
    batches: BatchSpanProcessor,
    counts: Arc<SpanCounts>,
}

/// What is known of spans between those who end them and who sends them.
#[derive(Debug, Default)]
pub(super) struct SpanCounts {
    waiting: AtomicUsize,
    lost: AtomicU64,
}

impl SpanCounts {
    /// Whether there is room for one more, which waits then.
    fn admit(&self) -> bool {
        let admitted = self.waiting.fetch_add(1, Ordering::Relaxed) < MOST;
        if !admitted {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.lose(1);
        }
        admitted
    }

    /// So many wait no more: they are under way.
    pub(super) fn leave(&self, spans: usize) {
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
    }

    /// So many do not come to the collector.
    pub(super) fn lose(&self, spans: usize) {
        self.lost.fetch_add(spans as u64, Ordering::Relaxed);
    }

    /// Whether any were lost since it was asked last.
    pub(super) fn has_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) > 0
    }

    /// How many were lost since it was asked last.
    pub(super) fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}

impl SpanQueue {
    /// Spans leave it in batches, on a thread of their own.
    pub(super) fn before(exporter: impl SpanExporter + 'static, counts: Arc<SpanCounts>) -> Self {
        let config = BatchConfigBuilder::default().with_max_queue_size(MOST).build();
        Self { batches: BatchSpanProcessor::new(exporter, config), counts }
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.counts.admit() {
            self.batches.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_beyond_the_bound_is_lost_and_counted_until_others_leave() {
        let counts = SpanCounts::default();
        assert!((0..MOST).all(|_| counts.admit()));
        assert!(!counts.admit() && !counts.admit());
        assert_eq!((counts.take_lost(), counts.take_lost()), (2, 0));
        counts.leave(1);
        assert!(counts.admit() && !counts.admit());
    }
}
