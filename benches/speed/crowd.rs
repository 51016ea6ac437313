//! What many connections at once cost in memory, and what they leave behind: `--crowd N`.

use crate::lineup::Lineup;
use crate::row::Case;
use crate::usage::Usage;
use std::io;
use std::thread;
use std::time::Duration;
use testkit::load::posts::APP_IDS;
use testkit::load::schedule::Pace;

const BUSY: Duration = Duration::from_secs(1);
/// Until what a server gives back is given back.
const QUIET: Duration = Duration::from_secs(10);

/// Shows each server's memory: before; behind a second of posts over so many connections; when they
/// have been idle for a while; and as long after they were closed.
pub(crate) fn crowd(lineup: &Lineup, connections: usize) -> io::Result<()> {
    println!("\n{connections} connections for a second: RSS in MB, KB for each idle one,");
    println!("and how much of what was added is left {QUIET:?} after they were closed");
    let titles = ["before", "busy", "idle", "KB each", "closed", "left"];
    println!("{:<22}{}", "", titles.map(|title| format!("{title:>10}")).concat());
    for subject in &lineup.subjects {
        let case = Case::usual(connections, APP_IDS.len());
        let rss = || Usage::of(subject.pid()).rss_mb();
        let before = rss();
        let mut load = subject.load(case)?;
        let tally = load.run(Pace::Closed, BUSY);
        if let Some(why) = tally.first_failure {
            return Err(io::Error::other(format!("{}: {why}", subject.label())));
        }
        let busy = rss();
        thread::sleep(QUIET);
        let idle = rss();
        drop(load);
        thread::sleep(QUIET);
        let closed = rss();
        let each = (idle - before) * 1e3 / connections as f64;
        let left = (closed - before) / (busy - before);
        let figures = [before, busy, idle, each, closed, left];
        let figures = figures.map(|figure| format!("{figure:>10.2}")).concat();
        println!("{:<22}{figures}", subject.label());
    }
    Ok(())
}
