//! The log, on stderr: stdout carries a command's own output alone.

use crate::args::{LogArgs, LogFormat};
use crate::cli::Failure;
use std::io::{self, IsTerminal as _};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Starts the log. Called once, before anything is logged.
pub fn start(args: &LogArgs) -> Result<(), Failure> {
    start_with(args, io::stderr)
}

/// Starts it with another way to stderr.
pub(super) fn start_with<W>(args: &LogArgs, writer: W) -> Result<(), Failure>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&args.log)
        .map_err(|error| Failure::of_configuration(format!("--log {}: {error}", args.log)))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        // A log that nobody reads must not end the bridge.
        .log_internal_errors(false);
    match args.log_format {
        LogFormat::Text => {
            let colours = io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
            log.with_ansi(colours).init();
        }
        LogFormat::Json => log.json().flatten_event(true).with_current_span(false).init(),
    }
    Ok(())
}
