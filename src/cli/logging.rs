//! The log, on stderr: stdout carries a command's own output alone.
//!
//! Promise: nothing that is logged waits for whoever reads the log. Where journald reads it, each line
//! has its level for journald, too.

use crate::args::{LogArgs, LogFormat};
use crate::cli::Failure;
use crate::cli::journal::{Marked, Reader};
use crate::cli::stderr::Stderr;
use std::io::{self, IsTerminal as _};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry;
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts the log. Called once, before anything is logged.
pub(super) fn start(args: &LogArgs, stderr: &Stderr) -> Result<(), Failure> {
    let filter = filter(&args.log)?;
    match args.log_format {
        LogFormat::Text => registry().with(text(stderr)).with(filter).init(),
        LogFormat::Json => {
            let reader = Reader::of_stderr();
            // A log that nobody reads must not end the bridge.
            let lines = fmt::layer().with_writer(stderr.clone()).log_internal_errors(false);
            let lines = lines.json().flatten_event(true).with_current_span(false);
            let lines = lines.map_event_format(|lines| Marked { lines, reader });
            registry().with(lines).with(filter).init();
        }
    }
    Ok(())
}

/// The same, as text, beside a layer with a filter of its own.
pub(super) fn start_beside<L>(layer: L, log: &str, stderr: &Stderr) -> Result<(), Failure>
where
    L: Layer<Registry> + Send + Sync,
{
    let filter = filter(log)?;
    registry().with(layer).with(text(stderr).with_filter(filter)).init();
    Ok(())
}

fn filter(log: &str) -> Result<Targets, Failure> {
    targets(log).map_err(|why| Failure::of_configuration(format!("--log {log}: {why}")))
}

fn text<S>(stderr: &Stderr) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let reader = Reader::of_stderr();
    let colours =
        io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    // A log that nobody reads must not end the bridge.
    let lines = fmt::layer().with_writer(stderr.clone()).log_internal_errors(false);
    lines.with_ansi(colours).map_event_format(|lines| Marked { lines, reader })
}

/// Reads `level` and `target=level`, separated by commas. A target alone is taken for a level that was
/// mistyped; what no part names is logged from `warn` on, so that a mistyped target silences nothing.
pub(super) fn targets(filter: &str) -> Result<Targets, String> {
    let warnings = Targets::new().with_default(LevelFilter::WARN);
    filter.split(',').map(str::trim).try_fold(warnings, |targets, directive| {
        Ok(match directive.split_once('=') {
            None => targets.with_default(level(directive)?),
            Some((target, _)) if target.is_empty() || target.contains('[') => {
                return Err(format!("{directive:?} is not target=level"));
            }
            Some((target, name)) => {
                targets.with_target(target.trim_end(), level(name.trim_start())?)
            }
        })
    })
}

fn level(name: &str) -> Result<LevelFilter, String> {
    let level = if name.is_empty() { None } else { name.parse().ok() };
    level.ok_or_else(|| format!("{name:?} is no level (off, error, warn, info, debug, trace)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn the_default_level_and_that_of_a_target_are_distinguished() {
        let targets = targets("info, post=debug").unwrap();
        assert!(targets.would_enable("post", &Level::DEBUG));
        assert!(targets.would_enable("hookbridge::bridge", &Level::INFO));
        assert!(!targets.would_enable("hookbridge::bridge", &Level::DEBUG));
    }

    #[test]
    fn a_target_that_is_not_there_silences_no_warning() {
        let targets = targets("pots = debug").unwrap();
        assert!(targets.would_enable("hookbridge::bridge", &Level::WARN));
        assert!(targets.would_enable("pots", &Level::DEBUG));
    }

    #[test]
    fn what_is_below_every_level_of_the_filter_costs_one_look() {
        let subscriber = registry().with(fmt::layer()).with(targets("info,post=warn").unwrap());
        let most = Subscriber::max_level_hint(&subscriber);
        assert_eq!(most, Some(LevelFilter::INFO));
    }

    #[test]
    fn a_filter_that_would_silence_the_log_by_mistake_is_refused() {
        for filter in ["inof", "", "info,", "post", "post=", "post=loud", "=debug", "post[a]=debug"]
        {
            assert!(targets(filter).is_err(), "{filter}");
        }
    }
}
