//! The flags that say which Kafka, and how it is spoken to: those that any client needs.
//!
//! What they mean is in [`crate::config::kafka`].

use clap::Args;
use std::path::PathBuf;

/// As `-h` and `--help` put them together, with what a command adds of its own.
pub(super) const KAFKA: &str = "Kafka";

/// The flags of every command that is a client of Kafka.
#[derive(Debug, Clone, Args)]
pub struct KafkaArgs {
    /// Brokers to begin with
    ///
    /// Two or three, so that one may be away at the start. Wins over bootstrap.servers in the file of
    /// --kafka-config; one of the two is required
    #[arg(long, env = "HOOKBRIDGE_BROKERS", help_heading = KAFKA, value_name = "HOST:PORT,…")]
    pub brokers: Option<String>,

    /// librdkafka properties: TLS, SASL, secrets
    ///
    /// key=value lines, as docs/kafka-properties.md shows them
    #[arg(long, env = "HOOKBRIDGE_KAFKA_CONFIG", help_heading = KAFKA, value_name = "FILE")]
    pub kafka_config: Option<PathBuf>,

    /// One librdkafka property, as in kcat
    ///
    /// Wins over the file. May be repeated; the environment takes one a line. Across a network:
    /// max.in.flight=5
    #[arg(short = 'X', long = "kafka-property", env = "HOOKBRIDGE_KAFKA_PROPERTY", help_heading = KAFKA,
          hide_env_values = true, value_name = "KEY=VALUE")]
    pub kafka_properties: Vec<String>,
}
