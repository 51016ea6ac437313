//! The bare prototype: hyper and librdkafka put together as one does who has an hour.
//!
//! One current-thread runtime; rdkafka's `ThreadedProducer`, which reads reports on a thread of its
//! own, with a oneshot for each post; typed serde; seven headers with a SHA-256 for an id. It gives
//! the bridge's promise of a 200 (acks from all, idempotent), and nothing else of it: no
//! credentials, no contract, no limits, no deadline, no metrics, no log, no graceful end.

use crate::server::{accepted, refused, serve};
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, StatusCode};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Measured to be its best: batches gather while the one request is under way.
const PROPERTIES: [(&str, &str); 5] = [
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("linger.ms", "0"),
    ("max.in.flight.requests.per.connection", "1"),
    ("partitioner", "murmur2_random"),
];

struct Acks;

impl ClientContext for Acks {}

impl ProducerContext for Acks {
    type DeliveryOpaque = Box<oneshot::Sender<bool>>;

    fn delivery(&self, result: &DeliveryResult<'_>, acked: Self::DeliveryOpaque) {
        // The sender may have gone.
        let _ = acked.send(result.is_ok());
    }
}

/// The fields that are used.
#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    app_id: Cow<'a, str>,
    #[serde(borrow)]
    room_id: Cow<'a, str>,
    #[serde(borrow)]
    trans_date: Cow<'a, str>,
}

/// The child's job: posts to `topic` at `brokers`.
pub(crate) fn run(brokers: &str, topic: &str) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    for (key, value) in PROPERTIES {
        config.set(key, value);
    }
    let producer: ThreadedProducer<Acks> = config.create_with_context(Acks).unwrap();
    let (producer, topic) = (Arc::new(producer), Arc::<str>::from(topic));
    serve(None, move |request| {
        let (producer, topic) = (producer.clone(), topic.clone());
        async move {
            match answer(request, &producer, &topic).await {
                Ok(id) => accepted(&id),
                Err(status) => refused(status),
            }
        }
    });
}

async fn answer(
    request: Request<Incoming>,
    producer: &ThreadedProducer<Acks>,
    topic: &str,
) -> Result<String, StatusCode> {
    let body = request.into_body().collect().await.map_err(|_| StatusCode::BAD_REQUEST)?.to_bytes();
    let (id, acked) = send(&body, producer, topic)?;
    match acked.await {
        Ok(true) => Ok(id),
        Ok(false) | Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn send(
    body: &Bytes,
    producer: &ThreadedProducer<Acks>,
    topic: &str,
) -> Result<(String, oneshot::Receiver<bool>), StatusCode> {
    let notification: Notification<'_> =
        serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let digest = Sha256::new()
        .chain_update(notification.app_id.as_bytes())
        .chain_update([0])
        .chain_update(body)
        .finalize();
    let id = hex(&digest);
    let event_type = format!("video.{}", notification.r#type);
    let headers = [
        ("content-type", "application/json"),
        ("ce_specversion", "1.0"),
        ("ce_id", &*id),
        ("ce_source", "prototype"),
        ("ce_type", &*event_type),
        ("ce_subject", &*notification.room_id),
        ("ce_time", &*notification.trans_date),
    ];
    let headers = headers
        .into_iter()
        .fold(OwnedHeaders::new_with_capacity(headers.len()), |to, (key, value)| {
            to.insert(Header { key, value: Some(value) })
        });
    let (report, acked) = oneshot::channel();
    let record = BaseRecord::with_opaque_to(topic, Box::new(report))
        .key(&*notification.app_id)
        .payload(&body[..])
        .headers(headers);
    producer.send(record).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok((id, acked))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
