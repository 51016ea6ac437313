//! `/livez`, `/readyz` and `/metrics`: what an operator's machines ask.
//!
//! Promise: an answer costs no thread and no connection to Kafka, and is there while the data path
//! is busy. `/livez` does not look at Kafka: to restart the bridge would not bring it back.
//! `/readyz` is 200 when a post could be made durable now, and never from hope: it starts unready.

use crate::delivery::availability::Availability;
use crate::delivery::availability::state::{Report, Topic};
use crate::metrics::Metrics;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::Full;
use hyper::{Request, Response};
use serde::Serialize;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Answers the admin port.
pub struct Admin {
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// What is known of Kafka.
    pub availability: Arc<Availability>,
    /// The topic that is checked.
    pub topic: Arc<str>,
    /// Cancelled once the bridge takes no more posts.
    pub stop: CancellationToken,
}

/// The body of `/readyz`.
#[derive(Debug, Serialize)]
struct Readiness {
    status: &'static str,
    checks: [Check; 3],
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
}

impl Admin {
    /// Answers one request.
    pub fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response =
                text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are taken\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match request.uri().path() {
            "/livez" => text(StatusCode::OK, "alive\n"),
            "/readyz" => self.readyz(),
            "/metrics" => self.exposition(),
            _ => text(StatusCode::NOT_FOUND, "here are /livez, /readyz and /metrics\n"),
        }
    }

    fn readyz(&self) -> Response<Full<Bytes>> {
        let readiness = self.readiness();
        let ready = readiness.checks.iter().all(|check| check.ok);
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let body = serde_json::to_vec(&readiness).expect("readiness has text keys alone");
        response(status, JSON, body.into())
    }

    fn readiness(&self) -> Readiness {
        let (report, topic) = self.availability.report();
        let stopping = self.stop.is_cancelled();
        let bridge = if stopping { "stopping" } else { "serving" };
        let checks = [
            Check { name: "bridge", ok: !stopping, detail: bridge.to_owned() },
            kafka(report),
            self.topic(topic),
        ];
        let ready = checks.iter().all(|check| check.ok);
        Readiness { status: if ready { "ready" } else { "not ready" }, checks }
    }

    fn topic(&self, topic: Topic) -> Check {
        let name = &self.topic;
        let (ok, detail) = match topic {
            Topic::Unknown => (false, format!("{name}: not seen yet")),
            Topic::Missing { error } => (false, format!("{name}: {error}")),
            Topic::Present { partitions, led } => {
                (led > 0, format!("{name}: {led} of {partitions} partitions have a leader"))
            }
        };
        Check { name: "topic", ok, detail }
    }

    fn exposition(&self) -> Response<Full<Bytes>> {
        match self.metrics.exposition() {
            Ok(body) => response(StatusCode::OK, OPENMETRICS, body.into()),
            Err(error) => {
                tracing::error!(%error, "cannot write the metrics");
                text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n")
            }
        }
    }
}

fn kafka(report: Report) -> Check {
    let (ok, detail) = match report {
        Report::Up => (true, "acks or answers probes".to_owned()),
        Report::Untried => (false, "has not answered yet".to_owned()),
        Report::Doubted { why } | Report::Away { why } => (false, why),
    };
    Check { name: "kafka", ok, detail }
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
