//! `hookbridge redrive`: brings dead letters back, or counts them.
//!
//! Promise: a signal ends it without loss; a second one at once, and then a little more is looked at
//! again the next time. What it has done is said in the end, also where it could not go on.

use crate::args::redrive::RedriveArgs;
use crate::cli::bar::{BarLook, BarState};
use crate::cli::printable::{printable_app_id, printable_line};
use crate::cli::screen::Screen;
use crate::cli::signals::EndSignals;
use crate::cli::stderr::Stderr;
use crate::cli::table::{Align, table};
use crate::cli::{Failure, logging};
use crate::config::redrive;
use crate::redrive::redrive_error::RedriveError;
use crate::redrive::tally::{Survey, Tally};
use crate::redrive::{Redrive, RedriveEnd, RedriveOptions};
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

/// Between two looks of the bar.
const DRAW: Duration = Duration::from_millis(50);
/// Between two lines on how far it is.
const LINE: Duration = Duration::from_secs(5);

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
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// What was done.
enum Done {
    Redriven(Tally),
    Counted(Survey),
}

/// Runs it.
pub fn run(args: &RedriveArgs, stderr: &Stderr) -> Result<(), Failure> {
    logging::start(&args.log, stderr)?;
    let options = redrive::options(args, SystemTime::now()).map_err(Failure::of_configuration)?;
    let (topic, dead_letters) = (options.topic.clone(), options.dead_letter_topic.clone());
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
    let mut not_taken = 0;
    screen.print(&match done {
        Done::Redriven(tally) => {
            not_taken = tally.not_taken;
            sum_up(&tally, &topic, &dead_letters)
        }
        Done::Counted(survey) => counted(&survey),
    });
    screen.end().map_err(|error| Failure::at_work(RedriveFailure::Output(error)))?;
    match end {
        Ok(RedriveEnd::Done) if not_taken > 0 => {
            Err(Failure::at_work(RedriveFailure::NotTaken(not_taken, dead_letters)))
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
    let mut progress = Progress { stderr, drawn: Instant::now(), logged: Instant::now() };
    let redrive = async {
        let opened = stop.run_until_cancelled(Redrive::open(options)).await;
        let Some(redrive) = opened.transpose()? else {
            return Ok((Done::Redriven(Tally::default()), Ok(RedriveEnd::Asked)));
        };
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
    drawn: Instant,
    logged: Instant,
}

impl Progress<'_> {
    fn show(&mut self, done: u64, len: u64) {
        if self.drawn.elapsed() >= DRAW {
            self.drawn = Instant::now();
            self.stderr.show(BarState::At {
                look: BarLook::Records,
                done,
                len,
                message: String::new(),
            });
        }
        if self.logged.elapsed() >= LINE {
            self.logged = Instant::now();
            tracing::info!(done, of = len, "looking at dead letters");
        }
    }
}

fn sum_up(tally: &Tally, topic: &str, dead_letters: &str) -> String {
    let Tally { published, left, for_good, not_taken, passed_over, foreign } = *tally;
    let mut text =
        format!("{} to {topic}\n", of(published, "dead letter went", "dead letters went"));
    for (count, one, many, what) in [
        (left, "does not pass and is", "do not pass and are", "at the end of"),
        (for_good, "does not pass and stays for good", "do not pass and stay for good", "in"),
        (
            not_taken,
            "does not pass, is not taken again and stays for good",
            "do not pass, are not taken again and stay for good",
            "in",
        ),
        (passed_over, "was not selected and is", "were not selected and are", "at the end of"),
        (foreign, "is no bridge's and stays", "are no bridge's and stay", "in"),
    ] {
        if count > 0 {
            writeln!(text, "{} {what} {dead_letters}", of(count, one, many))
                .expect("a String takes all text");
        }
    }
    text
}

fn counted(survey: &Survey) -> String {
    let rows: Vec<_> = survey
        .lines()
        .map(|(code, app_id, counts)| {
            let [letters, passing] = [counts.letters, counts.passing].map(|n| n.to_string());
            [printable_line(code), printable_app_id(app_id), letters, passing]
        })
        .collect();
    if rows.is_empty() {
        return "no dead letters\n".to_owned();
    }
    let head = [
        ("CODE", Align::Left),
        ("APP_ID", Align::Left),
        ("DEAD_LETTERS", Align::Right),
        ("WOULD_PASS", Align::Right),
    ];
    table(head, &rows)
}

/// How many, in words.
fn of(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
