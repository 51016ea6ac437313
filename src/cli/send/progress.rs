//! How far a run is, on stderr: a bar on a terminal, else a line every few seconds.
//!
//! Promise: it delays no post: nobody waits for a reader of stderr.

use crate::cli::bar::{BarLook, BarState};
use crate::cli::pace::Pace;
use crate::cli::send::send_run::SendRun;
use crate::cli::stderr::Stderr;
use indicatif::HumanCount;
use std::convert::Infallible;
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Between two looks: a bar that moves.
const LOOK: Duration = Duration::from_millis(100);
/// Between two lines.
const LINE: Duration = Duration::from_secs(5);
/// Between two times at which the ledger is given to the system.
const FLUSH: Duration = Duration::from_secs(1);
/// Of the bar.
const LEN: u64 = 1000;

/// Shows it until nobody wants it any more.
pub(super) async fn show(run: &SendRun, begin: Instant, stderr: &Stderr) -> Infallible {
    let is_terminal = io::stderr().is_terminal();
    let (mut line, mut flush) = (Pace::new(LINE), Pace::new(FLUSH));
    loop {
        sleep(LOOK).await;
        let now = Instant::now();
        if is_terminal {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share is from 0 to 1"
            )]
            let done = (run.schedule().share(now) * LEN as f64) as u64;
            let message = message(run, begin, now);
            stderr.show(BarState::At { look: BarLook::Words, done, len: LEN, message });
        } else if line.is_due() {
            stderr.say(&message(run, begin, now));
        }
        if flush.is_due() {
            run.flush();
        }
    }
}

fn message(run: &SendRun, begin: Instant, now: Instant) -> String {
    let (tally, schedule) = (run.tally(), run.schedule());
    let elapsed = now.saturating_duration_since(begin);
    let posts = match schedule.all() {
        Some(all) => format!("{} of {} posts", HumanCount(tally.posts()), HumanCount(all)),
        None => format!("{} posts", HumanCount(tally.posts())),
    };
    let rate = tally.posts() as f64 / elapsed.as_secs_f64();
    let bad = match tally.posts() - tally.accepted() {
        0 => String::new(),
        bad => format!(", {} not accepted", HumanCount(bad)),
    };
    let left = match schedule.share(now) {
        share if share > 0.0 => {
            let left = elapsed.div_f64(share).saturating_sub(elapsed).as_secs();
            format!(", {} left", humantime::format_duration(Duration::from_secs(left)))
        }
        _ => String::new(),
    };
    format!("{posts}, {}/s{bad}{left}", per_second(rate))
}

/// Posts a second; below ten, with a digit behind the point.
pub(super) fn per_second(rate: f64) -> String {
    if rate < 10.0 {
        return format!("{rate:.1}");
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate of posts is far below 2^64"
    )]
    let whole = rate.round() as u64;
    HumanCount(whole).to_string()
}
