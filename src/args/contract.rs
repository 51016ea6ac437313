//! The flags of `contract`.

use crate::args::rules::RulesArgs;
use crate::args::serve::{DEFAULT_DEAD_LETTER_TOPIC, DEFAULT_TOPIC};
use clap::{Args, ValueEnum};

/// Behind the flags.
pub(super) const EXAMPLES: &str = "\
Examples, which need nothing else:
  hookbridge contract openapi > openapi.json
  hookbridge contract json-schema --unknown-events forward";

/// The flags of `contract`.
#[derive(Debug, Args)]
pub struct ContractArgs {
    /// Which document
    #[arg(value_enum, value_name = "DOCUMENT")]
    pub document: ContractDocument,

    /// The path that takes posts, for openapi
    #[arg(long, env = "HOOKBRIDGE_PATH", default_value = "/webhook")]
    pub path: String,

    /// The topic, for asyncapi
    #[arg(long, env = "HOOKBRIDGE_TOPIC", default_value = DEFAULT_TOPIC)]
    pub topic: String,

    /// Where dead letters go, for asyncapi
    #[arg(long, env = "HOOKBRIDGE_DEAD_LETTER_TOPIC", value_name = "TOPIC",
          default_value = DEFAULT_DEAD_LETTER_TOPIC)]
    pub dead_letter_topic: String,

    /// By which rules
    #[command(flatten)]
    pub rules: RulesArgs,
}

/// What may be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ContractDocument {
    /// The post and its answers: OpenAPI 3.1
    Openapi,
    /// The topic and its records: AsyncAPI 3.0
    Asyncapi,
    /// A notification: JSON Schema, draft 2020-12
    JsonSchema,
}
