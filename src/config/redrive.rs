//! What the flags of `redrive` mean.
//!
//! Promise: what it gives can be run as it is. It opens no socket.

use crate::args::redrive::RedriveArgs;
use crate::config::bounds::positive;
use crate::config::{ConfigError, contract, kafka, topic};
use crate::redrive::RedriveOptions;
use crate::redrive::selection::Selection;
use crate::timestamp::Timestamp;
use std::time::{Duration, SystemTime};

/// As `serve`'s default; no post waits here.
const ACK_TIMEOUT: Duration = Duration::from_millis(2500);

/// Everything that `redrive` needs, checked; `now` is when it starts.
pub fn options(args: &RedriveArgs, now: SystemTime) -> Result<RedriveOptions, ConfigError> {
    if args.topic == args.dead_letter_topic {
        return Err(ConfigError::new("--dead-letter-topic", "is the same as --topic"));
    }
    let given = |texts: &[String]| texts.iter().map(|text| text.trim().to_owned()).collect();
    Ok(RedriveOptions {
        kafka: kafka::settings(&args.kafka, ACK_TIMEOUT)?,
        topic: topic("--topic", &args.topic)?,
        dead_letter_topic: topic("--dead-letter-topic", &args.dead_letter_topic)?,
        group: group(&args.group)?,
        contract: contract(args.validation, args.unknown_events),
        selection: Selection {
            codes: given(&args.codes),
            app_ids: given(&args.app_ids),
            since: args.since.as_deref().map(|text| since(text, now)).transpose()?,
        },
        rounds: args.rounds,
        stall_timeout: positive("--timeout", args.timeout)?,
    })
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

    #[test]
    fn since_is_a_time_or_an_age() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_688_374_123);
        let millis = |text| since(text, now).map(Timestamp::unix_millis).ok();
        assert_eq!(millis("2023-07-03T08:48:43Z"), Some(1_688_374_123_000));
        assert_eq!(millis("2h"), Some(1_688_366_923_000));
        assert_eq!(millis("yesterday"), None);
    }
}
