//! `hookbridge send`: notifications, posted as the provider would post them.
//!
//! 1. Read what is to be posted, look the name up, connect once.
//! 2. Post, with a bar on a terminal and else a line every few seconds; note each in the ledger.
//! 3. Say how it was answered, how long that took, and whether the rate was reached.
//!
//! Promise: it succeeds only if every post was answered 200 with `accepted`, and all that were asked
//! for were sent. A signal ends it with what came of it so far. It repeats no post: a provider is not
//! known to.

mod destination;
mod post_result;
mod posts;
mod precise_timer;
mod progress;
mod schedule;
mod send_run;
mod sender_credential;
mod summary;
mod tally;
mod template;

use crate::args::output::Output;
use crate::args::send::SendArgs;
use crate::args::{LogArgs, LogFormat};
use crate::cli::bar::BarState;
use crate::cli::ledger::LedgerFile;
use crate::cli::screen::Screen;
use crate::cli::send::destination::{Destination, ReachError};
use crate::cli::send::posts::Posts;
use crate::cli::send::schedule::{Plan, Schedule};
use crate::cli::send::send_run::{Reuse, SendRun};
use crate::cli::send::summary::Summary;
use crate::cli::signals::EndSignals;
use crate::cli::stderr::Stderr;
use crate::cli::{Failure, logging};
use crate::config::ConfigError;
use crate::config::bounds::positive;
use indicatif::HumanCount;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

/// What it prints is its output; only what is wrong is logged.
const LOG: &str = "warn";

/// Why it ended badly.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Flags(#[from] ConfigError),
    #[error("cannot start")]
    Start(#[source] io::Error),
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error("cannot write --ledger {}", path.display())]
    Ledger { path: PathBuf, source: io::Error },
    #[error("not accepted: {} of {} posts", HumanCount(*.bad), HumanCount(*.posts))]
    NotAccepted { bad: u64, posts: u64 },
    #[error("due and not sent in time: {} posts", HumanCount(*.0))]
    Unsent(u64),
    #[error("ended by a signal")]
    Interrupted,
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// What came of it.
struct Sent {
    run: Rc<SendRun>,
    connections: u16,
    elapsed: Duration,
    ending: Ending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Done,
    Signal,
}

/// Runs it to its end.
pub fn run(args: &SendArgs, stderr: &Stderr) -> Result<(), Failure> {
    logging::start(&LogArgs { log: LOG.to_owned(), log_format: LogFormat::Text }, stderr)?;
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::at_work)?;
    let sent = runtime.block_on(send(args, stderr));
    // A resolver that does not answer is not waited for.
    runtime.shutdown_background();
    // What is said in the end is not to come beside the bar.
    stderr.show(BarState::Over);
    stderr.end();
    sent.and_then(|sent| sum_up(args, &sent)).map_err(|error| match error {
        SendError::Flags(_) => Failure::of_configuration(error),
        SendError::Start(_)
        | SendError::Reach(_)
        | SendError::Ledger { .. }
        | SendError::NotAccepted { .. }
        | SendError::Unsent(_)
        | SendError::Interrupted
        | SendError::Output(_) => Failure::at_work(error),
    })
}

async fn send(args: &SendArgs, stderr: &Stderr) -> Result<Sent, SendError> {
    let mut destination = Destination::new(args)?;
    let posts = Posts::new(args)?;
    let plan = plan(args, &posts)?;
    let connections = connections(args, plan);
    let (asked, stop) = (CancellationToken::new(), CancellationToken::new());
    let signals = EndSignals::new(stderr).map_err(SendError::Start)?;
    let sending = async {
        let reached = async {
            destination.look_up().await?;
            destination.connect().await.map_err(ReachError::from)
        };
        let reached = asked.run_until_cancelled(reached).await;
        let first = reached.ok_or(SendError::Interrupted)??;
        // Not before: who cannot be reached costs nobody the ledger of the last run.
        let ledger = ledger(args)?;
        let reuse = if args.new_connections { Reuse::New } else { Reuse::Kept };
        let begin = Instant::now();
        let schedule = Schedule::new(plan, begin);
        let run = SendRun::new(destination, posts, reuse, schedule, ledger, stop.clone());
        let run = Rc::new(run.map_err(SendError::Start)?);
        let stopping = async {
            asked.cancelled().await;
            stop.cancel();
            pending::<Infallible>().await
        };
        tokio::select! {
            () = run.run(connections, first) => {}
            never = progress::show(&run, begin, stderr) => match never {},
            never = stopping => match never {},
        }
        let ending = if asked.is_cancelled() { Ending::Signal } else { Ending::Done };
        Ok(Sent { run, connections, elapsed: begin.elapsed(), ending })
    };
    tokio::select! {
        sent = sending => sent,
        never = signals.watch(asked.clone()) => match never {},
    }
}

fn plan(args: &SendArgs, posts: &Posts) -> Result<Plan, SendError> {
    let duration = args.duration.map(|time| positive("--duration", time)).transpose()?;
    let once = || NonZeroU64::new(posts.len() as u64).filter(|_| duration.is_none());
    Ok(Plan { count: args.count.or_else(once), duration, rate: args.rate })
}

/// No more than there are posts.
fn connections(args: &SendArgs, plan: Plan) -> u16 {
    let posts = plan.count.and_then(|count| u16::try_from(count.get()).ok());
    posts.map_or(args.connections.get(), |posts| posts.min(args.connections.get()))
}

fn ledger(args: &SendArgs) -> Result<Option<LedgerFile>, SendError> {
    let Some(path) = &args.ledger else { return Ok(None) };
    let file = LedgerFile::create(path);
    let fail = |error| ConfigError::new(format_args!("--ledger {}", path.display()), error);
    Ok(Some(file.map_err(fail)?))
}

/// Says what came of it; an error unless all is well.
fn sum_up(args: &SendArgs, sent: &Sent) -> Result<(), SendError> {
    let Sent { run, connections, elapsed, ending } = sent;
    let summary = Summary::of(&run.tally(), &run.schedule(), *connections, *elapsed);
    let mut screen = Screen::new();
    screen.print(&match args.output {
        Output::Text => summary.text(),
        Output::Json => summary.json(),
    });
    screen.end().map_err(SendError::Output)?;
    if let Some((path, source)) = args.ledger.clone().zip(run.ledger_error()) {
        return Err(SendError::Ledger { path, source });
    }
    let (posts, bad) = (summary.posts, summary.posts - summary.accepted);
    match (bad, ending, summary.unsent) {
        (1.., ..) => Err(SendError::NotAccepted { bad, posts }),
        (0, Ending::Signal, _) => Err(SendError::Interrupted),
        (0, Ending::Done, unsent @ 1..) => Err(SendError::Unsent(unsent)),
        (0, Ending::Done, 0) => Ok(()),
    }
}
