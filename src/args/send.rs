//! The flags of `send`: notifications as the provider would post them.
//!
//! None of them is a password, which every user of the machine would see in `ps`: it comes from a
//! file, or from [`USER`].

use crate::args::count;
use crate::args::output::Output;
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use std::num::{NonZeroU16, NonZeroU64};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// The variable of user and password, which is no flag.
pub const USER: &str = "HOOKBRIDGE_USER";

/// Behind the flags.
pub(super) const EXAMPLES: &str = "\
Examples, for a bridge on this machine with the shipped config/credentials:
  HOOKBRIDGE_USER=video:change-me hookbridge send
  HOOKBRIDGE_USER=video:change-me hookbridge send --count 200 --rate 100 --ledger posts.jsonl";

/// Posts a second: more would only show how the machine of the sender does, less are none within an
/// hour.
const RATES: RangeInclusive<f64> = 0.001..=1e6;

/// The flags of `send`.
#[derive(Debug, Args)]
pub struct SendArgs {
    /// Where to post
    ///
    /// http or https, with the path. User and password do not belong in it
    #[arg(
        long,
        env = "HOOKBRIDGE_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080/webhook"
    )]
    pub url: String,

    /// A file of one line, user:password
    ///
    /// Without it, the variable `HOOKBRIDGE_USER` has the same; without both, no credentials are sent
    #[arg(long, env = "HOOKBRIDGE_USER_FILE", value_name = "FILE")]
    pub user_file: Option<PathBuf>,

    /// Who may sign the server's certificate
    ///
    /// Certificates in PEM, in the place of those that the system trusts
    #[arg(long, env = "HOOKBRIDGE_CACERT", value_name = "FILE")]
    pub cacert: Option<PathBuf>,

    /// What to post: a sample of this type
    ///
    /// May be repeated; all four in turn by default. Each post has an id of its own, so that no two
    /// are one event
    #[arg(
        long = "type",
        env = "HOOKBRIDGE_TYPE",
        value_enum,
        value_name = "TYPE",
        value_delimiter = ','
    )]
    pub types: Vec<TypeFlag>,

    /// The project that samples speak of
    ///
    /// May be repeated: then each in turn
    #[arg(
        long = "app-id",
        env = "HOOKBRIDGE_APP_ID",
        value_name = "APP_ID",
        value_delimiter = ','
    )]
    pub app_ids: Vec<String>,

    /// A body of your own instead, byte for byte
    ///
    /// A file, `-` for stdin, or a folder whose files are posted in turn, by name. A body that is
    /// posted twice is one event
    #[arg(long, env = "HOOKBRIDGE_FILE", value_name = "PATH", conflicts_with_all = ["types", "app_ids"])]
    pub file: Option<PathBuf>,

    /// How many posts
    ///
    /// One of each by default, or as many as --duration allows
    #[arg(long, env = "HOOKBRIDGE_COUNT", value_parser = count::<NonZeroU64>,
          allow_negative_numbers = true, value_name = "N")]
    pub count: Option<NonZeroU64>,

    /// For how long
    #[arg(long, env = "HOOKBRIDGE_DURATION", value_parser = humantime::parse_duration, value_name = "TIME")]
    pub duration: Option<Duration>,

    /// Posts a second
    ///
    /// Each is due at its time, whatever the answers do, and its latency counts from then. Without
    /// it, a connection posts again as soon as it has its answer
    #[arg(long, env = "HOOKBRIDGE_RATE", value_parser = rate, allow_negative_numbers = true, value_name = "N")]
    pub rate: Option<f64>,

    /// Connections, each with one post at a time
    ///
    /// With one, each post follows the answer of the one before
    #[arg(long, env = "HOOKBRIDGE_CONNECTIONS", value_parser = connections, allow_negative_numbers = true,
          value_name = "N", default_value = "1")]
    pub connections: NonZeroU16,

    /// A new connection for each post
    ///
    /// As senders do that keep none
    #[arg(long, env = "HOOKBRIDGE_NEW_CONNECTIONS", value_parser = BoolishValueParser::new())]
    pub new_connections: bool,

    /// Note each post and its answer
    ///
    /// A line of JSON for each, which `tail --against` holds against the topic. The file is made
    /// anew
    #[arg(long, env = "HOOKBRIDGE_LEDGER", value_name = "FILE")]
    pub ledger: Option<PathBuf>,

    /// For people, or for a script
    #[arg(long, env = "HOOKBRIDGE_OUTPUT", value_enum, value_name = "FORMAT", default_value_t = Output::Text)]
    pub output: Output,
}

/// `--type`: the types that the provider documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TypeFlag {
    /// A session ended
    Roomdrop,
    /// It was recorded
    Recording,
    /// The recording was made into one file
    Transcoded,
    /// That was handed over
    FileTransfer,
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let rate = text.parse().ok().filter(|rate| RATES.contains(rate));
    rate.ok_or("posts a second are wanted, 0.001 to 1000000: 50, 0.5")
}

fn connections(text: &str) -> Result<NonZeroU16, &'static str> {
    text.parse().map_err(|_| "a whole number from 1 to 65535 is wanted")
}
