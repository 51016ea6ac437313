//! Every flag, once. The doc comments are the help.
//!
//! What was typed, not what it means: files are read and combinations checked in
//! [`crate::config`].

pub mod check;
pub mod contract;
pub mod credential;
pub mod generated;
pub mod kafka;
pub mod otlp;
pub mod output;
pub mod probe;
pub mod redrive;
pub mod rules;
pub mod send;
pub mod serve;
pub mod spool;
pub mod tail;

use crate::args::check::CheckArgs;
use crate::args::contract::ContractArgs;
use crate::args::credential::CredentialArgs;
use crate::args::generated::{CompletionsArgs, ManArgs};
use crate::args::probe::ProbeArgs;
use crate::args::redrive::RedriveArgs;
use crate::args::send::SendArgs;
use crate::args::serve::{DEFAULT_TOPIC, ServeArgs};
use crate::args::spool::SpoolCommand;
use crate::args::tail::TailArgs;
use clap::builder::BoolishValueParser;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// As `-h` and `--help` put the flags of the log together.
const LOGS: &str = "Logs";

/// Behind the flags of `dev`.
const OF_DEV: &str = "\
Examples:
  hookbridge dev --watch
  hookbridge dev --once --kafka localhost:9092";

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

impl Cli {
    /// Reads what was typed, with the program's name before it.
    pub fn read(typed: &[OsString]) -> Result<Self, clap::Error> {
        let command = Self::command();
        let is_brief = typed.iter().any(|word| word == "-h");
        let mut command = if is_brief { brief(command) } else { command };
        let mut matches = command.try_get_matches_from_mut(typed)?;
        if let Some(("tail", of_tail)) = matches.subcommand() {
            let tail = command.find_subcommand_mut("tail").expect("it was found");
            tail::check(tail, of_tail)?;
        }
        Self::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    }
}

/// For `-h`: a line for each flag, without what `--help` says beside it.
fn brief(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| {
        let takes_values = arg.get_action().takes_values();
        arg.hide_env(true).hide_possible_values(takes_values)
    });
    command.mut_subcommands(brief)
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the bridge: posts in, records on Kafka out
    #[command(after_help = serve::BRIEF, after_long_help = serve::EXAMPLES)]
    Serve(Box<ServeArgs>),
    /// Try it on this machine: embedded broker, bridge, four sample posts, and the records printed
    #[command(after_help = OF_DEV)]
    Dev(DevArgs),
    /// Post notifications as the provider would: samples, or bodies of your own
    #[command(after_help = send::EXAMPLES)]
    Send(SendArgs),
    /// Print the records of the topic, or hold them against what `send` noted
    #[command(after_help = tail::EXAMPLES)]
    Tail(Box<TailArgs>),
    /// Look after what waits on disk while Kafka is away
    #[command(subcommand, after_help = spool::EXAMPLES)]
    Spool(SpoolCommand),
    /// Bring dead letters back, once the rules or the topic are repaired
    #[command(after_help = redrive::EXAMPLES)]
    Redrive(Box<RedriveArgs>),
    /// Check all that `serve` would read and reach: files, Kafka and its topic, spool, ports
    #[command(after_help = check::EXAMPLES)]
    Check(Box<CheckArgs>),
    /// Ask a running bridge whether it is alive or ready: a health check that needs no HTTP client
    #[command(after_help = probe::EXAMPLES)]
    Probe(ProbeArgs),
    /// Print a line for the credentials file, with the bcrypt hash of a password that is asked for
    #[command(after_help = credential::EXAMPLES)]
    Credential(CredentialArgs),
    /// Print the completions of a shell
    #[command(after_help = generated::OF_COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Write the manual pages, one for each command
    #[command(after_help = generated::OF_MAN)]
    Man(ManArgs),
    /// Print what is taken and what is written, for machines: OpenAPI, AsyncAPI or JSON Schema
    #[command(after_help = contract::EXAMPLES)]
    Contract(ContractArgs),
}

/// The flags of the log, on stderr.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// What is logged
    ///
    /// A level, also for each part: `info,post=debug` adds one line for each post
    #[arg(long, env = "HOOKBRIDGE_LOG", help_heading = LOGS,
          value_name = "FILTER", default_value = "info")]
    pub log: String,

    /// Lines as text, or as json
    ///
    /// On stderr. `json` for a log collector
    #[arg(long, env = "HOOKBRIDGE_LOG_FORMAT", help_heading = LOGS,
          value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text)]
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

    /// A Kafka that is there, instead of the embedded broker
    ///
    /// Without TLS and SASL. The samples are posted too, and their records stay on its topic
    #[arg(long, env = "HOOKBRIDGE_KAFKA", value_name = "HOST:PORT,…")]
    pub kafka: Option<String>,

    /// The topic; with --kafka it must exist
    #[arg(long, env = "HOOKBRIDGE_TOPIC", default_value = DEFAULT_TOPIC)]
    pub topic: String,

    /// Show each record below the line of its post
    #[arg(long, env = "HOOKBRIDGE_WATCH", value_parser = BoolishValueParser::new())]
    pub watch: bool,

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

/// Reads how many.
fn count<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_| "a whole number from 1 on is wanted")
}

/// Reads an address to listen on: an IP address and a port. Names are not looked up: they may have
/// several addresses, and others tomorrow.
fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| {
        "an IP address and a port are wanted, and no name: 127.0.0.1:8080, [::1]:8080, or \
         0.0.0.0:8080 for all addresses"
    })
}

/// A network, or the address of one machine; blanks behind a comma pass.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let text = text.trim();
    let machine = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| machine()).map_err(|_| "expected a network such as 10.0.0.0/8")
}
