//! The flags of `probe`.

use crate::args::address;
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::time::Duration;

/// Behind the flags.
pub const EXAMPLES: &str = "Exit code 0 is yes, 1 is no or no answer, 2 a wrong flag.\n\nExamples:\n  \
                            hookbridge probe readyz\n  \
                            hookbridge probe livez --admin-listen 127.0.0.1:9090 --deadline 500ms";

/// The flags of `probe`.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// Whether it is alive, or could make a post durable now
    #[arg(value_enum, value_name = "WHAT")]
    pub what: ProbeTarget,

    /// Where the bridge answers, as `serve` was given it
    ///
    /// Of a bridge that listens on all addresses, the loopback is asked
    #[arg(long, env = "HOOKBRIDGE_ADMIN_LISTEN", value_parser = address, value_name = "ADDR",
          default_value = "127.0.0.1:9090")]
    pub admin_listen: SocketAddr,

    /// How long the answer may take
    #[arg(long, env = "HOOKBRIDGE_DEADLINE", value_parser = humantime::parse_duration,
          value_name = "TIME", default_value = "2s")]
    pub deadline: Duration,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProbeTarget {
    /// It can answer at all
    Livez,
    /// A post could be made durable now
    Readyz,
}
