//! The flags of `spool`: what waits on disk, for those who look after it.

use crate::args::LogArgs;
use crate::args::kafka::KafkaArgs;
use crate::args::output::Output;
use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Behind the commands.
pub(super) const EXAMPLES: &str = "\
Examples:
  hookbridge spool list --spool /var/lib/hookbridge/spool
  hookbridge spool export --spool /var/lib/hookbridge/spool > records.jsonl";

/// Behind the flags of each.
const OF_LIST: &str = "\
Examples:
  hookbridge spool list --spool /var/lib/hookbridge/spool
  hookbridge spool list --spool /var/lib/hookbridge/spool --verify --output json";
const OF_EXPORT: &str = "\
Examples:
  hookbridge spool export --spool /var/lib/hookbridge/spool | grep 5f3a9c1e7d2b4a0012c4e8f1
  hookbridge spool export --spool /var/lib/hookbridge/spool --quarantined > quarantined.jsonl";
const OF_REQUEUE: &str = "\
Example, while the bridge is stopped:
  hookbridge spool requeue --spool /var/lib/hookbridge/spool";
const OF_RETOPIC: &str = "\
Example, while the bridge is stopped:
  hookbridge spool retopic --spool /var/lib/hookbridge/spool --from video.event --to video.events";
const OF_DRAIN: &str = "\
Examples, in the environment of the bridge, and for a Kafka on this machine:
  (set -a; . /etc/hookbridge/bridge.env; hookbridge spool drain)
  hookbridge spool drain --spool /var/lib/hookbridge/spool --brokers localhost:9092 --timeout 1m";

/// The commands of `spool`.
#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    /// Show what waits and what was quarantined, by app_id; beside a running bridge too
    #[command(after_help = OF_LIST)]
    List(SpoolListArgs),
    /// Print each record as a line of JSON, oldest first; beside a running bridge too
    #[command(after_help = OF_EXPORT)]
    Export(SpoolExportArgs),
    /// Put what was quarantined back into the queue, once its cause is mended; the bridge must be
    /// stopped
    #[command(after_help = OF_REQUEUE)]
    Requeue(SpoolRequeueArgs),
    /// Give the records of one topic to another, where it was mistyped or is gone for good; the
    /// bridge must be stopped
    #[command(after_help = OF_RETOPIC)]
    Retopic(SpoolRetopicArgs),
    /// Send what waits to Kafka for a bridge that is gone, such as before its disk is given back
    #[command(after_help = OF_DRAIN)]
    Drain(Box<SpoolDrainArgs>),
}

/// The folder, of all commands.
#[derive(Debug, Args)]
pub struct SpoolFolder {
    /// The folder that the bridge keeps posts in, as `serve` was given it
    #[arg(long, env = "HOOKBRIDGE_SPOOL", value_name = "DIR")]
    pub spool: PathBuf,
}

/// The flags of `spool list`.
#[derive(Debug, Args)]
pub struct SpoolListArgs {
    /// Which one
    #[command(flatten)]
    pub folder: SpoolFolder,

    /// Name each record that is missing or damaged; exit 1 unless all is sound
    #[arg(long, env = "HOOKBRIDGE_VERIFY", value_parser = BoolishValueParser::new())]
    pub verify: bool,

    /// For people, or for a script
    #[arg(long, env = "HOOKBRIDGE_OUTPUT", value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// The flags of `spool export`.
#[derive(Debug, Args)]
pub struct SpoolExportArgs {
    /// Which one
    #[command(flatten)]
    pub folder: SpoolFolder,

    /// What was quarantined, with when and why, instead of what waits
    #[arg(long, env = "HOOKBRIDGE_QUARANTINED", value_parser = BoolishValueParser::new())]
    pub quarantined: bool,
}

/// The flags of `spool requeue`.
#[derive(Debug, Args)]
pub struct SpoolRequeueArgs {
    /// Which one
    #[command(flatten)]
    pub folder: SpoolFolder,
}

/// The flags of `spool retopic`.
#[derive(Debug, Args)]
pub struct SpoolRetopicArgs {
    /// Which one
    #[command(flatten)]
    pub folder: SpoolFolder,

    /// The topic that the records are for, as `spool list` names it
    #[arg(long, env = "HOOKBRIDGE_FROM", value_name = "TOPIC")]
    pub from: String,

    /// The topic that they are to go to
    #[arg(long, env = "HOOKBRIDGE_TO", value_name = "TOPIC")]
    pub to: String,
}

/// The flags of `spool drain`.
#[derive(Debug, Args)]
pub struct SpoolDrainArgs {
    /// Which one
    #[command(flatten)]
    pub folder: SpoolFolder,

    /// Which Kafka
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// How long to wait while Kafka takes nothing; then it ends, and what is left stays on disk
    #[arg(long, env = "HOOKBRIDGE_TIMEOUT", value_parser = humantime::parse_duration, value_name = "TIME", default_value = "5m")]
    pub timeout: Duration,

    /// How the log looks
    #[command(flatten)]
    pub log: LogArgs,
}
