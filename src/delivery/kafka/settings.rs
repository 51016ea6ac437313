//! The client's properties: what the operator may set, and what the promise rests on.
//!
//! Promise: whatever is given, a record that was acked is on all in-sync replicas, once per
//! attempt, in order, on the partition that Java's default partitioner would choose. A property
//! that could break this is refused with the reason, under its aliases too. It reads no files.

pub mod property_file;

mod consumer;
mod java;
mod refused;
mod security;

use crate::delivery::kafka::client_endings::ClientEndings;
use crate::delivery::kafka::client_log::ClientLog;
use crate::delivery::kafka::key_files::KeyVersion;
use crate::delivery::kafka::producer::Purpose;
use crate::delivery::kafka::settings::property_file::{KeyValue, NoKeyValue, PropertyFile};
use crate::delivery::kafka::settings::refused::{Permission, judge};
use crate::delivery::kafka::throttle::Throttle;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;
use std::sync::Arc;
use std::time::Duration;

/// The property of the requests that may be under way to one broker at once.
const IN_FLIGHT: &str = "max.in.flight.requests.per.connection";
/// Its default. While requests are under way, the next batch gathers by itself; more of them cost
/// latency where brokers are near, and gain it where they are far
/// (`docs/performance.md#what-to-set-for-brokers-that-are-far-away`).
const MAX_IN_FLIGHT: &str = "2";
/// How long librdkafka waits for a batch to fill, in milliseconds. A lone post goes at once; under
/// load batches gather while requests are under way
/// (`docs/performance.md#what-each-default-was-chosen-by`).
const LINGER: &str = "0";
/// The most that idempotence allows.
const MOST_IN_FLIGHT: u32 = 5;

/// librdkafka's own `message.max.bytes` and `batch.size`, in bytes.
pub const CLIENT_LIMIT: u32 = 1_000_000;
/// The largest `message.max.bytes` that librdkafka knows.
pub(super) const ANY_SIZE: &str = "1000000000";

/// Defaults that the operator may change. Compression (none) and the socket buffers (the kernel's)
/// are left as librdkafka has them: nothing else saves CPU
/// (`docs/performance.md#what-each-default-was-chosen-by`).
const DEFAULTS: &[(&str, &str)] = &[
    ("client.id", "hookbridge"),
    ("linger.ms", LINGER),
    (IN_FLIGHT, MAX_IN_FLIGHT),
    // So that the first ack comes soon after the broker
    // (docs/performance.md#what-each-default-was-chosen-by).
    ("reconnect.backoff.ms", "50"),
    ("reconnect.backoff.max.ms", "250"),
    // With librdkafka's own, one hung handshake would outlast every post's time-out.
    ("socket.connection.setup.timeout.ms", "1500"),
    ("socket.timeout.ms", "3000"),
    ("socket.nagle.disable", "true"),
    // The OpenSSL that is linked in knows no certificate authorities of its own.
    ("ssl.ca.location", "probe"),
];

/// Where a property was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `-X`/`--kafka-property`.
    Flag,
    /// A line of `--kafka-config FILE`, counted from 1.
    Line(usize),
}

/// A property that cannot be taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PropertyError {
    /// Where it was given.
    pub origin: Origin,
    reason: String,
}

/// The checked properties of all clients of one bridge.
#[derive(Clone)]
pub struct Settings {
    config: ClientConfig,
    ack_timeout: Duration,
    pub(super) log: Arc<ClientLog>,
    /// What producers see of quotas.
    pub throttle: Arc<Throttle>,
    /// The clients that are ending.
    pub endings: Arc<ClientEndings>,
    pub(super) keys: KeyVersion,
}

impl Settings {
    /// The defaults alone.
    pub fn new(brokers: &str, ack_timeout: Duration) -> Self {
        let mut config = ClientConfig::new();
        for (key, value) in DEFAULTS {
            config.set(*key, *value);
        }
        config.set("bootstrap.servers", brokers);
        config.set("allow.auto.create.topics", "false");
        let (log, throttle, endings, keys) = Default::default();
        Self { config, ack_timeout, log, throttle, endings, keys }
    }

    /// Takes the properties of `--kafka-config`; its brokers are left to whoever made these
    /// settings.
    pub fn read(&mut self, file: PropertyFile<'_>) -> Result<(), PropertyError> {
        file.properties().try_for_each(|(line, property)| self.set(property, Origin::Line(line)))
    }

    /// Takes one `key=value`. The value is never part of an error: it may be a secret.
    pub fn set(&mut self, property: &str, origin: Origin) -> Result<(), PropertyError> {
        let fail = |reason| Err(PropertyError { origin, reason });
        let Ok(property @ KeyValue { key, value }) = KeyValue::parse(property) else {
            return fail(NoKeyValue.to_string());
        };
        match judge(key, value) {
            Permission::Free => {}
            Permission::Anyway => return Ok(()),
            Permission::Refused(why) => return fail(format!("{key} may not be set: {why}")),
        }
        if let Some(wanted) = java::wanted(key, value) {
            return fail(format!("{key}: {wanted}"));
        }
        if property.name() == IN_FLIGHT {
            // librdkafka takes a number with anything behind it, such as a second property.
            match value.parse::<u32>() {
                Ok(1..=MOST_IN_FLIGHT) => {}
                Ok(_) => {
                    return fail(format!(
                        "{key} may not be over {MOST_IN_FLIGHT}, else idempotence would be lost, nor 0"
                    ));
                }
                Err(_) => return fail(format!("{key} takes one number and nothing behind it")),
            }
        }
        // librdkafka's own check of this one property, so that the error can name its place.
        if let Err(error) = ClientConfig::new().set(key, value).create_native_config() {
            return fail(format!("librdkafka does not take {key}: {}", words(&error, value)));
        }
        self.config.set(property.name(), value);
        Ok(())
    }

    /// The files that the properties name, each with its property.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &str)> {
        security::files(&self.config)
    }

    /// Whether they mean what they say, and librdkafka takes all properties together, and can read
    /// the files that they name. Connects to nothing.
    pub fn check(&self) -> Result<(), String> {
        security::check(&self.config)?;
        let mut config = self.producer(Purpose::Posts, self.batch_size(None));
        // Its end waits for the system's resolver where it has names to ask for.
        config.remove("bootstrap.servers");
        let client: Result<BaseProducer, _> = config.create();
        client.map(drop).map_err(|error| {
            if let KafkaError::ClientCreation(reason) = error { reason } else { error.to_string() }
        })
    }

    /// Where the cluster is asked for first.
    pub fn brokers(&self) -> &str {
        self.config.get("bootstrap.servers").unwrap_or_default()
    }

    /// The largest record, in bytes, if the operator has set it.
    pub fn message_max_bytes(&self) -> Option<u32> {
        self.config.get("message.max.bytes")?.parse().ok()
    }

    /// Whether batches may become smaller than their records.
    pub fn compresses(&self) -> bool {
        let names = ["compression.codec", "compression.type"];
        names.iter().filter_map(|name| self.config.get(name)).any(|codec| codec != "none")
    }

    /// How long a post waits for its ack.
    pub fn ack_timeout(&self) -> Duration {
        self.ack_timeout
    }

    /// The largest batch of several records, in bytes: a topic refuses more than `limit` at once,
    /// however small each record is (`findings/librdkafka-small-records-too-large-together.sh`).
    pub fn batch_size(&self, limit: Option<u32>) -> u32 {
        let given = self.config.get("batch.size").and_then(|given| given.parse().ok());
        given.unwrap_or(CLIENT_LIMIT).min(limit.unwrap_or(u32::MAX)).max(1)
    }

    /// What a producer is made with. It takes records of any size, unless the operator
    /// has set the largest: the publisher knows what the topic takes. librdkafka would learn it by
    /// a new producer alone, whose first ack takes half a second.
    pub(super) fn producer(&self, purpose: Purpose, batch_size: u32) -> ClientConfig {
        let mut config = self.config.clone();
        config.set("acks", "all");
        config.set("enable.idempotence", "true");
        config.set("partitioner", "murmur2_random");
        match purpose {
            Purpose::Posts => {
                config.set("message.timeout.ms", self.ack_timeout.as_millis().to_string());
            }
            Purpose::Drain => {
                // Else newer rows could be acked while older ones expire; and behind a batch that
                // failed for good nothing may be written.
                config.set("message.timeout.ms", "0");
                config.set("enable.gapless.guarantee", "true");
            }
            Purpose::Suspects => {
                config.set("message.timeout.ms", "0");
            }
        }
        config.set("batch.size", batch_size.to_string());
        if self.message_max_bytes().is_none() {
            config.set("message.max.bytes", ANY_SIZE);
        }
        config
    }

    /// What clients are made with that write nothing.
    pub(super) fn probe(&self) -> ClientConfig {
        self.config.clone()
    }
}

/// librdkafka's own words, without the value, which may be a secret.
fn words(error: &KafkaError, value: &str) -> String {
    let KafkaError::ClientConfig(_, said, ..) = error else {
        return "it does not say why".to_owned();
    };
    let quoted = format!(" \"{value}\"");
    let said = said.trim_end().replace(&quoted, "");
    match value.as_bytes() {
        [b'"', .., b'"'] | [b'\'', .., b'\''] => said + " (the quotes are a part of it)",
        _ => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new("127.0.0.1:9092", Duration::from_millis(2500))
    }

    #[test]
    fn more_in_flight_than_idempotence_allows_is_refused_by_name() {
        for key in ["max.in.flight", "max.in.flight.requests.per.connection"] {
            for refused in ["6", "0", "5,linger.ms=1", "5ms", ""] {
                assert!(settings().set(&format!("{key}={refused}"), Origin::Flag).is_err());
            }
            assert!(settings().set(&format!("{key}=5"), Origin::Flag).is_ok());
        }
    }

    #[test]
    fn an_error_in_the_file_names_its_line_and_not_its_value() {
        let text = "# brokers\n\nsecurity.protocol=sasl_ssl\nsasl.pasword=hush-hush\n";
        let error = settings().read(PropertyFile::new(text)).unwrap_err();
        assert_eq!(error.origin, Origin::Line(4));
        assert!(!error.to_string().contains("hush"), "{error}");
    }

    #[test]
    fn a_default_can_be_changed_under_its_alias() {
        let mut settings = settings();
        settings.set("queue.buffering.max.ms=7", Origin::Flag).unwrap();
        assert_eq!(settings.producer(Purpose::Posts, CLIENT_LIMIT).get("linger.ms"), Some("7"));
    }

    #[test]
    fn librdkafka_takes_the_defaults() {
        for purpose in [Purpose::Posts, Purpose::Drain, Purpose::Suspects] {
            settings().producer(purpose, CLIENT_LIMIT).create_native_config().unwrap();
        }
    }

    #[test]
    fn a_batch_obeys_the_limits_of_client_operator_and_topic() {
        let mut settings = settings();
        assert_eq!(settings.batch_size(None), CLIENT_LIMIT);
        assert_eq!(settings.batch_size(Some(1_048_588)), CLIENT_LIMIT);
        assert_eq!(settings.batch_size(Some(4000)), 4000);
        settings.set("batch.size=2000", Origin::Flag).unwrap();
        assert_eq!(settings.batch_size(Some(4000)), 2000);
    }
}
