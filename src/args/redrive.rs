//! The flags of `redrive`: dead letters back to the topic of notifications.

use crate::args::kafka::{KAFKA, KafkaArgs};
use crate::args::output::Output;
use crate::args::rules::RulesArgs;
use crate::args::serve::{DEFAULT_DEAD_LETTER_TOPIC, DEFAULT_TOPIC};
use crate::args::{LogArgs, count};
use clap::Args;
use clap::builder::BoolishValueParser;
use std::num::NonZeroU32;
use std::time::Duration;

/// Behind the flags.
pub(super) const EXAMPLES: &str = "\
Examples, in the environment of the bridge, and for a Kafka on this machine:
  (set -a; . /etc/hookbridge/bridge.env; hookbridge redrive --dry-run)
  hookbridge redrive --brokers localhost:9092 --unknown-events forward --code unknown_event";

const WHICH: &str = "Which dead letters";
const ANSWER: &str = "The answer";

/// The flags of `redrive`.
#[derive(Debug, Args)]
pub struct RedriveArgs {
    /// Count by code and app_id, and change nothing
    ///
    /// Neither topic is written to, and the group stays where it is
    #[arg(long, env = "HOOKBRIDGE_DRY_RUN", help_heading = WHICH, value_parser = BoolishValueParser::new())]
    pub dry_run: bool,

    /// Only those with this code
    ///
    /// As hookbridge-code has it. May be repeated, or given comma-separated
    #[arg(long = "code", env = "HOOKBRIDGE_CODE", help_heading = WHICH, value_name = "CODE", value_delimiter = ',')]
    pub codes: Vec<String>,

    /// Only those of this project
    ///
    /// As the key has it. May be repeated, or given comma-separated
    #[arg(long = "app-id", env = "HOOKBRIDGE_APP_ID", help_heading = WHICH, value_name = "APP_ID", value_delimiter = ',')]
    pub app_ids: Vec<String>,

    /// Only those received since then
    ///
    /// RFC 3339, such as 2026-07-03T08:00:00Z, or how long ago: 2h, 3days
    #[arg(long, env = "HOOKBRIDGE_SINCE", help_heading = WHICH, value_name = "WHEN")]
    pub since: Option<String>,

    /// How often one is looked at
    ///
    /// One that is left so often stays where it is, and no redrive of the group sees it again
    #[arg(long, env = "HOOKBRIDGE_ROUNDS", help_heading = WHICH, value_parser = count::<NonZeroU32>,
          allow_negative_numbers = true, value_name = "N", default_value = "10")]
    pub rounds: NonZeroU32,

    /// Which Kafka
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// Where those go that pass
    #[arg(long, env = "HOOKBRIDGE_TOPIC", help_heading = KAFKA, default_value = DEFAULT_TOPIC)]
    pub topic: String,

    /// Write to a topic that is only compacted
    ///
    /// As for serve
    #[arg(long, env = "HOOKBRIDGE_ALLOW_COMPACTED_TOPIC", help_heading = KAFKA,
          value_parser = BoolishValueParser::new())]
    pub allow_compacted_topic: bool,

    /// Where they are read from
    ///
    /// And where those that are left are written to again
    #[arg(long, env = "HOOKBRIDGE_DEAD_LETTER_TOPIC", help_heading = KAFKA,
          value_name = "TOPIC", default_value = DEFAULT_DEAD_LETTER_TOPIC)]
    pub dead_letter_topic: String,

    /// The consumer group
    ///
    /// It remembers how far it is. Another one begins at the beginning of the topic
    #[arg(long, env = "HOOKBRIDGE_GROUP", help_heading = KAFKA, default_value = "hookbridge-redrive")]
    pub group: String,

    /// How long to wait while Kafka does nothing
    ///
    /// Then it ends, and goes on there the next time
    #[arg(long, env = "HOOKBRIDGE_TIMEOUT", help_heading = KAFKA, value_parser = humantime::parse_duration,
          value_name = "TIME", default_value = "1m")]
    pub timeout: Duration,

    /// By which rules
    #[command(flatten)]
    pub rules: RulesArgs,

    /// For people, or for a script
    ///
    /// json is one object: what was done, or what --dry-run has counted
    #[arg(long, env = "HOOKBRIDGE_OUTPUT", help_heading = ANSWER, value_enum,
          value_name = "FORMAT", default_value_t = Output::Text)]
    pub output: Output,

    /// How the log looks
    #[command(flatten)]
    pub log: LogArgs,
}
