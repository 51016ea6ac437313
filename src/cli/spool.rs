//! `hookbridge spool`: what waits on disk, for whoever looks after it.
//!
//! Promise: `list` and `export` only read, also beside a running bridge; the others take the folder's
//! lock, which a running bridge holds. None makes a spool where there is none, and none loses a record.

mod drain;
mod export;
mod list;
mod listing;

use crate::args::spool::{SpoolCommand, SpoolRequeueArgs, SpoolRetopicArgs};
use crate::args::{LogArgs, LogFormat};
use crate::cli::screen::Screen;
use crate::cli::spool::drain::DrainFailure;
use crate::cli::stderr::Stderr;
use crate::cli::{Failure, logging};
use crate::config::{self, ConfigError};
use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::requeue::{self, Requeued};
use crate::delivery::spool::retopic;
use std::io;
use std::path::PathBuf;

/// The log of a command whose output is what it prints: only what is wrong.
const LOG: &str = "warn";

/// Why it ended badly.
#[derive(Debug, thiserror::Error)]
enum SpoolCommandError {
    #[error(transparent)]
    Flags(#[from] ConfigError),
    #[error(transparent)]
    Spool(SpoolError),
    #[error(
        "the spool folder {} is in use: stop the bridge first (list and export work beside it)",
        dir.display()
    )]
    InUse { dir: PathBuf },
    #[error("{} found in the spool: {first}", counted(*.count, "fault was", "faults were"))]
    Unsound { count: u64, first: String },
    #[error(
        "{} quarantined: the bytes do not match the checksum any more",
        counted(*.left, "record stays", "records stay")
    )]
    StayQuarantined { left: u64 },
    #[error(transparent)]
    Drain(#[from] DrainFailure),
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// Runs it.
pub fn run(command: SpoolCommand, stderr: &Stderr) -> Result<(), Failure> {
    match &command {
        SpoolCommand::Drain(args) => logging::start(&args.log, stderr)?,
        SpoolCommand::List(_)
        | SpoolCommand::Export(_)
        | SpoolCommand::Requeue(_)
        | SpoolCommand::Retopic(_) => {
            let log = LogArgs { log: LOG.to_owned(), log_format: LogFormat::Text };
            logging::start(&log, stderr)?;
        }
    }
    let done = match command {
        SpoolCommand::List(args) => list::run(&args),
        SpoolCommand::Export(args) => export::run(&args),
        SpoolCommand::Requeue(args) => requeue(&args),
        SpoolCommand::Retopic(args) => retopic(&args),
        SpoolCommand::Drain(args) => drain::run(&args, stderr),
    };
    done.map_err(SpoolCommandError::failure)
}

/// Of a folder whose lock is taken, the error says what to do.
impl From<SpoolError> for SpoolCommandError {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::Locked { dir } => Self::InUse { dir },
            SpoolError::ReadOnly { .. }
            | SpoolError::Folder { .. }
            | SpoolError::Missing { .. }
            | SpoolError::LimitTooSmall { .. }
            | SpoolError::Files { .. }
            | SpoolError::Thread(_) => Self::Spool(error),
        }
    }
}

impl SpoolCommandError {
    fn failure(self) -> Failure {
        match &self {
            Self::Flags(_) => Failure::of_configuration(self),
            Self::Spool(error) if error.is_configuration() => Failure::of_configuration(self),
            Self::Drain(error) if error.is_configuration() => Failure::of_configuration(self),
            Self::Spool(_)
            | Self::InUse { .. }
            | Self::Unsound { .. }
            | Self::StayQuarantined { .. }
            | Self::Drain(_)
            | Self::Output(_) => Failure::at_work(self),
        }
    }
}

/// `spool requeue`: what was quarantined goes back into the queue of a stopped bridge, which sends it
/// when it starts. An error if some cannot go back.
fn requeue(args: &SpoolRequeueArgs) -> Result<(), SpoolCommandError> {
    let Requeued { rows, left } = requeue::requeue(&args.folder.spool)?;
    let mut screen = Screen::new();
    screen.print(&match (rows, left) {
        (0, 0) => "nothing was quarantined\n".to_owned(),
        (rows, _) => {
            let waits = counted(rows, "record waits again", "records wait again");
            format!("{waits}, behind all others\n")
        }
    });
    screen.end().map_err(SpoolCommandError::Output)?;
    if left == 0 { Ok(()) } else { Err(SpoolCommandError::StayQuarantined { left }) }
}

/// `spool retopic`: the records of one topic are given to another, in the spool of a stopped bridge.
fn retopic(args: &SpoolRetopicArgs) -> Result<(), SpoolCommandError> {
    let to = config::topic("--to", &args.to)?;
    if args.from == args.to {
        let why = "is the same as --from: name the topic that the records are to go to";
        return Err(ConfigError::new("--to", why).into());
    }
    let changed = retopic::retopic(&args.folder.spool, &args.from, &to)?;
    let mut screen = Screen::new();
    screen.print(&match changed {
        0 => format!("no record is for {}\n", args.from),
        records => format!("{} now for {to}\n", counted(records, "record is", "records are")),
    });
    screen.end().map_err(SpoolCommandError::Output)
}

/// How many, in words: `1 record waits`, `2 records wait`.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
