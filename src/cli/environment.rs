//! The environment's part of the flags, looked at before it is read: names that mean nothing, and
//! values that mean something else than was meant.
//!
//! - A `HOOKBRIDGE_*` variable that no command knows is refused, with the name that is nearest.
//! - A value in quotes is refused, also of a flag: shells take quotes away, `docker --env-file` and
//!   Kubernetes do not, and then they would be a part of a path or a password.
//! - A relative path is refused in the environment, which is written in one place and read in another.
//!
//! Promise: the names are those of the flags' own definitions. An error never shows a value: it may be
//! a secret.

use crate::args::{Cli, send};
use clap::{Arg, Command, CommandFactory as _, ValueHint};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What precedes every variable that is a flag.
const PREFIX: &str = "HOOKBRIDGE_";
/// What builds and tests of this project read, and a shell may have at hand.
const OF_THE_BUILD: [&str; 2] = ["HOOKBRIDGE_COMMIT", "HOOKBRIDGE_REQUIRE_KAFKA"];
/// What the address of a Service begins with in Kubernetes.
const PROTOCOLS: [&str; 3] = ["tcp://", "udp://", "sctp://"];
/// The likeness of two names from which one is proposed for the other, as for flags (clap).
const ALIKE: f64 = 0.7;

/// A variable or a flag that cannot be meant.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// No command has such a setting.
    #[error("{name}: no setting has this name{}", nearest.as_ref().map(|known| format!(", {known} is the nearest")).unwrap_or_default())]
    Unknown {
        /// The variable.
        name: String,
        /// What was meant, perhaps.
        nearest: Option<String>,
    },
    /// The value has quotes that were to be taken away.
    #[error(
        "{place}: the value begins and ends with quotes, which would be a part of it: write it without"
    )]
    Quoted {
        /// The variable or the flag.
        place: String,
    },
    /// The path depends on where the command is started.
    #[error(
        "{name}: the path is relative to wherever this is started: write it from the root, beginning with /"
    )]
    Relative {
        /// The variable.
        name: String,
    },
}

/// Looks at the arguments, with the program's name before them, and at the variables.
pub fn check(
    args: &[OsString],
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), EnvironmentError> {
    let words: Vec<_> = args.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| words[before].as_ref());
        if let Some(place) = quoted_flag(before, word) {
            return Err(EnvironmentError::Quoted { place });
        }
    }
    let cli = Cli::command();
    let known = flags(&cli);
    let asked = flags_of(&cli, words.iter().map(AsRef::as_ref));
    let mut ours: Vec<_> = variables
        .into_iter()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    ours.sort();
    for (name, value) in ours {
        let is_named = |arg: &&Arg| arg.get_env() == Some(OsStr::new(&name));
        if !known.iter().any(is_named) {
            if name == send::USER {
                if is_send(&words) && is_quoted(value.as_encoded_bytes()) {
                    return Err(EnvironmentError::Quoted { place: name });
                }
                continue;
            }
            if is_of_kubernetes(&name, &value) || OF_THE_BUILD.contains(&name.as_str()) {
                continue;
            }
            let nearest = nearest(&name, &known);
            return Err(EnvironmentError::Unknown { name, nearest });
        }
        // A setting of another command, or one that a flag replaces, is not read.
        let read = asked.iter().copied().find(is_named);
        let Some(arg) = read.filter(|arg| !is_given(arg, &words)) else { continue };
        if is_quoted(value.as_encoded_bytes()) {
            return Err(EnvironmentError::Quoted { place: name });
        }
        let is_path = arg.get_value_hint() == ValueHint::AnyPath;
        if is_path && !value.is_empty() && Path::new(&value).is_relative() {
            return Err(EnvironmentError::Relative { name });
        }
    }
    Ok(())
}

/// The one command that reads a variable which is no flag.
fn is_send(words: &[impl AsRef<str>]) -> bool {
    words.first().is_some_and(|word| word.as_ref() == "send")
}

/// The flag, if this word is its value, or has it behind a `=`, and the value is quoted.
fn quoted_flag(before: Option<&str>, word: &str) -> Option<String> {
    if let Some((flag, value)) = word.split_once('=')
        && flag.starts_with("--")
    {
        return is_quoted(value.as_bytes()).then(|| flag.to_owned());
    }
    let flag = before.filter(|before| before.starts_with('-'))?;
    is_quoted(word.as_bytes()).then(|| flag.to_owned())
}

fn is_quoted(value: &[u8]) -> bool {
    matches!(value, [b'"', .., b'"'] | [b'\'', .., b'\''])
}

/// All flags that have a variable.
fn flags(command: &Command) -> Vec<&Arg> {
    let own = command.get_arguments().filter(|arg| arg.get_env().is_some());
    own.chain(command.get_subcommands().flat_map(flags)).collect()
}

/// The flags of the command that the words ask for.
fn flags_of<'a>(cli: &'a Command, words: impl Iterator<Item = &'a str>) -> Vec<&'a Arg> {
    let mut command = cli;
    for word in words {
        match command.find_subcommand(word) {
            Some(found) => command = found,
            None => break,
        }
    }
    command.get_arguments().filter(|arg| arg.get_env().is_some()).collect()
}

fn is_given(arg: &Arg, words: &[impl AsRef<str>]) -> bool {
    let long = arg.get_long().map(|long| format!("--{long}")).unwrap_or_default();
    let short = arg.get_short().map(|short| format!("-{short}"));
    words.iter().map(AsRef::as_ref).any(|word| {
        let is_long = word.strip_prefix(&long).is_some_and(|r| r.is_empty() || r.starts_with('='));
        is_long || short.as_ref().is_some_and(|short| word.starts_with(short))
    })
}

/// The variables that Kubernetes makes for a Service whose name begins with ours. Of those that end in
/// `_PORT`, only the value distinguishes them from what somebody takes for a setting.
fn is_of_kubernetes(name: &str, value: &OsStr) -> bool {
    let of_port = |rest: &str| rest.is_empty() || rest.starts_with('_');
    let of_number = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let is_url =
        || PROTOCOLS.iter().any(|url| value.as_encoded_bytes().starts_with(url.as_bytes()));
    name.ends_with("_SERVICE_HOST")
        || name.split("_SERVICE_PORT").skip(1).any(of_port)
        || name.split("_PORT_").skip(1).any(of_number)
        || name.ends_with("_PORT") && is_url()
}

fn nearest(name: &str, known: &[&Arg]) -> Option<String> {
    let bare = |name: &str| name.trim_start_matches(PREFIX).to_owned();
    let likeness = |known: &str| strsim::jaro(&bare(name), &bare(known));
    known
        .iter()
        .filter_map(|arg| arg.get_env()?.to_str())
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at(args: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
        let args: Vec<_> = ["hookbridge"].iter().chain(args).map(OsString::from).collect();
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        check(&args, variables).map_err(|error| error.to_string())
    }

    #[test]
    fn the_nearest_name_is_proposed_and_none_where_none_is_near() {
        for (name, nearest) in [
            ("SPOOOL", Some("SPOOL")),
            ("BROKER", Some("BROKERS")),
            ("ACKTIMEOUT", Some("ACK_TIMEOUT")),
            ("SPOOL_MAXBYTES", Some("SPOOL_MAX_BYTES")),
            ("XYZZY", None),
        ] {
            let said = looked_at(&["serve"], &[(&format!("{PREFIX}{name}"), "1")]).unwrap_err();
            let proposed = nearest.map(|near| format!(", {PREFIX}{near} is the nearest"));
            let proposed = proposed.unwrap_or_default();
            assert_eq!(said, format!("{PREFIX}{name}: no setting has this name{proposed}"));
        }
    }

    #[test]
    fn what_kubernetes_makes_for_a_service_passes() {
        for name in [
            "SERVICE_HOST",
            "SERVICE_PORT",
            "SERVICE_PORT_WEBHOOK",
            "PORT_8080_TCP",
            "PORT_8080_TCP_ADDR",
            "ADMIN_SERVICE_HOST",
            "ADMIN_PORT_9090_TCP_PROTO",
        ] {
            assert_eq!(looked_at(&["serve"], &[(&format!("{PREFIX}{name}"), "x")]), Ok(()));
        }
        for (name, value) in [
            ("PORT", "tcp://10.0.0.1:8080"),
            ("ADMIN_PORT", "udp://10.0.0.1:9090"),
            ("PORT", "sctp://[fd00::1]:8080"),
        ] {
            assert_eq!(looked_at(&["serve"], &[(&format!("{PREFIX}{name}"), value)]), Ok(()));
        }
        let unknown = ["PORT", "LISTEN_PORT", "ADMIN_PORT", "PORT_RANGE", "LISTEN_PORT_TCP"];
        for name in
            unknown.into_iter().chain(["PORTS", "SUPPORT", "SERVICE_HOSTS", "SERVICE_PORTAL"])
        {
            assert!(looked_at(&["serve"], &[(&format!("{PREFIX}{name}"), "x")]).is_err(), "{name}");
        }
    }

    #[test]
    fn settings_of_other_commands_and_of_no_bridge_are_left_alone() {
        for (args, name, value) in [
            (&["serve"][..], "HOOKBRIDGE_ONCE", "'true'"),
            (&["spool", "list"], "HOOKBRIDGE_CREDENTIALS", "relative"),
            (&["spool", "list", "--spool", "here"], "HOOKBRIDGE_SPOOL", "relative"),
            (&["spool", "list", "--spool=here"], "HOOKBRIDGE_SPOOL", "\"relative\""),
            (&["serve", "-Xa=b"], "HOOKBRIDGE_KAFKA_PROPERTY", "'a=c'"),
            (&["serve"], "HOOKBRIDGE_COMMIT", "abc"),
            (&["serve"], "HOOKBRIDGED", "abc"),
            (&["serve"], "HOOKBRIDGE_SPOOL", ""),
            (&["serve"], "HOOKBRIDGE_USER", "'a:b'"),
            (&["send"], "HOOKBRIDGE_USER", "a:'b'"),
        ] {
            assert_eq!(looked_at(args, &[(name, value)]), Ok(()), "{args:?} {name}");
        }
    }
}
