//! The log, on stderr: stdout carries a command's own output alone.

use crate::args::{LogArgs, LogFormat};
use crate::cli::Failure;
use std::io::{self, IsTerminal as _};
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts the log. Called once, before anything is logged.
pub fn start(args: &LogArgs) -> Result<(), Failure> {
    start_with(args, io::stderr)
}

/// Starts it with another way to stderr.
pub(super) fn start_with<W>(args: &LogArgs, writer: W) -> Result<(), Failure>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = filter(&args.log)
        .map_err(|reason| Failure::of_configuration(format!("--log {}: {reason}", args.log)))?;
    let log = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(writer)
        // A log that nobody reads must not end the bridge.
        .log_internal_errors(false);
    match args.log_format {
        LogFormat::Text => {
            let colours = io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
            log.with_ansi(colours).finish().with(filter).init();
        }
        LogFormat::Json => {
            let log = log.json().flatten_event(true).with_current_span(false);
            log.finish().with(filter).init();
        }
    }
    Ok(())
}

/// Reads `level` and `target=level`, separated by commas. A target without a level, which would be
/// all that is logged, is taken for a level that was mistyped.
fn filter(typed: &str) -> Result<Targets, String> {
    let directives: Vec<_> = typed.split(',').map(str::trim).collect();
    let level = |typed: &&str| !typed.is_empty() && typed.parse::<LevelFilter>().is_ok();
    if let Some(other) = directives.iter().find(|typed| !typed.contains('=') && !level(typed)) {
        return Err(format!("{other:?} is no level (off, error, warn, info, debug, trace)"));
    }
    directives.join(",").parse().map_err(|error: ParseError| error.to_string())
}
