//! What the flags of `redrive` mean.
//!
//! Promise: what it gives can be run as it is. It opens no socket.

use crate::args::redrive::RedriveArgs;
use crate::config::bounds::positive;
use crate::config::{ConfigError, contract, kafka, topic};
use crate::delivery::topic::topic_config::Compaction;
use crate::metrics::Outcome;
use crate::redrive::RedriveOptions;
use crate::redrive::selection::Selection;
use crate::timestamp::Timestamp;
use std::time::SystemTime;

/// Those that a dead letter may have.
const CODES: [Outcome; 6] = [
    Outcome::MalformedJson,
    Outcome::NotAnObject,
    Outcome::RepeatedField,
    Outcome::UnknownEvent,
    Outcome::InvalidNotification,
    Outcome::RecordRefused,
];

/// Everything that `redrive` needs, checked; `now` is when it starts.
pub fn options(args: &RedriveArgs, now: SystemTime) -> Result<RedriveOptions, ConfigError> {
    if args.topic == args.dead_letter_topic {
        return Err(ConfigError::new(
            "--dead-letter-topic",
            "is the same as --topic: name another",
        ));
    }
    let codes = args.codes.iter().map(|text| code(text));
    let app_ids = args.app_ids.iter().map(|text| app_id(text.trim()));
    Ok(RedriveOptions {
        kafka: kafka::settings_of_tool(&args.kafka)?,
        topic: topic("--topic", &args.topic)?,
        compaction: if args.allow_compacted_topic {
            Compaction::Allowed
        } else {
            Compaction::Refused
        },
        dead_letter_topic: topic("--dead-letter-topic", &args.dead_letter_topic)?,
        group: group(&args.group)?,
        contract: contract(args.rules),
        selection: Selection {
            codes: codes.collect::<Result<_, _>>()?,
            app_ids: app_ids.collect::<Result<_, _>>()?,
            since: args.since.as_deref().map(|text| since(text, now)).transpose()?,
        },
        rounds: args.rounds,
        stall_timeout: positive("--timeout", args.timeout)?,
    })
}

/// A code of dead letters; a mistyped one would pass all of them over.
pub fn code(text: &str) -> Result<String, ConfigError> {
    let text = text.trim();
    if CODES.iter().any(|code| code.as_str() == text) {
        return Ok(text.to_owned());
    }
    let codes = CODES.map(Outcome::as_str).join(", ");
    Err(ConfigError::new("--code", format!("expected one of {codes}, not {text:?}")))
}

fn app_id(text: &str) -> Result<String, ConfigError> {
    if text.is_empty() {
        return Err(ConfigError::new("--app-id", "expected an app_id, not an empty text"));
    }
    Ok(text.to_owned())
}

fn group(name: &str) -> Result<String, ConfigError> {
    if name.is_empty() {
        return Err(ConfigError::new("--group", "expected a name"));
    }
    Ok(name.to_owned())
}

/// A time, or how long ago it was.
fn since(text: &str, now: SystemTime) -> Result<Timestamp, ConfigError> {
    let ago = || now.checked_sub(humantime::parse_duration(text).ok()?).map(Timestamp::from);
    Timestamp::parse(text).or_else(ago).ok_or_else(|| {
        ConfigError::new("--since", "expected a time such as 2026-07-03T08:00:00Z, or 2h, 3days")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn since_is_a_time_or_an_age() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_688_374_123);
        let millis = |text| since(text, now).map(Timestamp::unix_millis).ok();
        assert_eq!(millis("2023-07-03T08:48:43Z"), Some(1_688_374_123_000));
        assert_eq!(millis("2h"), Some(1_688_366_923_000));
        assert_eq!(millis("yesterday"), None);
    }
}
