//! `hookbridge tail`: the records of a topic as a consumer sees them, or held against a ledger.
//!
//! Promise: it joins no consumer group and leaves none behind. With `--until-end` and `--against` it ends
//! at the end that each partition had at the start; with `--against` it succeeds only if nothing is lost.
//! Else it goes on until `--count`, a signal or a closed pipe ends it. A signal before that end, or before
//! `--count` is reached, is a failure. Where brokers are away it waits for them, and says so.

mod comparison;
mod follower;
mod json_line;
mod printer;
mod record_filter;
mod verdict_text;

use crate::args::output::Output;
use crate::args::tail::{FromFlag, TailArgs};
use crate::args::{LogArgs, LogFormat};
use crate::cli::bar::BarState;
use crate::cli::ledger::{self, LedgerEnd, LedgerError};
use crate::cli::screen::Screen;
use crate::cli::signals::EndSignals;
use crate::cli::stderr::Stderr;
use crate::cli::tail::comparison::Comparison;
use crate::cli::tail::follower::Follower;
use crate::cli::tail::printer::Printer;
use crate::cli::{Failure, logging};
use crate::config::{self, ConfigError};
use crate::delivery::kafka::settings::Settings;
use crate::delivery::kafka::topic_reader::ReadFrom;
use crate::delivery::kafka::topic_reader::read_error::ReadError;
use crate::timestamp::Timestamp;
use std::io;
use std::num::NonZeroU64;
use std::time::{Duration, SystemTime};
use tokio::runtime;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// What it prints is its output; only what is wrong is logged.
const LOG: &str = "warn";
/// How long the reading thread may take to see that it is to end; it may be waiting for a broker or for
/// whoever reads its output.
const END: Duration = Duration::from_millis(500);

/// Why it ended badly.
#[derive(Debug, thiserror::Error)]
enum TailError {
    #[error(transparent)]
    Flags(#[from] ConfigError),
    #[error("--against")]
    Ledger(#[from] LedgerError),
    #[error("cannot start")]
    Start(#[source] io::Error),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(
        "{unread} of {partitions} partitions were not read to their end: nothing came for {}{why}; \
         try again once their leaders answer",
        humantime::format_duration(*.waited)
    )]
    Stalled { unread: usize, partitions: usize, waited: Duration, why: String },
    #[error(
        "{lost} of {accepted} accepted posts are not on the topic; what waits on disk is no loss yet, \
         see `hookbridge spool list`"
    )]
    Lost { lost: usize, accepted: u64 },
    #[error("ended by a signal after {shown} of {count} records")]
    Interrupted { shown: u64, count: NonZeroU64 },
    /// The same, where the reading thread cannot say how many there were.
    #[error("ended by a signal before --count {count} was reached")]
    Cut { count: NonZeroU64 },
    #[error("ended by a signal before the end of the topic")]
    Unfinished,
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    #[error("the reading thread has panicked")]
    Panicked,
}

/// Runs it to its end.
pub fn run(args: TailArgs, stderr: &Stderr) -> Result<(), Failure> {
    logging::start(&LogArgs { log: LOG.to_owned(), log_format: LogFormat::Text }, stderr)?;
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::at_work)?;
    let ended = runtime.block_on(tail(args, stderr));
    // A thread that waits for a broker or a reader is not waited for.
    runtime.shutdown_background();
    // What is said in the end is not to come beside the bar.
    stderr.show(BarState::Over);
    stderr.end();
    ended.map_err(|error| match error {
        TailError::Flags(_) | TailError::Ledger(_) | TailError::Read(ReadError::Client(_)) => {
            Failure::of_configuration(error)
        }
        TailError::Start(_)
        | TailError::Read(_)
        | TailError::Stalled { .. }
        | TailError::Lost { .. }
        | TailError::Interrupted { .. }
        | TailError::Cut { .. }
        | TailError::Unfinished
        | TailError::Output(_)
        | TailError::Panicked => Failure::at_work(error),
    })
}

async fn tail(args: TailArgs, stderr: &Stderr) -> Result<(), TailError> {
    let settings = config::kafka::settings_of_tool(&args.kafka)?;
    let topic = topic(&args)?;
    for code in &args.codes {
        config::redrive::code(code)?;
    }
    let comparison = args.against.as_deref().map(|path| {
        let mut comparison = Comparison::default();
        let end = ledger::read(path, |line| comparison.note(line))?;
        if let LedgerEnd::Torn(number) = end {
            let path = path.display();
            stderr.say(&format_args!("{path}:{number}: the last line is cut, and is passed over"));
        }
        Ok::<_, LedgerError>(comparison)
    });
    let comparison = comparison.transpose()?;
    let signals = EndSignals::new(stderr).map_err(TailError::Start)?;
    let stop = CancellationToken::new();
    let (is_over, said) = (stop.clone(), stderr.clone());
    // Where the thread does not end in time.
    let cut = match args.count {
        Some(count) => Err(TailError::Cut { count }),
        None if comparison.is_some() || args.until_end => Err(TailError::Unfinished),
        None => Ok(()),
    };
    let reading = spawn_blocking(move || match comparison {
        Some(comparison) => compare(&args, &settings, &topic, comparison, &is_over, said),
        None => print(&args, &settings, &topic, &is_over, said),
    });
    let ended = async {
        let given_up = async {
            stop.cancelled().await;
            sleep(END).await;
        };
        tokio::select! {
            ended = reading => ended.unwrap_or(Err(TailError::Panicked)),
            () = given_up => cut,
        }
    };
    tokio::select! {
        ended = ended => ended,
        never = signals.watch(stop.clone()) => match never {},
    }
}

fn topic(args: &TailArgs) -> Result<String, ConfigError> {
    let (flag, name) = if args.dead_letters {
        ("--dead-letter-topic", &args.dead_letter_topic)
    } else {
        ("--topic", &args.topic)
    };
    config::topic(flag, name).map(|name| name.to_string())
}

fn read_from(flag: FromFlag) -> ReadFrom {
    match flag {
        FromFlag::Beginning => ReadFrom::Beginning,
        FromFlag::End => ReadFrom::End,
        FromFlag::Time(time) => ReadFrom::Time(Timestamp::from(time)),
        FromFlag::Ago(age) => match SystemTime::now().checked_sub(age) {
            Some(time) => ReadFrom::Time(Timestamp::from(time)),
            None => ReadFrom::Beginning,
        },
    }
}

/// Shows records until that is enough.
fn print(
    args: &TailArgs,
    settings: &Settings,
    topic: &str,
    stop: &CancellationToken,
    stderr: Stderr,
) -> Result<(), TailError> {
    let usual = if args.until_end { FromFlag::Beginning } else { FromFlag::End };
    let from = args.from.unwrap_or(usual);
    let mut follower = Follower::open(settings, topic, read_from(from), stop, stderr)?;
    let mut printer = Printer::new(args).map_err(TailError::Output)?;
    if args.until_end {
        return follower.follow_to_end(&mut printer);
    }
    follower.announce(from);
    follower.follow(&mut printer)?;
    match args.count {
        Some(count) if printer.shown() < count.get() && printer.is_open() => {
            Err(TailError::Interrupted { shown: printer.shown(), count })
        }
        Some(_) | None => Ok(()),
    }
}

/// Reads to the end, and says what is lost.
fn compare(
    args: &TailArgs,
    settings: &Settings,
    topic: &str,
    mut comparison: Comparison,
    stop: &CancellationToken,
    stderr: Stderr,
) -> Result<(), TailError> {
    let from = read_from(args.from.unwrap_or(FromFlag::Beginning));
    let mut follower = Follower::open(settings, topic, from, stop, stderr)?;
    follower.read_to_end(&mut comparison)?;
    let verdict = comparison.verdict();
    follower.clear();
    let mut screen = Screen::new();
    screen.print(&match args.output {
        Output::Text => verdict_text::text(&verdict, topic, follower.partitions()),
        Output::Json => verdict_text::json(&verdict),
    });
    screen.end().map_err(TailError::Output)?;
    if verdict.accepted == 0 {
        follower.say(&"the ledger has no accepted post: nothing was held against the topic");
    }
    match verdict.lost.len() {
        0 => Ok(()),
        lost => Err(TailError::Lost { lost, accepted: verdict.accepted }),
    }
}
