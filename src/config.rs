//! What the flags of `serve` mean: files read, values checked, combinations judged.
//!
//! Promise: a [`Config`] can be run as it is; an error names the flag, and where there is one the
//! file and the line. It opens no socket.

use crate::args::{self, KafkaArgs, ServeArgs};
use crate::delivery::kafka::settings::{Origin, PropertyError, Settings};
use crate::delivery::spool::{LEAST_LIMIT, SpoolOptions};
use crate::webhook::authenticator::Authenticator;
use crate::webhook::body::BodyLimits;
use crate::webhook::credentials::Credentials;
use crate::webhook::ingest::Access;
use crate::webhook::notification::contract::{Contract, UnknownEvents, Validation};
use crate::webhook::patient_stream::Patience;
use bytesize::ByteSize;
use fluent_uri::UriRef;
use std::fmt::Display;
use std::net::{Ipv6Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroUsize};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

/// Under this no broker can answer; zero would mean "for ever" to librdkafka.
const LEAST_ACK_TIMEOUT: Duration = Duration::from_millis(10);
/// Longer than any sender waits.
const MOST_ACK_TIMEOUT: Duration = Duration::from_secs(300);
/// Longer than anybody waits, and far from what a clock cannot add.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// With its headers it is under the 1,000,000,000 bytes that a message of librdkafka and a row of
/// `SQLite` may have.
const LARGEST_BODY: ByteSize = ByteSize::mb(999);
/// More files than one process can have open.
const MOST_CONNECTIONS: usize = 1_000_000;
/// Kafka's own limit on a topic's name.
const TOPIC_LENGTH: usize = 249;
/// The right of everybody to read a file.
const OTHERS_READ: u32 = 0o004;

/// Everything that `serve` needs, checked.
pub struct Config {
    /// `--listen`
    pub listen: SocketAddr,
    /// `--admin-listen`
    pub admin_listen: SocketAddr,
    /// `--path`
    pub path: String,
    /// `--credentials` or `--no-auth`
    pub access: Access,
    /// `--brokers`, `--kafka-config`, `--kafka-property`, `--ack-timeout`
    pub kafka: Settings,
    /// `--spool`, `--spool-max-bytes`
    pub spool: Option<SpoolOptions>,
    /// `--topic`
    pub topic: Arc<str>,
    /// `--validation`, `--unknown-events`
    pub contract: Contract,
    /// `--max-body`, `--max-in-flight-bytes`, `--read-timeout`
    pub limits: BodyLimits,
    /// `--idle-timeout`, `--read-timeout`
    pub patience: Patience,
    /// `--max-connections`
    pub max_connections: NonZeroUsize,
    /// `--grace`
    pub grace: Duration,
    /// `--workers`
    pub workers: NonZeroU16,
    /// `--source`
    pub source: String,
}

/// A flag, or a file that it names, cannot be taken.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct ConfigError {
    /// The flag, and file and line where there are some.
    place: String,
    reason: String,
}

impl ConfigError {
    fn new(place: impl Display, reason: impl Display) -> Self {
        Self { place: place.to_string(), reason: reason.to_string() }
    }
}

impl Config {
    /// Reads what the flags name and checks them all.
    pub fn new(args: ServeArgs) -> Result<Self, ConfigError> {
        let limits = limits(&args)?;
        Ok(Self {
            access: access(&args)?,
            kafka: kafka(&args.kafka, args.ack_timeout)?,
            spool: spool(&args)?,
            topic: topic(&args.topic)?,
            contract: contract(&args),
            patience: Patience {
                idle: positive("--idle-timeout", args.idle_timeout)?,
                read: limits.read_timeout,
            },
            limits,
            path: path(args.path)?,
            source: source(args.source)?,
            listen: args.listen,
            admin_listen: args.admin_listen,
            max_connections: max_connections(args.max_connections)?,
            grace: at_most_a_day("--grace", args.grace)?,
            workers: args.workers,
        })
    }
}

fn spool(args: &ServeArgs) -> Result<Option<SpoolOptions>, ConfigError> {
    let (max_bytes, least) = (args.spool_max_bytes, ByteSize(LEAST_LIMIT));
    match &args.spool {
        Some(_) if max_bytes < least => Err(ConfigError::new(
            "--spool-max-bytes",
            format_args!(
                "{} is too small, the least that works is {}",
                max_bytes.display().iec(),
                least.display().iec()
            ),
        )),
        Some(dir) => Ok(Some(SpoolOptions { dir: dir.clone(), max_bytes: max_bytes.as_u64() })),
        None => Ok(None),
    }
}

fn access(args: &ServeArgs) -> Result<Access, ConfigError> {
    match (&args.credentials, args.no_auth) {
        (Some(file), false) => {
            let text = secret_file("--credentials", file)?;
            let credentials = Credentials::parse(&text).map_err(|error| {
                ConfigError::new(format_args!("--credentials {}", file.display()), error)
            })?;
            Ok(Access::Restricted(Arc::new(Authenticator::new(credentials))))
        }
        (None, true) => Ok(Access::Open),
        (Some(_), true) => {
            Err(ConfigError::new("--no-auth", "cannot be used together with --credentials"))
        }
        (None, false) => Err(ConfigError::new(
            "--credentials",
            "name the file of those who may post, or say --no-auth",
        )),
    }
}

/// What the flags of Kafka mean; a post waits for `ack_timeout`.
pub fn kafka(args: &KafkaArgs, ack_timeout: Duration) -> Result<Settings, ConfigError> {
    if !args.brokers.split(',').all(is_broker) {
        return Err(ConfigError::new("--brokers", "expected host:port, separated by commas"));
    }
    if !(LEAST_ACK_TIMEOUT..=MOST_ACK_TIMEOUT).contains(&ack_timeout) {
        return Err(ConfigError::new("--ack-timeout", "expected 10ms to 5m"));
    }
    let mut settings = Settings::new(&args.brokers, ack_timeout);
    if let Some(file) = &args.kafka_config {
        let text = secret_file("--kafka-config", file)?;
        settings.read_lines(&text).map_err(|error| property(&error, file))?;
    }
    // The environment has one variable for all of them: one a line.
    for given in args.kafka_properties.iter().flat_map(|given| given.lines()) {
        settings
            .set(given, Origin::Flag)
            .map_err(|error| ConfigError::new("--kafka-property", error))?;
    }
    settings.check().map_err(|reason| {
        ConfigError::new("--kafka-config and --kafka-property, taken together", reason)
    })?;
    Ok(settings)
}

/// `host:port`, the host an IPv6 address in brackets where it holds colons.
fn is_broker(broker: &str) -> bool {
    let Some((host, port)) = broker.rsplit_once(':') else { return false };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let plain = |c: char| c.is_ascii_alphanumeric() || ['.', '-', '_'].contains(&c);
    let named = !host.is_empty() && host.chars().all(plain);
    let numbered = bracketed.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
    port.parse::<NonZeroU16>().is_ok() && (named || numbered)
}

fn property(error: &PropertyError, file: &Path) -> ConfigError {
    match error.origin {
        Origin::Flag => ConfigError::new("--kafka-property", error),
        Origin::Line(line) => {
            ConfigError::new(format_args!("--kafka-config {}:{line}", file.display()), error)
        }
    }
}

/// Reads a file that may hold secrets, and warns where everybody can.
fn secret_file(flag: &str, file: &Path) -> Result<String, ConfigError> {
    let fail =
        |error: io::Error| ConfigError::new(format_args!("{flag} {}", file.display()), error);
    let text = fs::read_to_string(file).map_err(fail)?;
    let mode = fs::metadata(file).map_err(fail)?.permissions().mode();
    if mode & OTHERS_READ != 0 {
        tracing::warn!(file = %file.display(), "every user of this machine can read the secrets in this file");
    }
    Ok(text)
}

fn topic(name: &str) -> Result<Arc<str>, ConfigError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&c);
    let fits = (1..=TOPIC_LENGTH).contains(&name.len()) && !matches!(name, "." | "..");
    if fits && name.chars().all(legal) {
        return Ok(name.into());
    }
    Err(ConfigError::new("--topic", "expected 1 to 249 of the characters a-z A-Z 0-9 . _ -"))
}

fn path(path: String) -> Result<String, ConfigError> {
    let plain = UriRef::parse(path.as_str()).is_ok_and(|uri| uri.path().as_str() == path);
    if path.starts_with('/') && plain {
        return Ok(path);
    }
    Err(ConfigError::new("--path", "expected a path such as /webhook, without a query"))
}

fn source(source: String) -> Result<String, ConfigError> {
    match UriRef::parse(source.as_str()) {
        Ok(_) if !source.is_empty() => Ok(source),
        Ok(_) | Err(_) => Err(ConfigError::new("--source", "expected a URI-reference (RFC 3986)")),
    }
}

fn contract(args: &ServeArgs) -> Contract {
    Contract {
        validation: match args.validation {
            args::Validation::Documented => Validation::Documented,
            args::Validation::Envelope => Validation::Envelope,
        },
        unknown_events: match args.unknown_events {
            args::UnknownEvents::Reject => UnknownEvents::Reject,
            args::UnknownEvents::Forward => UnknownEvents::Forward,
        },
    }
}

fn limits(args: &ServeArgs) -> Result<BodyLimits, ConfigError> {
    if args.max_body == ByteSize(0) {
        return Err(ConfigError::new("--max-body", "expected at least one byte"));
    }
    if args.max_body > LARGEST_BODY {
        return Err(ConfigError::new(
            "--max-body",
            "expected at most 999MB: with its headers, a record ends at 1GB",
        ));
    }
    if args.max_in_flight_bytes < args.max_body {
        return Err(ConfigError::new(
            "--max-in-flight-bytes",
            "is below --max-body: the largest post would never be taken",
        ));
    }
    Ok(BodyLimits {
        max_body: args.max_body,
        in_flight: args.max_in_flight_bytes,
        read_timeout: positive("--read-timeout", args.read_timeout)?,
    })
}

/// A time that is there, and that somebody would wait for.
pub fn positive(flag: &str, time: Duration) -> Result<Duration, ConfigError> {
    if time.is_zero() {
        return Err(ConfigError::new(flag, "expected more than 0"));
    }
    at_most_a_day(flag, time)
}

fn at_most_a_day(flag: &str, time: Duration) -> Result<Duration, ConfigError> {
    if time > DAY { Err(ConfigError::new(flag, "expected at most 1day")) } else { Ok(time) }
}

fn max_connections(connections: NonZeroUsize) -> Result<NonZeroUsize, ConfigError> {
    if connections.get() > MOST_CONNECTIONS {
        return Err(ConfigError::new("--max-connections", "expected at most 1000000"));
    }
    Ok(connections)
}
