//! `hookbridge redrive`: brings dead letters back, or counts them.
//!
//! Promise: a signal ends it without loss; a second one at once, and then a little more is looked at
//! again the next time. What it has done is said in the end, also where it could not go on.

mod done;

use crate::args::output::Output;
use crate::args::redrive::RedriveArgs;
use crate::cli::bar::{BarLook, BarState};
use crate::cli::pace::Pace;
use crate::cli::redrive::done::{Done, Topics};
use crate::cli::screen::Screen;
use crate::cli::signals::EndSignals;
use crate::cli::stderr::Stderr;
use crate::cli::{Failure, logging};
use crate::config::redrive;
use crate::redrive::redrive_error::RedriveError;
use crate::redrive::tally::Tally;
use crate::redrive::{Redrive, RedriveEnd, RedriveOptions};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::runtime;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Between two looks of the bar.
const DRAW: Duration = Duration::from_millis(50);
/// Between two lines on how far it is.
const LINE: Duration = Duration::from_secs(5);

/// Behind which it is said that brokers are waited for.
const SILENCE: Duration = Duration::from_secs(2);

/// Why it ended badly.
#[derive(Debug, thiserror::Error)]
enum RedriveFailure {
    #[error("cannot start")]
    Start(#[source] io::Error),
    #[error(transparent)]
    Redrive(#[from] RedriveError),
    #[error("{0} of them could not be written to {1} again: see the log for why")]
    NotTaken(u64, Arc<str>),
    #[error("ended by a signal, the next redrive goes on from here")]
    Signal,
    #[error(
        "ended by a signal before the brokers had answered, nothing was read: `hookbridge check` \
         tells what is in the way"
    )]
    Unanswered,
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// Runs it.
pub fn run(args: &RedriveArgs, stderr: &Stderr) -> Result<(), Failure> {
    logging::start(&args.log, stderr)?;
    let options = redrive::options(args, SystemTime::now()).map_err(Failure::of_configuration)?;
    let topics =
        Topics { topic: options.topic.clone(), dead_letters: options.dead_letter_topic.clone() };
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::at_work(RedriveFailure::Start(error)))?;
    let ended = runtime.block_on(work(args, options, stderr));
    // What is said in the end is not to come beside the bar.
    stderr.show(BarState::Over);
    stderr.end();
    // A question to a broker that does not answer is not waited for.
    runtime.shutdown_background();
    let (done, end) = ended.map_err(failure)?;
    let mut screen = Screen::new();
    screen.print(&match args.output {
        Output::Text => done.text(&topics),
        Output::Json => done.json(&topics),
    });
    screen.end().map_err(|error| Failure::at_work(RedriveFailure::Output(error)))?;
    let Tally { for_good, not_taken, .. } = done.tally();
    if for_good > 0 {
        let (topic, rounds) = (&*topics.dead_letters, args.rounds);
        tracing::warn!(
            topic,
            rounds,
            records = for_good,
            "no redrive of the group looks at them again"
        );
    }
    match end {
        Ok(RedriveEnd::Done) if not_taken > 0 => {
            Err(Failure::at_work(RedriveFailure::NotTaken(not_taken, topics.dead_letters)))
        }
        Ok(RedriveEnd::Done) => Ok(()),
        Ok(RedriveEnd::Asked) => Err(Failure::at_work(RedriveFailure::Signal)),
        Err(error) => Err(Failure::at_work(error)),
    }
}

fn failure(error: RedriveFailure) -> Failure {
    match error {
        RedriveFailure::Redrive(RedriveError::Unfit(unfit)) => Failure::of_configuration(unfit),
        RedriveFailure::Start(_)
        | RedriveFailure::Redrive(_)
        | RedriveFailure::NotTaken(..)
        | RedriveFailure::Signal
        | RedriveFailure::Unanswered
        | RedriveFailure::Output(_) => Failure::at_work(error),
    }
}

async fn work(
    args: &RedriveArgs,
    options: RedriveOptions,
    stderr: &Stderr,
) -> Result<(Done, Result<RedriveEnd, RedriveError>), RedriveFailure> {
    let stop = CancellationToken::new();
    let signals = EndSignals::new(stderr).map_err(RedriveFailure::Start)?;
    let mut progress = Progress { stderr, draw: Pace::new(DRAW), line: Pace::new(LINE) };
    let redrive = async {
        let mut opening = pin!(stop.run_until_cancelled(Redrive::open(options)));
        let opened = if let Ok(opened) = timeout(SILENCE, opening.as_mut()).await {
            opened
        } else {
            let most = humantime::format_duration(args.timeout);
            stderr.say(&format_args!("waiting for the brokers, for {most} at most"));
            opening.await
        };
        let redrive = opened.transpose()?.ok_or(RedriveFailure::Unanswered)?;
        if redrive.begins_anew() {
            tracing::warn!(
                group = args.group,
                "the brokers remember nothing of the group, all that is on the topic is looked at"
            );
        }
        let show = |done, len| progress.show(done, len);
        Ok(if args.dry_run {
            let (survey, end) = redrive.survey(&stop, show).await?;
            (Done::Counted(survey), Ok(end))
        } else {
            let (tally, end) = redrive.run(&stop, show).await;
            (Done::Redriven(tally), end)
        })
    };
    tokio::select! {
        ended = redrive => ended,
        never = signals.watch(stop.clone()) => match never {},
    }
}

/// A bar on a terminal, and lines of the log.
struct Progress<'a> {
    stderr: &'a Stderr,
    draw: Pace,
    line: Pace,
}

impl Progress<'_> {
    fn show(&mut self, done: u64, len: u64) {
        if self.draw.is_due() {
            self.stderr.show(BarState::At {
                look: BarLook::Records,
                done,
                len,
                message: String::new(),
            });
        }
        if self.line.is_due() {
            tracing::info!(done, of = len, "looking at dead letters");
        }
    }
}
