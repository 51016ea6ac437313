//! `hookbridge contract`: what is taken and what is written, as a document for machines.
//!
//! Promise: it prints one JSON document and nothing else, and needs neither Kafka nor a configuration. A
//! reader that has gone, as `head` does, is no failure.

use crate::args::contract::{ContractArgs, ContractDocument};
use crate::cli::Failure;
use crate::cli::sample::SAMPLES;
use crate::config::{self, ConfigError};
use crate::webhook::documents::async_api::Topics;
use crate::webhook::documents::{async_api, json_schema, open_api};
use serde_json::Value;
use std::io::{self, ErrorKind, Write as _};
use std::sync::Arc;

/// Prints it.
pub fn run(args: &ContractArgs) -> Result<(), Failure> {
    let contract = config::contract(args.rules);
    let flags = checked(args).map_err(Failure::of_configuration)?;
    let document = match args.document {
        ContractDocument::Openapi => open_api::document(contract, &flags.path, &examples()),
        ContractDocument::Asyncapi => {
            let topics = Topics { notifications: &flags.topic, dead_letters: &flags.dead_letters };
            async_api::document(contract, topics, &examples())
        }
        ContractDocument::JsonSchema => json_schema::document(contract),
    };
    match writeln!(io::stdout().lock(), "{document:#}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(Failure::at_work),
    }
}

/// Values that `serve` takes too.
struct Flags {
    path: String,
    topic: Arc<str>,
    dead_letters: Arc<str>,
}

fn checked(args: &ContractArgs) -> Result<Flags, ConfigError> {
    let flags = Flags {
        path: config::path(&args.path)?,
        topic: config::topic("--topic", &args.topic)?,
        dead_letters: config::topic("--dead-letter-topic", &args.dead_letter_topic)?,
    };
    if flags.topic == flags.dead_letters {
        return Err(ConfigError::new(
            "--dead-letter-topic",
            "is the same as --topic: name another",
        ));
    }
    Ok(flags)
}

fn examples() -> [(&'static str, Value); SAMPLES.len()] {
    SAMPLES.map(|sample| {
        (sample.name, serde_json::from_slice(sample.body).expect("a sample is a notification"))
    })
}
