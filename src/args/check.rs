//! The flags of `check`.

use crate::args::output::Output;
use crate::args::serve::ServeArgs;
use clap::Args;

/// Behind the flags.
pub const EXAMPLES: &str = "It takes the flags and variables of `serve`. Exit code 1 if anything fails.\n\n\
                            Examples, for the shipped configuration in its place, and for a Kafka on this machine:\n  \
                            (set -a; . /etc/hookbridge/bridge.env; hookbridge check)\n  \
                            hookbridge check --no-auth --brokers localhost:9092 --output json";

/// The flags of `check`: those of `serve`, and how the answer looks.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// What is checked
    #[command(flatten)]
    pub serve: ServeArgs,

    /// For people, or for a script
    #[arg(long, env = "HOOKBRIDGE_OUTPUT", help_heading = "The answer", value_enum,
          value_name = "FORMAT", default_value_t = Output::Text)]
    pub output: Output,
}
