//! Every series that the bridge exposes, and the only file that knows their names.
//!
//! Promise: each series that counts is at zero from the start, no label takes a value from a post, and
//! every received post ends in exactly one [`Outcome`], so that
//! `hookbridge_received_total = sum(hookbridge_outcomes_total) + hookbridge_in_flight`.
//! It does not decide anything: who ends a post is in [`crate::post`].

mod process;

pub mod build;
pub mod connections;
pub mod exposition;
pub mod reloads;
pub mod spool;

use crate::metrics::build::Build;
use crate::metrics::connections::{ConnectionSeries, HandshakeSeries};
use crate::metrics::exposition::Format;
use crate::metrics::reloads::ReloadSeries;
use crate::metrics::spool::SpoolSeries;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

/// A closed set of label values, with the text of each.
macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of the enum.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The text of the label.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

labels! {
    /// How a post ended. For a refusal this is the `code` of its problem document.
    Outcome {
        /// Kafka acked the record.
        Published = "published",
        /// The spool has synced the record to disk.
        Spooled = "spooled",
        /// An invalid post is on the dead-letter topic, or on disk for it.
        DeadLettered = "dead_lettered",
        /// The head can be read in more than one way.
        InvalidHead = "invalid_head",
        /// No such path.
        NotFound = "not_found",
        /// The path takes POST alone.
        MethodNotAllowed = "method_not_allowed",
        /// Credentials are missing, malformed or wrong.
        Unauthorized = "unauthorized",
        /// The body came with a content coding.
        UnsupportedEncoding = "unsupported_encoding",
        /// The body is over `--max-body`.
        TooLarge = "too_large",
        /// The body came slower than `--read-timeout`.
        TooSlow = "too_slow",
        /// The memory budget or the queue of credential checks is full.
        Overloaded = "overloaded",
        /// The sender left, or broke the framing, before its body was whole.
        IncompleteBody = "incomplete_body",
        /// The body is not JSON.
        MalformedJson = "malformed_json",
        /// The body is JSON, but not one object.
        NotAnObject = "not_an_object",
        /// `type` or `app_id` comes twice.
        RepeatedField = "repeated_field",
        /// The type is none of the four.
        UnknownEvent = "unknown_event",
        /// A field breaks the contract of its type.
        InvalidNotification = "invalid_notification",
        /// The credential may not speak for this app_id.
        ForbiddenApp = "forbidden_app",
        /// Kafka did not ack in time or is known to be away, and the disk did not take the record.
        Unavailable = "unavailable",
        /// The record is over the topic's limit.
        RecordRefused = "record_refused",
    }
}

labels! {
    /// What a notification is about: the `type` label of accepted ones. What each must hold is in
    /// [`crate::webhook::notification::event`].
    EventKind {
        /// A session ended.
        Roomdrop = "roomdrop",
        /// The recordings of single participants are ready.
        Recording = "recording",
        /// A composed recording is ready.
        Transcoded = "transcoded",
        /// Files were delivered to the customer's own storage.
        FileTransfer = "file-transfer",
        /// A type that the documentation does not know, forwarded on request.
        Other = "other",
    }
}

labels! {
    /// The `what` label of files that are read again.
    Reloaded {
        /// `--credentials`
        Credentials = "credentials",
        /// `--tls-cert` and `--tls-key`
        Certificate = "certificate",
    }
}

/// Buckets of both histograms: from a loopback ack to the longest wait, about 2.2 apart.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// A gauge of seconds or other fractions.
pub type FloatGauge = Gauge<f64, AtomicU64>;

/// The series. Made once by the bridge and handed down in an `Arc`.
pub struct Metrics {
    registry: Registry,
    outcomes: Vec<Counter>,
    accepted: Vec<Counter>,
    last_accepted: Vec<FloatGauge>,
    /// Requests that reached the bridge's own code, on any path and with any method.
    pub received: Counter,
    /// Posts refused for a password that is longer than what a hash is made of.
    pub long_passwords: Counter,
    /// From a post's first handling to its answer, or to its ack where the sender had left.
    pub answer_seconds: Histogram,
    /// From the hand-over to librdkafka to the ack.
    pub ack_seconds: Histogram,
    /// Connections of senders.
    pub connections: ConnectionSeries,
    /// TLS handshakes of senders.
    pub handshakes: HandshakeSeries,
    /// Posts received and without an outcome yet.
    pub in_flight: Gauge,
    /// Bytes of all bodies in memory.
    pub in_flight_bytes: Gauge,
    /// 1 while Kafka is held to be there.
    pub kafka_up: Gauge,
    /// 1 while the dead-letter topic is held to take records; 0 also where there is none.
    pub dead_letter_topic_up: Gauge,
    /// How long brokers hold their answers back.
    pub kafka_throttle: FloatGauge,
    /// Files that are read again.
    pub reloads: ReloadSeries,
    /// The spool; at zero where there is none.
    pub spool: SpoolSeries,
}

impl Metrics {
    /// All series, at zero. `build` is what `--version` prints; `lines_dropped` is counted where the
    /// log is written.
    pub fn new(build: &Build, lines_dropped: Counter) -> Self {
        let mut all = Registry::default();
        all.register_collector(Box::new(process::ProcessCollector::new()));
        let registry = all.sub_registry_with_prefix("hookbridge");
        let received = series(registry, "received", "Requests that reached the bridge's own code");
        let long_passwords = series(
            registry,
            "long_passwords",
            "Posts refused because their password is over 72 bytes",
        );
        let outcomes = counters(
            registry,
            ("outcomes", "Posts by how they ended; exactly one each"),
            "outcome",
            Outcome::ALL.iter().map(|o| o.as_str()),
        );
        let types = || EventKind::ALL.iter().map(|e| e.as_str());
        let accepted = counters(
            registry,
            ("accepted", "Notifications answered 200, by type"),
            "type",
            types(),
        );
        let last = Family::<[(&str, &str); 1], FloatGauge>::default();
        let last_accepted = types().map(|t| last.get_or_create(&[("type", t)]).clone()).collect();
        registry.register_with_unit(
            "last_accepted_timestamp",
            "When a notification of the type was last answered 200; 0: never",
            Unit::Seconds,
            last,
        );
        let mut histogram = |name, help| {
            let made = Histogram::new(SECONDS);
            registry.register_with_unit(name, help, Unit::Seconds, made.clone());
            made
        };
        let answer_seconds = histogram("answer", "From the head of a post to its outcome");
        let ack_seconds = histogram("ack", "From the hand-over to the Kafka client to the ack");
        let connections = ConnectionSeries::new(registry);
        let handshakes = HandshakeSeries::new(registry);
        let in_flight = series(registry, "in_flight", "Posts that have no outcome yet");
        let in_flight_bytes = series(registry, "in_flight_bytes", "Bytes of all bodies in memory");
        let up = "1 while Kafka is held to be there, by acks and probes";
        let kafka_up = series(registry, "kafka_up", up);
        let up =
            "1 while the dead-letter topic is held to take records; 0 also where there is none";
        let dead_letter_topic_up = series(registry, "dead_letter_topic_up", up);
        let kafka_throttle = FloatGauge::default();
        registry.register_with_unit(
            "kafka_throttle",
            "The longest that a broker held an answer back for a quota, of the last seconds",
            Unit::Seconds,
            kafka_throttle.clone(),
        );
        registry.register(
            "log_lines_dropped",
            "Lines of the log that nobody read in time, or that could not be written",
            lines_dropped,
        );
        let reloads = ReloadSeries::new(registry);
        let spool = SpoolSeries::new(registry);
        build.register(registry);
        Self {
            registry: all,
            outcomes,
            accepted,
            last_accepted,
            received,
            long_passwords,
            answer_seconds,
            ack_seconds,
            connections,
            handshakes,
            in_flight,
            in_flight_bytes,
            kafka_up,
            dead_letter_topic_up,
            kafka_throttle,
            reloads,
            spool,
        }
    }

    /// The counter of an outcome.
    pub fn outcome(&self, outcome: Outcome) -> &Counter {
        &self.outcomes[outcome as usize]
    }

    /// Counts a notification that was answered 200.
    pub fn accepted(&self, event: EventKind) {
        self.accepted[event as usize].inc();
        self.last_accepted[event as usize].set(unix_seconds(SystemTime::now()));
    }

    /// The whole exposition.
    pub fn exposition(&self, format: Format) -> Result<String, fmt::Error> {
        format.write(&self.registry)
    }
}

/// A time as series show it, in seconds of Unix time; one before 1970 is 0.
pub(crate) fn unix_seconds(at: SystemTime) -> f64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

/// Registers a series, and gives it.
fn series<M: Metric + Clone + Default>(
    registry: &mut Registry,
    name: &'static str,
    help: &'static str,
) -> M {
    let made = M::default();
    registry.register(name, help, made.clone());
    made
}

/// Registers a counter family with one label and returns a counter for each value, in order.
fn counters(
    registry: &mut Registry,
    (name, help): (&str, &str),
    label: &'static str,
    values: impl Iterator<Item = &'static str>,
) -> Vec<Counter> {
    let family = Family::<[(&str, &str); 1], Counter>::default();
    let made = values.map(|value| family.get_or_create(&[(label, value)]).clone()).collect();
    registry.register(name, help, family);
    made
}

#[cfg(test)]
mod tests;
