//! `--output`, of every command that prints a result.

use clap::ValueEnum;

/// `--output`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    Text,
    /// JSON
    Json,
}
