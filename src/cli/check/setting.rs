//! The flags as they are resolved: value, and where it came from.
//!
//! Promise: no secret is shown: of the properties of Kafka that may hold one, the name alone.

use crate::args::Cli;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory as _};
use serde::Serialize;
use std::ffi::OsString;

/// The command whose flags they are.
const COMMAND: &str = "check";
/// The property of each line, of which values are shown if they are no secret.
const PROPERTIES: &str = "--kafka-property";
/// What the names of secret properties have in them.
const SECRET: [&str; 6] = ["password", "secret", "pem", "token", "jaas", "oauthbearer"];

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
    let Some((name, _)) = property.split_once('=') else { return "[redacted]".to_owned() };
    let lower = name.to_lowercase();
    if SECRET.iter().any(|secret| lower.contains(secret)) {
        return format!("{name}=[redacted]");
    }
    property.to_owned()
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
}
