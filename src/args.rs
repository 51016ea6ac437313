//! Every flag, once. The doc comments are the help.
//!
//! What was typed, not what it means: files are read and combinations checked in
//! [`crate::config`].

mod address;
mod count;
pub mod serve;
pub mod spool;

use crate::args::address::address;
use crate::args::serve::ServeArgs;
use crate::args::spool::SpoolCommand;
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Publishes the notifications of a cloud video service to Apache Kafka.
///
/// A 200 means that the notification is on Kafka, in all in-sync replicas, or synced to disk.
#[derive(Debug, Parser)]
#[command(name = "hookbridge", max_term_width = 100, disable_version_flag = true)]
pub struct Cli {
    /// Print the version, the commit and librdkafka's version
    #[arg(short = 'V', long)]
    pub version: bool,

    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the bridge: posts in, records on Kafka out
    Serve(Box<ServeArgs>),
    /// Try it on this machine: embedded broker, bridge, four sample posts, and the records printed
    Dev(DevArgs),
    /// Look after what waits on disk while Kafka is away
    #[command(subcommand)]
    Spool(SpoolCommand),
}

/// The flags of every command that writes to Kafka.
#[derive(Debug, Args)]
pub struct KafkaArgs {
    /// Kafka's bootstrap brokers; wins over bootstrap.servers in the file of --kafka-config
    #[arg(long, env = "HOOKBRIDGE_BROKERS", value_name = "HOST:PORT,…")]
    pub brokers: Option<String>,

    /// A file of librdkafka properties (key=value lines): the place for secrets
    #[arg(long, env = "HOOKBRIDGE_KAFKA_CONFIG", value_name = "FILE")]
    pub kafka_config: Option<PathBuf>,

    /// One librdkafka property, as in kcat; wins over the file. The environment takes one a line
    #[arg(
        short = 'X',
        long = "kafka-property",
        env = "HOOKBRIDGE_KAFKA_PROPERTY",
        hide_env_values = true,
        value_name = "KEY=VALUE"
    )]
    pub kafka_properties: Vec<String>,
}

/// The flags of the log, on stderr.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// What is logged; `info,post=debug` adds one line per post
    #[arg(long, env = "HOOKBRIDGE_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,

    /// Lines for people or for machines
    #[arg(long, env = "HOOKBRIDGE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// The flags of `dev`.
#[derive(Debug, Args)]
pub struct DevArgs {
    /// End after the samples; exit 0 only if all four arrived as sent
    #[arg(long, env = "HOOKBRIDGE_ONCE", value_parser = BoolishValueParser::new())]
    pub once: bool,

    /// Where to post; port 0 takes a free one
    #[arg(long, env = "HOOKBRIDGE_LISTEN", value_parser = address, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// Where /livez, /readyz and /metrics answer; port 0 takes a free one
    #[arg(
        long,
        env = "HOOKBRIDGE_ADMIN_LISTEN",
        value_parser = address,
        value_name = "ADDR",
        default_value = "127.0.0.1:0"
    )]
    pub admin_listen: SocketAddr,

    /// What is logged
    #[arg(long, env = "HOOKBRIDGE_LOG", value_name = "FILTER", default_value = "warn")]
    pub log: String,
}

/// `--log-format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}
