//! The flags of `serve`.

use crate::args::address::address;
use crate::args::count::{connections, workers};
use crate::args::{KafkaArgs, LogArgs};
use bytesize::ByteSize;
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU16, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

/// Event loops, each with a producer of its own and so with batches of its own.
///
/// Beside one, on two cores that load generator and Kafka share, at 64, 256 and 1,024 connections: two
/// answer 0.94, 0.90 and 1.11 times as many posts a second for 1.02, 1.13 and 1.02 times the CPU per
/// post, four 0.67, 0.79 and 1.01 times as many for 1.61, 1.45 and 1.08 times. (Medians of seven rounds
/// of `cargo bench --bench speed -- --rounds 7 --curve "--workers N"`.)
const WORKERS: &str = "1";

/// The flags of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where senders post; port 0 takes a free one
    #[arg(long, env = "HOOKBRIDGE_LISTEN", value_parser = address, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// The one path that takes posts; make it hard to guess where there is no other protection
    #[arg(long, env = "HOOKBRIDGE_PATH", default_value = "/webhook")]
    pub path: String,

    /// Where /livez, /readyz and /metrics answer; listen beyond loopback for a kubelet's probes
    #[arg(
        long,
        env = "HOOKBRIDGE_ADMIN_LISTEN",
        value_parser = address,
        value_name = "ADDR",
        default_value = "127.0.0.1:9090"
    )]
    pub admin_listen: SocketAddr,

    /// Who may post: lines of `user:HASH [app_id,…]`, HASH as `htpasswd -nBC 10` writes or plain:SECRET
    #[arg(long, env = "HOOKBRIDGE_CREDENTIALS", value_name = "FILE")]
    pub credentials: Option<PathBuf>,

    /// Take posts without credentials, where something in front checks them
    #[arg(long, env = "HOOKBRIDGE_NO_AUTH", value_parser = BoolishValueParser::new())]
    pub no_auth: bool,

    /// Networks of the proxies in front, whose word on the sender's address is taken (for the log):
    /// from Forwarded or X-Forwarded-For. May be repeated; the environment takes them comma-separated
    #[arg(
        long = "trusted-proxy",
        env = "HOOKBRIDGE_TRUSTED_PROXY",
        value_name = "CIDR",
        value_delimiter = ',',
        value_parser = network
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// Which Kafka
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// The topic that records go to; it must exist
    #[arg(long, env = "HOOKBRIDGE_TOPIC", default_value = "video.events")]
    pub topic: String,

    /// Write to a topic that is compacted and nothing else, which keeps one record of each app_id
    #[arg(long, env = "HOOKBRIDGE_ALLOW_COMPACTED_TOPIC", value_parser = BoolishValueParser::new())]
    pub allow_compacted_topic: bool,

    /// How long a post waits for Kafka; raise it for brokers far away, stay under the sender's own
    #[arg(long, env = "HOOKBRIDGE_ACK_TIMEOUT", value_parser = humantime::parse_duration, value_name = "TIME", default_value = "2500ms")]
    pub ack_timeout: Duration,

    /// Keep posts on disk while Kafka is away, in this folder; without it they get 503
    #[arg(long, env = "HOOKBRIDGE_SPOOL", value_name = "DIR")]
    pub spool: Option<PathBuf>,

    /// The most that all files of the spool may take up, at least 16MiB; beyond it posts get 503. To
    /// fit the disk, or to bridge longer outages
    #[arg(
        long,
        env = "HOOKBRIDGE_SPOOL_MAX_BYTES",
        requires = "spool",
        value_name = "SIZE",
        default_value = "1GiB"
    )]
    pub spool_max_bytes: ByteSize,

    /// How long records on disk for another topic than --topic wait while the brokers do not show it;
    /// then they are quarantined, so that others are not held up
    #[arg(
        long,
        env = "HOOKBRIDGE_MISSING_TOPIC_TIMEOUT",
        requires = "spool",
        value_parser = humantime::parse_duration,
        value_name = "TIME",
        default_value = "10m"
    )]
    pub missing_topic_timeout: Duration,

    /// What is asked of a notification: its documented contract, or type and app_id alone
    #[arg(long, env = "HOOKBRIDGE_VALIDATION", value_enum, default_value_t = Validation::Documented)]
    pub validation: Validation,

    /// What becomes of types that the provider adds: refused, or forwarded with type and app_id checked
    #[arg(long, env = "HOOKBRIDGE_UNKNOWN_EVENTS", value_enum, default_value_t = UnknownEvents::Reject)]
    pub unknown_events: UnknownEvents,

    /// The largest body, at most 999MB; keep it under the topic's max.message.bytes
    #[arg(long, env = "HOOKBRIDGE_MAX_BODY", value_name = "SIZE", default_value = "1MiB")]
    pub max_body: ByteSize,

    /// How long a post may take to arrive, from its first byte
    #[arg(long, env = "HOOKBRIDGE_READ_TIMEOUT", value_parser = humantime::parse_duration, value_name = "TIME", default_value = "10s")]
    pub read_timeout: Duration,

    /// How long a connection is kept between posts; longer than the sender's pool keeps it
    #[arg(long, env = "HOOKBRIDGE_IDLE_TIMEOUT", value_parser = humantime::parse_duration, value_name = "TIME", default_value = "120s")]
    pub idle_timeout: Duration,

    /// Connections at once; more wait in the kernel's queue
    #[arg(long, env = "HOOKBRIDGE_MAX_CONNECTIONS", value_parser = connections, allow_negative_numbers = true, value_name = "N", default_value = "4096")]
    pub max_connections: NonZeroUsize,

    /// All bodies in memory together; posts over it get 503
    #[arg(
        long,
        env = "HOOKBRIDGE_MAX_IN_FLIGHT_BYTES",
        value_name = "SIZE",
        default_value = "64MiB"
    )]
    pub max_in_flight_bytes: ByteSize,

    /// How long a stop may take; under the supervisor's own limit (Kubernetes: 30s)
    #[arg(long, env = "HOOKBRIDGE_GRACE", value_parser = humantime::parse_duration, value_name = "TIME", default_value = "20s")]
    pub grace: Duration,

    /// Event loops. One carries tens of thousands of posts a second; two make smaller batches
    #[arg(long, env = "HOOKBRIDGE_WORKERS", value_parser = workers, allow_negative_numbers = true, value_name = "N", default_value = WORKERS)]
    pub workers: NonZeroU16,

    /// The `ce_source` of every record, a URI-reference
    #[arg(long, env = "HOOKBRIDGE_SOURCE", value_name = "URI", default_value = "hookbridge")]
    pub source: String,

    /// How the log looks
    #[command(flatten)]
    pub log: LogArgs,
}

/// `--validation`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Validation {
    /// The documented fields of the type
    Documented,
    /// `type` and `app_id` alone
    Envelope,
}

/// `--unknown-events`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UnknownEvents {
    /// 422
    Reject,
    /// Published, with the envelope checked
    Forward,
}

/// A network, or the address of one machine; blanks behind a comma pass.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let text = text.trim();
    let machine = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| machine()).map_err(|_| "expected a network such as 10.0.0.0/8")
}
