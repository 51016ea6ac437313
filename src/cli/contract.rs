//! `hookbridge contract`: what is taken and what is written, as a document for machines.
//!
//! Promise: it prints one JSON document and nothing else, and needs neither Kafka nor a configuration. A
//! reader that has gone, as `head` does, is no failure.

use crate::args::contract::{ContractArgs, ContractDocument};
use crate::cli::Failure;
use crate::cli::sample::SAMPLES;
use crate::config;
use crate::webhook::documents::async_api::Topics;
use crate::webhook::documents::{async_api, json_schema, open_api};
use serde_json::Value;
use std::io::{self, ErrorKind, Write as _};

/// Prints it.
pub fn run(args: &ContractArgs) -> Result<(), Failure> {
    let contract = config::contract(args.validation, args.unknown_events);
    let document = match args.document {
        ContractDocument::Openapi => open_api::document(contract, &args.path, &examples()),
        ContractDocument::Asyncapi => {
            let (notifications, dead_letters) = (&*args.topic, &*args.dead_letter_topic);
            async_api::document(contract, Topics { notifications, dead_letters }, &examples())
        }
        ContractDocument::JsonSchema => json_schema::document(contract),
    };
    match writeln!(io::stdout().lock(), "{document:#}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(Failure::at_work),
    }
}

fn examples() -> [(&'static str, Value); SAMPLES.len()] {
    SAMPLES.map(|sample| {
        (sample.name, serde_json::from_slice(sample.body).expect("a sample is a notification"))
    })
}
