//! The flags as they are resolved: value, and where it came from.
//!
//! Promise: no secret is shown. Of Kafka's properties those that are known to be harmless are shown with
//! their value; of others the name alone, and of what does not look like a property nothing.

use crate::args::Cli;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory as _};
use serde::Serialize;
use std::ffi::OsString;

/// The command whose flags they are.
const COMMAND: &str = "check";
/// The property of each line.
const PROPERTIES: &str = "--kafka-property";
/// Properties whose values are no secret. What is not among them may be one, also by a misspelt name.
const HARMLESS: [&str; 34] = [
    "acks",
    "batch.num.messages",
    "batch.size",
    "broker.address.family",
    "broker.address.ttl",
    "client.id",
    "compression.codec",
    "compression.level",
    "compression.type",
    "connections.max.idle.ms",
    "delivery.timeout.ms",
    "enable.idempotence",
    "linger.ms",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.max.bytes",
    "message.timeout.ms",
    "metadata.max.age.ms",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "queue.buffering.max.ms",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.required.acks",
    "request.timeout.ms",
    "sasl.mechanism",
    "sasl.mechanisms",
    "security.protocol",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "socket.timeout.ms",
    "ssl.ca.location",
    "ssl.endpoint.identification.algorithm",
    "topic.metadata.refresh.interval.ms",
];

/// One flag.
#[derive(Debug, Serialize)]
pub(super) struct Setting {
    pub(super) flag: String,
    pub(super) value: String,
    /// `flag`, the name of the variable, or `default`.
    #[serde(rename = "from")]
    pub(super) origin: String,
}

/// Those of the flags of `serve` that have a value, as `typed` and the environment give them.
pub(super) fn resolve(typed: &[OsString]) -> Vec<Setting> {
    let mut cli = Cli::command();
    // What was typed has been taken already.
    let Ok(matches) = cli.try_get_matches_from_mut(typed) else { return Vec::new() };
    let found = cli.find_subcommand(COMMAND).zip(matches.subcommand_matches(COMMAND));
    found.map(|(command, matches)| settings(command, matches)).unwrap_or_default()
}

fn settings(command: &Command, matches: &ArgMatches) -> Vec<Setting> {
    let args = command.get_arguments().filter(|arg| arg.get_id() != "output");
    let set = args.filter_map(|arg| {
        let id = arg.get_id().as_str();
        let flag = format!("--{}", arg.get_long()?);
        let values = matches.try_get_raw(id).ok()??;
        let values: Vec<_> = values.map(|value| value.to_string_lossy().into_owned()).collect();
        let source = matches.value_source(id)?;
        let origin = if source == ValueSource::CommandLine {
            "flag".to_owned()
        } else if source == ValueSource::EnvVariable {
            arg.get_env()?.to_string_lossy().into_owned()
        } else {
            "default".to_owned()
        };
        let value = if flag == PROPERTIES {
            let lines = values.iter().flat_map(|value| value.lines());
            lines.map(redacted).collect::<Vec<_>>().join(", ")
        } else {
            values.join(",")
        };
        Some(Setting { flag, value, origin })
    });
    set.collect()
}

fn redacted(property: &str) -> String {
    match property.split_once('=') {
        Some((name, _)) if HARMLESS.contains(&name.trim()) => property.to_owned(),
        Some((name, _)) if is_name(name.trim()) => format!("{name}=[redacted]"),
        Some(_) | None => "[redacted]".to_owned(),
    }
}

/// Whether it looks like the name of a property. A line of base64, as of a key in PEM, has no dot.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ['.', '_'].contains(&c);
    text.contains('.') && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_their_values_and_no_secret_is_among_them() {
        let typed = ["hookbridge", "check", "--topic", "events", "-X", "sasl.password=hush"];
        let typed = [&typed[..], &["-X", "linger.ms=5", "-X", "hush"]].concat();
        let typed: Vec<_> = typed.into_iter().map(OsString::from).collect();
        let settings = resolve(&typed);
        let of = |flag: &str| {
            let found = settings.iter().find(|setting| setting.flag == flag).unwrap();
            (found.value.as_str(), found.origin.as_str())
        };
        assert_eq!(of("--topic"), ("events", "flag"));
        let properties = "sasl.password=[redacted], linger.ms=5, [redacted]";
        assert_eq!(of("--kafka-property"), (properties, "flag"));
        assert_eq!(of("--max-body"), ("1MiB", "default"));
        assert!(settings.iter().all(|setting| !setting.value.contains("hush")));
    }

    #[test]
    fn neither_a_misspelt_name_nor_a_key_in_lines_shows_a_secret() {
        for (given, shown) in [
            ("sasl.pasword=hush", "sasl.pasword=[redacted]"),
            ("sasl.username=hush", "sasl.username=[redacted]"),
            ("Linger.MS=hush", "[redacted]"),
            ("password=hush", "[redacted]"),
            ("  username=\"hush\" password=\"hush\";", "[redacted]"),
            ("ssl.key.pem=-----BEGIN PRIVATE KEY-----", "ssl.key.pem=[redacted]"),
            ("aHVzaA==", "[redacted]"),
            ("security.protocol=SASL_SSL", "security.protocol=SASL_SSL"),
            ("linger.ms = 5", "linger.ms = 5"),
        ] {
            assert_eq!(redacted(given), shown);
        }
    }
}
