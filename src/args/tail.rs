//! The flags of `tail`: the records of a topic, as a consumer sees them.

use crate::args::count;
use crate::args::kafka::{KAFKA, KafkaArgs};
use crate::args::output::Output;
use crate::args::serve::{DEFAULT_DEAD_LETTER_TOPIC, DEFAULT_TOPIC};
use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Behind the flags.
pub(super) const EXAMPLES: &str = "\
Examples, for a Kafka on this machine, and posts of hookbridge send --ledger posts.jsonl:
  hookbridge tail --brokers localhost:9092 --from 2h --until-end
  hookbridge tail --brokers localhost:9092 --against posts.jsonl";

/// Why a topic that was typed is not read.
const UNREAD: &str = "--dead-letter-topic is read with --dead-letters alone: give both";

/// The flags of `tail`.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Which Kafka
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// The topic
    #[arg(long, env = "HOOKBRIDGE_TOPIC", help_heading = KAFKA, default_value = DEFAULT_TOPIC)]
    pub topic: String,

    /// The topic of dead letters instead
    #[arg(long, env = "HOOKBRIDGE_DEAD_LETTERS", help_heading = KAFKA,
          value_parser = BoolishValueParser::new())]
    pub dead_letters: bool,

    /// Its name, with --dead-letters
    #[arg(long, env = "HOOKBRIDGE_DEAD_LETTER_TOPIC", help_heading = KAFKA, value_name = "TOPIC",
          default_value = DEFAULT_DEAD_LETTER_TOPIC)]
    pub dead_letter_topic: String,

    /// Where to begin: beginning, end, or a time
    ///
    /// At the end by default, with --until-end and --against at the beginning. A time is RFC 3339,
    /// such as 2026-11-30T08:00:00Z, or how long ago: 2h, 3days. It goes by the records' own times
    #[arg(long, env = "HOOKBRIDGE_FROM", value_parser = from, value_name = "WHERE")]
    pub from: Option<FromFlag>,

    /// End where the topic ends now
    ///
    /// At the end that each partition has at the start, as kcat -e does
    #[arg(long, env = "HOOKBRIDGE_UNTIL_END", value_parser = BoolishValueParser::new())]
    pub until_end: bool,

    /// End after so many records
    #[arg(long, env = "HOOKBRIDGE_COUNT", value_parser = count::<NonZeroU64>,
          allow_negative_numbers = true, value_name = "N")]
    pub count: Option<NonZeroU64>,

    /// Only records of this project
    ///
    /// May be repeated
    #[arg(
        long = "app-id",
        env = "HOOKBRIDGE_APP_ID",
        value_name = "APP_ID",
        value_delimiter = ','
    )]
    pub app_ids: Vec<String>,

    /// Only records of this type
    ///
    /// recording, or video.recording as in `ce_type`. May be repeated
    #[arg(long = "type", env = "HOOKBRIDGE_TYPE", value_name = "TYPE", value_delimiter = ',')]
    pub types: Vec<String>,

    /// Only records whose `ce_id` begins so
    ///
    /// May be repeated
    #[arg(long = "id", env = "HOOKBRIDGE_ID", value_name = "ID", value_delimiter = ',')]
    pub ids: Vec<String>,

    /// Only dead letters with this code
    ///
    /// As hookbridge-code has it, with --dead-letters. May be repeated
    #[arg(
        long = "code",
        env = "HOOKBRIDGE_CODE",
        value_name = "CODE",
        value_delimiter = ',',
        requires = "dead_letters"
    )]
    pub codes: Vec<String>,

    /// Hold the topic against a ledger of send
    ///
    /// Reads up to the end that each partition has now, and names each post that is lost, repeated or
    /// overtaken. Exit code 1 if any is lost
    #[arg(long, env = "HOOKBRIDGE_AGAINST", value_name = "LEDGER",
          conflicts_with_all = ["count", "app_ids", "types", "ids", "codes", "dead_letters"])]
    pub against: Option<PathBuf>,

    /// For people, or for a script
    ///
    /// json is a line for each record
    #[arg(long, env = "HOOKBRIDGE_OUTPUT", value_enum, value_name = "FORMAT", default_value_t = Output::Text)]
    pub output: Output,
}

/// `--from`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromFlag {
    /// The oldest record that is there.
    Beginning,
    /// What comes from now on.
    End,
    /// The first record of this time or a later one.
    Time(SystemTime),
    /// The same of a time so long ago.
    Ago(Duration),
}

fn from(text: &str) -> Result<FromFlag, &'static str> {
    match text {
        "beginning" => Ok(FromFlag::Beginning),
        "end" => Ok(FromFlag::End),
        time => {
            let ago = || humantime::parse_duration(time).ok().map(FromFlag::Ago);
            let time =
                OffsetDateTime::parse(time, &Rfc3339).map(|time| FromFlag::Time(time.into()));
            time.ok().or_else(ago).ok_or(
                "beginning, end or a time is wanted, such as 2026-11-30T08:00:00Z, or 2h, 3days",
            )
        }
    }
}

/// A topic of dead letters that was typed, and would not be read, is refused. In the environment of
/// a bridge it is at home.
pub(super) fn check(command: &mut Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let is_typed = matches.value_source("dead_letter_topic") == Some(ValueSource::CommandLine);
    if is_typed && !matches.get_flag("dead_letters") {
        return Err(command.error(ErrorKind::MissingRequiredArgument, UNREAD));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_word_a_time_or_an_age() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_688_374_123);
        for (text, place) in [
            ("end", FromFlag::End),
            ("2023-07-03T08:48:43Z", FromFlag::Time(time)),
            ("1h 30m", FromFlag::Ago(Duration::from_secs(5400))),
        ] {
            assert_eq!(from(text), Ok(place));
        }
        assert!(from("yesterday").is_err());
    }
}
