//! The flags of Kafka, and the file of `--kafka-config`.
//!
//! Promise: librdkafka takes what it gives, one by one and together. It connects to nothing.

use crate::args::kafka::KafkaArgs;
use crate::config::ConfigError;
use crate::config::secret_file::secret_file;
use crate::delivery::kafka::settings::property_file::PropertyFile;
use crate::delivery::kafka::settings::{Origin, PropertyError, Settings};
use std::fs::File;
use std::net::Ipv6Addr;
use std::num::NonZeroU16;
use std::path::Path;
use std::time::Duration;

/// Under this no broker can answer; zero would mean "for ever" to librdkafka.
const LEAST_ACK_TIMEOUT: Duration = Duration::from_millis(10);
/// As `serve`'s default, where no post waits.
const TOOL_ACK_TIMEOUT: Duration = Duration::from_millis(2500);
/// Longer than any sender waits.
const MOST_ACK_TIMEOUT: Duration = Duration::from_secs(300);

/// What a key or a certificate begins with, where it is in the place of its file's name.
const PEM: &str = "-----BEGIN";
const NO_PATH: &str = "expected the path of a file, not what is in it";

const TOGETHER: &str = "--kafka-config and --kafka-property, taken together";
/// What is wrong with a list that holds something else than brokers.
pub const NOT_BROKERS: &str = "expected host:port, separated by commas";
const NO_BROKERS: &str = "name two or three brokers, or bootstrap.servers in --kafka-config";

/// What the flags of Kafka mean; a post waits for `ack_timeout`.
pub fn settings(args: &KafkaArgs, ack_timeout: Duration) -> Result<Settings, ConfigError> {
    if !(LEAST_ACK_TIMEOUT..=MOST_ACK_TIMEOUT).contains(&ack_timeout) {
        return Err(ConfigError::new("--ack-timeout", "expected 10ms to 5m"));
    }
    let file = match &args.kafka_config {
        Some(file) => Some((file.as_path(), secret_file("--kafka-config", file)?)),
        None => None,
    };
    let file = file.as_ref().map(|(file, text)| (*file, PropertyFile::new(text)));
    let mut settings = Settings::new(&brokers(args, file)?, ack_timeout);
    if let Some((file, text)) = file {
        settings.read(text).map_err(|error| property(&error, file))?;
    }
    // The environment has one variable for all of them: one a line.
    for given in args.kafka_properties.iter().flat_map(|given| given.lines()) {
        settings
            .set(given, Origin::Flag)
            .map_err(|error| ConfigError::new("--kafka-property", error))?;
    }
    for (key, file) in settings.files() {
        // librdkafka would say that it cannot read one, and not which.
        File::open(file).map_err(|error| {
            if file.contains(PEM) {
                return ConfigError::new(TOGETHER, format_args!("{key}: {NO_PATH}"));
            }
            ConfigError::new(TOGETHER, format_args!("{key}: cannot read {file}: {error}"))
        })?;
    }
    settings.check().map_err(|reason| ConfigError::new(TOGETHER, reason))?;
    Ok(settings)
}

/// The same for a command that takes no posts.
pub fn settings_of_tool(args: &KafkaArgs) -> Result<Settings, ConfigError> {
    settings(args, TOOL_ACK_TIMEOUT)
}

/// The brokers of the flag, else those of the file; blanks behind commas are not meant.
fn brokers(
    args: &KafkaArgs,
    file: Option<(&Path, PropertyFile<'_>)>,
) -> Result<String, ConfigError> {
    let (place, given) = match (&args.brokers, file) {
        (Some(given), _) => ("--brokers".to_owned(), given.as_str()),
        (None, Some((file, text))) => match text.brokers() {
            Some((line, given)) => {
                (format!("--kafka-config {}:{line}: bootstrap.servers", file.display()), given)
            }
            None => return Err(ConfigError::new("--brokers", NO_BROKERS)),
        },
        (None, None) => return Err(ConfigError::new("--brokers", NO_BROKERS)),
    };
    let brokers: Vec<_> = given.split(',').map(str::trim).collect();
    if brokers.iter().any(|broker| broker.contains("://")) {
        let reason = "expected host:port, and security.protocol in the place of what precedes ://";
        return Err(ConfigError::new(place, reason));
    }
    if !brokers.iter().copied().all(is_broker) {
        return Err(ConfigError::new(place, NOT_BROKERS));
    }
    Ok(brokers.join(","))
}

/// Whether it is `host:port`, the host an IPv6 address in brackets where it holds colons.
pub fn is_broker(broker: &str) -> bool {
    let Some((host, port)) = broker.rsplit_once(':') else { return false };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let plain = |c: char| c.is_ascii_alphanumeric() || ['.', '-', '_'].contains(&c);
    let named = !host.is_empty() && host.chars().all(plain);
    let numbered = bracketed.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
    port.parse::<NonZeroU16>().is_ok() && (named || numbered)
}

fn property(error: &PropertyError, file: &Path) -> ConfigError {
    match error.origin {
        Origin::Flag => ConfigError::new("--kafka-property", error),
        Origin::Line(line) => {
            ConfigError::new(format_args!("--kafka-config {}:{line}", file.display()), error)
        }
    }
}
