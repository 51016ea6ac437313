//! What the flags of `serve` mean: files read, values checked, combinations judged.
//!
//! Promise: a [`Config`] can be run as it is; an error names the flag, and where there is one the
//! file and the line. It opens no socket.

pub mod grace;
pub mod kafka;
pub mod redrive;
pub mod bounds;
pub mod reload;
pub mod review;
pub mod secret_file;
pub mod tls;

mod access;
mod dead_letters;

use crate::args::rules::{RulesArgs, UnknownEventsFlag, ValidationFlag};
use crate::args::serve::ServeArgs;
use crate::clock::Clock;
use crate::config::access::{Access, access};
use crate::config::bounds::{at_most_a_day, limits, max_connections, positive};
use crate::config::dead_letters::dead_letter_topic;
use crate::config::grace::{Beside, Grace};
use crate::config::reload::Reloadable;
use crate::config::tls::{TlsFiles, tls};
use crate::delivery::kafka::settings::Settings;
use crate::delivery::spool::{LEAST_LIMIT, SpoolOptions};
use crate::delivery::topic::topic_config::Compaction;
use crate::webhook::http::body::BodyLimits;
use crate::webhook::http::timeout_stream::Timeouts;
use crate::webhook::http::tls::Certificate;
use crate::webhook::http::trusted_proxies::TrustedProxies;
use crate::webhook::ingest::Authentication;
use crate::webhook::notification::contract::{Contract, UnknownEvents, Validation};
use bytesize::ByteSize;
use fluent_uri::UriRef;
use std::fmt::Display;
use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

/// Kafka's own limit on a topic's name.
const TOPIC_LENGTH: usize = 249;

/// Everything that `serve` needs, checked.
pub struct Config {
    /// `--listen`
    pub listen: SocketAddr,
    /// `--admin-listen`
    pub admin_listen: SocketAddr,
    /// `--reuse-port`
    pub port_reuse: PortReuse,
    /// `--path`
    pub path: String,
    /// `--credentials` or `--no-auth`
    pub access: Authentication,
    /// How many users the credentials have at the start.
    pub users: Option<usize>,
    /// Files that are read again when they have changed.
    pub reloadables: Vec<Arc<Reloadable>>,
    /// `--reload`: between looks at them; none looks only when it is asked to.
    pub reload: Option<Duration>,
    /// `--brokers`, `--kafka-config`, `--kafka-property`, `--ack-timeout`
    pub kafka: Settings,
    /// `--spool`, `--spool-max-bytes`
    pub spool: Option<SpoolOptions>,
    /// `--missing-topic-timeout`
    pub missing_topic_timeout: Duration,
    /// `--topic`
    pub topic: Arc<str>,
    /// `--invalid`, `--dead-letter-topic`: none where invalid posts are refused.
    pub dead_letter_topic: Option<Arc<str>>,
    /// `--allow-compacted-topic`
    pub compaction: Compaction,
    /// `--validation`, `--unknown-events`
    pub contract: Contract,
    /// `--max-body`, `--max-in-flight-bytes`, `--read-timeout`
    pub limits: BodyLimits,
    /// `--idle-timeout`, `--read-timeout`
    pub timeouts: Timeouts,
    /// `--trusted-proxy`
    pub trusted_proxies: TrustedProxies,
    /// `--tls-cert`, `--tls-key`
    pub certificate: Option<Arc<Certificate>>,
    /// `--max-connections`
    pub max_connections: NonZeroUsize,
    /// `--grace`
    pub grace: Grace,
    /// `--workers`
    pub workers: NonZeroU16,
    /// `--source`
    pub source: String,
    /// The system's; no flag moves it.
    pub clock: Clock,
}

/// Whether another bridge may have the ports before this one, and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortReuse {
    /// They are bound, and closed.
    Alone,
    /// They are taken over from a bridge that ends, and handed over to the next.
    HandOver,
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
    /// Of a flag, and file and line where there are some.
    pub fn new(place: impl Display, reason: impl Display) -> Self {
        Self { place: place.to_string(), reason: reason.to_string() }
    }
}

impl Config {
    /// Reads what the flags name and checks them all.
    pub fn new(args: ServeArgs) -> Result<Self, ConfigError> {
        let limits = limits(&args)?;
        let Access { authentication, users, reloadable } = access(&args)?;
        let tls = tls(&args)?.map(|TlsFiles { certificate, reloadable }| (certificate, reloadable));
        let (certificate, certificate_files) = tls.unzip();
        let reload = at_most_a_day("--reload", args.reload)?;
        let kafka = kafka::settings(&args.kafka, args.ack_timeout)?;
        let spool = spool(&args)?;
        let beside = if spool.is_some() { Beside::Spool } else { Beside::Nothing };
        let grace = Grace::new(at_most_a_day("--grace", args.grace)?, beside);
        grace.check(args.ack_timeout)?;
        Ok(Self {
            access: authentication,
            users,
            reloadables: reloadable.into_iter().chain(certificate_files).map(Arc::new).collect(),
            certificate,
            reload: (!reload.is_zero()).then_some(reload),
            kafka,
            spool,
            missing_topic_timeout: at_most_a_day(
                "--missing-topic-timeout",
                args.missing_topic_timeout,
            )?,
            topic: topic("--topic", &args.topic)?,
            dead_letter_topic: dead_letter_topic(&args)?,
            compaction: compaction(&args),
            contract: contract(args.rules),
            port_reuse: if args.reuse_port { PortReuse::HandOver } else { PortReuse::Alone },
            timeouts: Timeouts {
                idle: positive("--idle-timeout", args.idle_timeout)?,
                read: limits.read_timeout,
            },
            limits,
            trusted_proxies: TrustedProxies::new(args.trusted_proxies),
            path: path(&args.path)?,
            source: source(args.source)?,
            listen: args.listen,
            admin_listen: args.admin_listen,
            max_connections: max_connections(args.max_connections)?,
            grace,
            workers: args.workers,
            clock: Clock::system(),
        })
    }
}

/// A name that a topic may have.
pub fn topic(flag: &str, name: &str) -> Result<Arc<str>, ConfigError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&c);
    let fits = (1..=TOPIC_LENGTH).contains(&name.len()) && !matches!(name, "." | "..");
    if fits && name.chars().all(legal) {
        return Ok(name.into());
    }
    Err(ConfigError::new(flag, "expected 1 to 249 of the characters a-z A-Z 0-9 . _ -"))
}

/// `--path`
pub fn path(path: &str) -> Result<String, ConfigError> {
    let plain = UriRef::parse(path).is_ok_and(|uri| uri.path().as_str() == path);
    if path.starts_with('/') && plain {
        return Ok(path.to_owned());
    }
    Err(ConfigError::new("--path", "expected a path such as /webhook, without a query"))
}

fn source(source: String) -> Result<String, ConfigError> {
    match UriRef::parse(source.as_str()) {
        Ok(_) if !source.is_empty() => Ok(source),
        Ok(_) | Err(_) => Err(ConfigError::new("--source", "expected a URI-reference (RFC 3986)")),
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

fn compaction(args: &ServeArgs) -> Compaction {
    if args.allow_compacted_topic { Compaction::Allowed } else { Compaction::Refused }
}

/// How strictly notifications are read.
pub fn contract(rules: RulesArgs) -> Contract {
    Contract {
        validation: match rules.validation {
            ValidationFlag::Documented => Validation::Documented,
            ValidationFlag::Envelope => Validation::Envelope,
        },
        unknown_events: match rules.unknown_events {
            UnknownEventsFlag::Reject => UnknownEvents::Reject,
            UnknownEventsFlag::Forward => UnknownEvents::Forward,
        },
    }
}
