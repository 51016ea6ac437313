//! `/livez`, `/readyz` and `/metrics`: what an operator's machines ask.
//!
//! Promise: an answer costs no thread and no connection to Kafka, and is there while the data path
//! is busy, and while the bridge starts. `/livez` does not look at Kafka: to restart the bridge would
//! not bring it back. `/readyz` is 200 when a post could be made durable now: it starts unready,
//! without proof.

mod accept;
mod readiness;
pub mod status_line;

use crate::admin::readiness::{Readiness, ServingState};
use crate::admin::status_line::StatusLine;
use crate::delivery::availability::Availability;
use crate::delivery::kafka::throttle::Throttle;
use crate::delivery::shared_gate::SharedGate;
use crate::delivery::spool::status::Status;
use crate::delivery::topic::Topic;
use crate::lock::Lock;
use crate::metrics::exposition::Format;
use crate::metrics::spool::SpoolSeries;
use crate::metrics::{Metrics, unix_seconds};
use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderValue, VARY};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::Full;
use hyper::{Request, Response};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
const CLASSIC: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Answers the admin port, from when the bridge has it.
#[derive(Default)]
pub struct AdminPort {
    /// What the start waits for.
    waits_for: Lock<String>,
    /// Once posts are taken.
    running: OnceLock<Arc<Admin>>,
}

/// What a bridge that runs answers there.
pub struct Admin {
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// What is known of Kafka.
    pub availability: Arc<Availability>,
    /// What Kafka holds back.
    pub throttle: Arc<Throttle>,
    /// The topic that is checked.
    pub topic: Topic,
    /// The name of the dead-letter topic, and what is known of it, where there is one.
    pub dead_letters: Option<(Arc<str>, Arc<Availability>)>,
    /// The gate and the spool, where there is one.
    pub gate: Option<Arc<SharedGate>>,
    /// Cancelled once the bridge takes no more posts.
    pub stop: CancellationToken,
}

impl AdminPort {
    /// Says what the start waits for.
    pub fn waits_for(&self, what: String) {
        *self.waits_for.lock() = what;
    }

    /// From here on the bridge runs, and this answers. To be called once.
    pub fn runs(&self, admin: Arc<Admin>) {
        drop(self.running.set(admin));
    }

    /// Answers one request.
    pub fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response =
                text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are taken\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match (request.uri().path(), self.running.get()) {
            ("/livez", _) => text(StatusCode::OK, "alive\n"),
            ("/readyz", Some(admin)) => readyz(&admin.readiness()),
            ("/readyz", None) => readyz(&Readiness::starting(&self.waits_for.lock())),
            ("/metrics", Some(admin)) => admin.exposition(request.headers()),
            ("/metrics", None) => text(StatusCode::SERVICE_UNAVAILABLE, "the bridge starts\n"),
            _ => text(StatusCode::NOT_FOUND, "here are /livez, /readyz and /metrics\n"),
        }
    }
}

impl Admin {
    /// What `/readyz` says, in one line.
    pub fn status_line(&self) -> StatusLine {
        StatusLine::of(&self.readiness())
    }

    fn readiness(&self) -> Readiness {
        let serving_state =
            if self.stop.is_cancelled() { ServingState::Stopping } else { ServingState::Serving };
        let spool = self.gate.as_ref();
        let spool = spool.map(|spool| (spool.status(), spool.spool().status().room));
        let known = (&self.availability.knowledge(), self.throttle.longest());
        let hindrance = self.gate.as_ref().and_then(|spool| spool.hindrance());
        let readiness = Readiness::new(serving_state, &self.topic, known, spool).naming(hindrance);
        match &self.dead_letters {
            Some((topic, availability)) => readiness.beside(topic, &availability.knowledge()),
            None => readiness,
        }
    }

    fn exposition(&self, asked: &HeaderMap) -> Response<Full<Bytes>> {
        if let Some(gate) = &self.gate {
            copy(&gate.spool().status(), &self.metrics.spool);
        }
        let throttled = self.throttle.longest().unwrap_or_default();
        self.metrics.kafka_throttle.set(throttled.as_secs_f64());
        let format = accept::format(asked);
        let kind = match format {
            Format::OpenMetrics => OPENMETRICS,
            Format::Classic => CLASSIC,
        };
        match self.metrics.exposition(format) {
            Ok(body) => {
                let mut response = response(StatusCode::OK, kind, body.into());
                response.headers_mut().insert(VARY, HeaderValue::from(ACCEPT));
                response
            }
            Err(error) => {
                tracing::error!(%error, "cannot write the metrics");
                text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n")
            }
        }
    }
}

fn readyz(readiness: &Readiness) -> Response<Full<Bytes>> {
    let status =
        if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_vec(readiness).expect("readiness has text keys alone");
    response(status, JSON, body.into())
}

/// Copies the status of the spool into its series.
fn copy(status: &Status, series: &SpoolSeries) {
    for (gauge, value) in [
        (&series.records, status.rows),
        (&series.bytes, status.file_bytes),
        (&series.used, status.used_bytes),
        (&series.limit, status.limit_bytes),
        (&series.rows_in_quarantine, status.quarantined_rows),
        (&series.files_in_quarantine, status.quarantined_files),
    ] {
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    }
    series.oldest.set(status.oldest.map_or(0.0, unix_seconds));
    for (counter, value) in [
        (&series.appended, status.totals.appended),
        (&series.drained, status.totals.drained),
        (&series.rows_quarantined, status.totals.quarantined_rows),
        (&series.files_quarantined, status.totals.quarantined_files),
        (&series.missing, status.totals.missing_rows),
    ] {
        counter.inner().store(value, Ordering::Relaxed);
    }
}

fn text(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    response(status, TEXT, Bytes::from_static(body.as_bytes()))
}

fn response(status: StatusCode, kind: HeaderValue, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
