//! The flags of `serve`.

use crate::args::kafka::{KAFKA, KafkaArgs};
use crate::args::otlp::OtlpArgs;
use crate::args::rules::{RULES, RulesArgs};
use crate::args::{LogArgs, address, network};
use bytesize::ByteSize;
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

/// Behind the flags in one line each.
pub(super) const BRIEF: &str = "\
Each flag has a variable, HOOKBRIDGE_ and its name in capitals, which --help shows; the flag wins.
Times are written 2500ms, 10s, 2m, sizes 512KiB, 1MiB.";

/// Behind all that is said of them.
pub(super) const EXAMPLES: &str = "\
Each flag has a variable, HOOKBRIDGE_ and its name in capitals, which --help shows; the flag wins.
Times are written 2500ms, 10s, 2m, sizes 512KiB, 1MiB.

Examples, for a Kafka on this machine, and for the shipped configuration in its place:
  hookbridge serve --brokers localhost:9092 --credentials config/credentials --spool spool
  (set -a; . /etc/hookbridge/bridge.env; exec hookbridge serve)";

/// Of `--topic`; the embedded broker of `dev` has it too.
pub const DEFAULT_TOPIC: &str = "video.events";

/// Of `--dead-letter-topic`.
pub const DEFAULT_DEAD_LETTER_TOPIC: &str = "video.events.dead-letters";

/// Event loops, each with a producer of its own and so with batches of its own
/// (`docs/performance.md#what-each-default-was-chosen-by`).
const WORKERS: &str = "1";

/// What `-h` and `--help` put together; the parts of `config/bridge.env`.
const LISTENING: &str = "Where the bridge listens";
const ACCESS: &str = "Who may post";
const SPOOL: &str = "The spool";
const LIMITS: &str = "Limits";

/// The flags of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Where senders post
    ///
    /// Port 0 takes a free one, which the log names. To be reached from outside, as in a container:
    /// 0.0.0.0:8080
    #[arg(long, env = "HOOKBRIDGE_LISTEN", help_heading = LISTENING,
          value_parser = address, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// The one path that takes posts
    ///
    /// Any other is answered 404. Make it hard to guess where there is no other protection
    #[arg(long, env = "HOOKBRIDGE_PATH", help_heading = LISTENING, default_value = "/webhook")]
    pub path: String,

    /// Where probes and scrapers ask
    ///
    /// GET /livez, /readyz and /metrics. They ask for no password, so keep the address private;
    /// listen beyond loopback for a kubelet's probes
    #[arg(long, env = "HOOKBRIDGE_ADMIN_LISTEN", help_heading = LISTENING,
          value_parser = address, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    pub admin_listen: SocketAddr,

    /// Take the ports over from a bridge that runs
    ///
    /// Waits for --grace until the bridge that has them is asked to stop, then until it has ended, and
    /// hands them to the next one in turn: no post is refused in between. Both need this flag
    #[arg(long, env = "HOOKBRIDGE_REUSE_PORT", help_heading = LISTENING,
          value_parser = BoolishValueParser::new())]
    pub reuse_port: bool,

    /// The certificate of the webhook port
    ///
    /// A chain in PEM, the port's own first. With it and --tls-key the port speaks TLS 1.2 and 1.3; the
    /// admin port does not. Both files are read again when they have changed, see --reload
    #[arg(long, env = "HOOKBRIDGE_TLS_CERT", help_heading = LISTENING, value_name = "FILE",
          requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert
    ///
    /// In PEM, not encrypted: PKCS #8, PKCS #1 or SEC 1
    #[arg(long, env = "HOOKBRIDGE_TLS_KEY", help_heading = LISTENING, value_name = "FILE",
          requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Who may post: lines of `user:HASH`
    ///
    /// HASH as `htpasswd -nBC 10 USER` writes it, or plain:SECRET. White space may follow, and each
    /// `app_id` that the user is bound to, separated by commas. The file is read again when it has
    /// changed, see --reload. This flag or --no-auth is required
    #[arg(long, env = "HOOKBRIDGE_CREDENTIALS", help_heading = ACCESS, value_name = "FILE")]
    pub credentials: Option<PathBuf>,

    /// How often credentials and certificate are looked at
    ///
    /// A file that has changed is read again, whole or not at all, without a restart. SIGHUP has it
    /// read at once; with 0s nothing else does
    #[arg(long, env = "HOOKBRIDGE_RELOAD", help_heading = ACCESS,
          value_parser = humantime::parse_duration, value_name = "TIME", default_value = "30s")]
    pub reload: Duration,

    /// Take posts from anybody
    ///
    /// Where something in front checks who posts
    #[arg(long, env = "HOOKBRIDGE_NO_AUTH", help_heading = ACCESS,
          value_parser = BoolishValueParser::new())]
    pub no_auth: bool,

    /// Proxies whose word on the sender is taken
    ///
    /// Addresses or networks, as the log shows the peer without this flag. Then the log names the
    /// sender's address, from Forwarded or X-Forwarded-For; nothing is allowed or refused by it.
    /// May be repeated; the environment takes them comma-separated
    #[arg(long = "trusted-proxy", env = "HOOKBRIDGE_TRUSTED_PROXY", help_heading = ACCESS,
          value_name = "CIDR", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Which Kafka
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// Where records go; it must exist
    ///
    /// The bridge never makes a topic
    #[arg(long, env = "HOOKBRIDGE_TOPIC", help_heading = KAFKA, default_value = DEFAULT_TOPIC)]
    pub topic: String,

    /// Write to a topic that is only compacted
    ///
    /// The key is the app_id, so such a topic keeps only the newest record of each. Without this
    /// flag it is refused
    #[arg(long, env = "HOOKBRIDGE_ALLOW_COMPACTED_TOPIC", help_heading = KAFKA,
          value_parser = BoolishValueParser::new())]
    pub allow_compacted_topic: bool,

    /// How long a post waits for Kafka
    ///
    /// Then it goes to the spool, or is answered 503. Raise it for brokers far away; keep it under
    /// the sender's own time-out, and below --grace
    #[arg(long, env = "HOOKBRIDGE_ACK_TIMEOUT", help_heading = KAFKA,
          value_parser = humantime::parse_duration, value_name = "TIME", default_value = "2500ms")]
    pub ack_timeout: Duration,

    /// The `ce_source` of every record
    ///
    /// A URI-reference. Change it where several bridges write to one topic
    #[arg(long, env = "HOOKBRIDGE_SOURCE", help_heading = KAFKA,
          value_name = "URI", default_value = "hookbridge")]
    pub source: String,

    /// Keep posts on disk while Kafka is away
    ///
    /// A folder that outlives the process, one for each bridge. Without it such posts get 503
    #[arg(long, env = "HOOKBRIDGE_SPOOL", help_heading = SPOOL, value_name = "DIR")]
    pub spool: Option<PathBuf>,

    /// The most that the spool may take up
    ///
    /// All its files together, at least 16MiB; beyond it posts get 503. To fit the disk, or to
    /// bridge longer outages
    #[arg(long, env = "HOOKBRIDGE_SPOOL_MAX_BYTES", help_heading = SPOOL,
          requires = "spool", value_name = "SIZE", default_value = "1GiB")]
    pub spool_max_bytes: ByteSize,

    /// How long records wait for a missing topic
    ///
    /// Those on disk for another topic than --topic, while the brokers do not show it; at most a
    /// day. Then they are quarantined, so that others are not held up
    #[arg(long, env = "HOOKBRIDGE_MISSING_TOPIC_TIMEOUT", help_heading = SPOOL,
          requires = "spool", value_parser = humantime::parse_duration, value_name = "TIME",
          default_value = "10m")]
    pub missing_topic_timeout: Duration,

    /// By which rules
    #[command(flatten)]
    pub rules: RulesArgs,

    /// Invalid posts: reject, or dead-letter
    ///
    /// `dead-letter` keeps what would be answered 400 or 422 for its body on --dead-letter-topic and
    /// answers 200: for senders that do not send it again. Not with --no-auth
    #[arg(long, env = "HOOKBRIDGE_INVALID", help_heading = RULES,
          value_enum, value_name = "HOW", default_value_t = InvalidFlag::Reject)]
    pub invalid: InvalidFlag,

    /// Where dead letters go
    ///
    /// It must exist, and be another topic than --topic; with --invalid dead-letter alone
    #[arg(long, env = "HOOKBRIDGE_DEAD_LETTER_TOPIC", help_heading = RULES,
          value_name = "TOPIC", default_value = DEFAULT_DEAD_LETTER_TOPIC)]
    pub dead_letter_topic: String,

    /// The largest body
    ///
    /// At most 999MB. Keep it a little under the topic's max.message.bytes
    #[arg(long, env = "HOOKBRIDGE_MAX_BODY", help_heading = RULES,
          value_name = "SIZE", default_value = "1MiB")]
    pub max_body: ByteSize,

    /// How long a post may take to arrive
    ///
    /// From its first byte to its last, and from the connect to its first byte. For senders on slow
    /// lines
    #[arg(long, env = "HOOKBRIDGE_READ_TIMEOUT", help_heading = LIMITS,
          value_parser = humantime::parse_duration, value_name = "TIME", default_value = "10s")]
    pub read_timeout: Duration,

    /// How long an unused connection is kept
    ///
    /// Longer than the sender or proxy keeps it, so that no post meets one that is closing. It
    /// costs nobody a place: at --max-connections the longest unused one makes room
    #[arg(long, env = "HOOKBRIDGE_IDLE_TIMEOUT", help_heading = LIMITS,
          value_parser = humantime::parse_duration, value_name = "TIME", default_value = "75m")]
    pub idle_timeout: Duration,

    /// Connections at once
    ///
    /// A further one takes the place of the longest unused one, or waits until there is one. The
    /// limit of open files must follow
    #[arg(long, env = "HOOKBRIDGE_MAX_CONNECTIONS", help_heading = LIMITS,
          value_parser = connections, allow_negative_numbers = true, value_name = "N",
          default_value = "4096")]
    pub max_connections: NonZeroUsize,

    /// All bodies in memory together
    ///
    /// Posts over it get 503. To fit a small container
    #[arg(long, env = "HOOKBRIDGE_MAX_IN_FLIGHT_BYTES", help_heading = LIMITS,
          value_name = "SIZE", default_value = "64MiB")]
    pub max_in_flight_bytes: ByteSize,

    /// How long a stop may take
    ///
    /// Keep it under the time that whatever stops the bridge allows (Kubernetes: 30s)
    #[arg(long, env = "HOOKBRIDGE_GRACE", help_heading = LIMITS,
          value_parser = humantime::parse_duration, value_name = "TIME", default_value = "20s")]
    pub grace: Duration,

    /// Event loops
    ///
    /// One carries tens of thousands of posts a second; two make smaller batches
    #[arg(long, env = "HOOKBRIDGE_WORKERS", help_heading = LIMITS,
          value_parser = workers, allow_negative_numbers = true, value_name = "N",
          default_value = WORKERS)]
    pub workers: NonZeroU16,

    /// Where spans go
    #[command(flatten)]
    pub otlp: OtlpArgs,

    /// How the log looks
    #[command(flatten)]
    pub log: LogArgs,
}

/// `--invalid`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InvalidFlag {
    /// 400 and 422
    Reject,
    /// Kept on a topic of their own, and 200
    DeadLetter,
}

/// A number of event loops. What else speaks against it is judged in [`crate::config`].
fn workers(text: &str) -> Result<NonZeroU16, &'static str> {
    text.parse().map_err(|_| "a whole number from 1 to 65535 is wanted, at most one for each core")
}

/// A number of connections, judged further in the same place.
fn connections(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "a whole number from 1 to 1000000 is wanted")
}
