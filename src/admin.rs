//! `/livez`, `/readyz` and `/metrics`: what an operator's machines ask.
//!
//! Promise: an answer costs no thread and no connection to Kafka, and is there while the data path
//! is busy. `/livez` does not look at Kafka: to restart the bridge would not bring it back.
//! `/readyz` is 200 when a post could be made durable now, and never from hope: it starts unready.

mod accept;

use crate::delivery::availability::Availability;
use crate::delivery::availability::state::{Report, Topic};
use crate::delivery::crossing::{Crossing, Standing};
use crate::delivery::gate::State;
use crate::delivery::spool::status::{Room, Status};
use crate::metrics::Metrics;
use crate::metrics::exposition::Format;
use crate::metrics::spool::SpoolFigures;
use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderValue, VARY};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::Full;
use hyper::{Request, Response};
use serde::Serialize;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
const CLASSIC: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The status of a bridge that is ready.
const READY: &str = "ready";

/// Answers the admin port.
pub struct Admin {
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// What is known of Kafka.
    pub availability: Arc<Availability>,
    /// The topic that is checked.
    pub topic: Arc<str>,
    /// The gate and the spool, where there is one.
    pub crossing: Option<Arc<Crossing>>,
    /// Cancelled once the bridge takes no more posts.
    pub stop: CancellationToken,
}

/// The body of `/readyz`.
#[derive(Debug, Serialize)]
struct Readiness {
    status: &'static str,
    checks: Vec<Check>,
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
            "/metrics" => self.exposition(request.headers()),
            _ => text(StatusCode::NOT_FOUND, "here are /livez, /readyz and /metrics\n"),
        }
    }

    fn readyz(&self) -> Response<Full<Bytes>> {
        let readiness = self.readiness();
        let ready = readiness.status == READY;
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let body = serde_json::to_vec(&readiness).expect("readiness has text keys alone");
        response(status, JSON, body.into())
    }

    fn readiness(&self) -> Readiness {
        let (report, topic) = self.availability.report();
        let stopping = self.stop.is_cancelled();
        let bridge = if stopping { "stopping" } else { "serving" };
        let mut checks = vec![
            Check { name: "bridge", ok: !stopping, detail: bridge.to_owned() },
            kafka(report),
            self.topic(topic),
        ];
        let mut ready = checks.iter().all(|check| check.ok);
        if let Some(crossing) = &self.crossing {
            let standing = crossing.standing();
            let spool = spool(standing, crossing.spool().status().room);
            // Either bank will do: Kafka may be away while there is room on disk, and the disk may
            // be broken while posts go to Kafka.
            ready = !stopping && (spool.ok || ready && standing.state == State::Direct);
            checks.push(spool);
        }
        Readiness { status: if ready { READY } else { "not ready" }, checks }
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

    fn exposition(&self, asked: &HeaderMap) -> Response<Full<Bytes>> {
        if let Some(crossing) = &self.crossing {
            self.metrics.spool.set(&figures(&crossing.spool().status()));
        }
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

fn figures(status: &Status) -> SpoolFigures {
    SpoolFigures {
        records: status.rows,
        bytes: status.file_bytes,
        limit: status.limit_bytes,
        oldest: status.oldest,
        appended: status.totals.appended,
        drained: status.totals.drained,
        rows_set_aside: status.totals.set_aside_rows,
        rows_missing: status.totals.missing_rows,
        files_set_aside: status.totals.set_aside_files,
    }
}

fn spool(Standing { state, backlog }: Standing, room: Room) -> Check {
    let way = match state {
        State::Direct => "direct",
        State::Spooling => "spooling",
        State::Closing { .. } => "closing",
    };
    let (ok, room) = match room {
        Room::HasRoom => (true, String::new()),
        Room::Full { why } => (false, format!(", full: {why}")),
        Room::Broken { why } => (false, format!(", broken: {why}")),
    };
    Check { name: "spool", ok, detail: format!("{way}, {} waiting{room}", grouped(backlog)) }
}

/// With commas between thousands, for people.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_204, "1,204"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(number), text);
        }
    }
}
