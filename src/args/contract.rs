//! The flags of `contract`.

use crate::args::serve::{DEFAULT_TOPIC, UnknownEventsFlag, ValidationFlag};
use clap::{Args, ValueEnum};

/// Behind the flags.
pub(super) const EXAMPLES: &str = "Examples:\n  hookbridge contract openapi > openapi.json\n  \
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

    /// Fields: documented, or envelope alone
    #[arg(long, env = "HOOKBRIDGE_VALIDATION", value_enum, value_name = "HOW",
          default_value_t = ValidationFlag::Documented)]
    pub validation: ValidationFlag,

    /// Types not known: reject, or forward
    #[arg(long, env = "HOOKBRIDGE_UNKNOWN_EVENTS", value_enum, value_name = "HOW",
          default_value_t = UnknownEventsFlag::Reject)]
    pub unknown_events: UnknownEventsFlag,
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
