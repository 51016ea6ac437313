//! One run of the benchmark, from the first process to the last line.
//!
//! Goes on where a post was not answered 200, so that the whole table can be seen, and fails at the
//! end.

use crate::against::against;
use crate::certificate::Certificate;
use crate::chart::Chart;
use crate::crowd::crowd;
use crate::first_posts::first_posts;
use crate::lineup::{Lineup, shipped};
use crate::options::Options;
use crate::row::{Case, Row};
use crate::sample::Figure;
use crate::subject::Subject;
use crate::table::{print_head, print_idle, print_row};
use crate::usage::Usage;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::io;
use std::time::Duration;
use testkit::broker::Broker;
use testkit::load::posts::APP_IDS;
use testkit::load::schedule::Pace;

/// Kafka's own code is slow at first.
const WARM_UP: Duration = Duration::from_secs(3);
const WARM_UP_CONNECTIONS: usize = 64;

/// The row that is measured once more as an open loop, and what a busy bridge has in a soak.
const BUSY_CONNECTIONS: usize = 256;

/// Of the rate that the prototype has in a closed loop: busy, and not at its limit.
const OPEN_LOOP_SHARE: f64 = 0.5;

/// Between two looks at the count of a soak; the first such stretch comes before the memory is read,
/// so that what grows once has grown.
const STRETCH: Duration = Duration::from_secs(1);

/// Files that are no connections: listeners, pipes, logs, the client's own.
const OTHER_FILES: u64 = 256;

/// Measures and shows all that was asked for.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let files = raise_file_limit()?;
    let broker = Broker::start(options.kafka(), options.partitions, options.round_trip);
    warm_up(&broker)?;
    print_head(options)?;
    if let Some(other) = &options.against {
        return against(other, options.rounds(), &broker);
    }
    let certificate = options.tls.then(Certificate::new).transpose()?;
    let lineup = match (&*options.curve, &certificate) {
        ([], None) => Lineup::libraries(&broker),
        ([], Some(certificate)) => Lineup::over_tls(&broker, certificate),
        (variants, certificate) => Lineup::curve(&broker, variants, certificate.as_ref()),
    };
    print_idle(&lineup);
    if let Some(connections) = options.crowd {
        return crowd(&lineup, connections);
    }
    if let Some(users) = options.first_posts {
        return first_posts(&lineup, users);
    }
    let rows = rows(options, &lineup, files)?;
    let mut failures: Vec<_> = rows.iter().filter_map(|row| row.failure(&lineup)).collect();
    drop(lineup.subjects);
    if options.soak > 0 {
        failures.extend(soak(&broker, options)?);
    }
    if let Some(file) = &options.svg {
        fs::write(file, Chart { rows: &rows, options }.to_string())?;
    }
    failures.into_iter().next().map_or(Ok(()), |why| Err(io::Error::other(why)))
}

/// Measures and shows them, those that files suffice for.
fn rows(options: &Options, lineup: &Lineup, files: u64) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut row = |case: Case| -> io::Result<Option<Case>> {
        eprintln!("measuring {case}");
        let row = options.rounds().measure(case, &lineup.subjects)?;
        print_row(&row, lineup);
        let open_loop = open_loop(&row, options, lineup);
        rows.push(row);
        Ok(open_loop)
    };
    for &connections in options.connections() {
        let needed = (connections * lineup.subjects.len()) as u64 + OTHER_FILES;
        if needed > files {
            eprintln!("left out: {connections} connections, which need {needed} open files");
            continue;
        }
        for &app_ids in &options.app_ids {
            for &travel in options.travels() {
                let body = options.body;
                let mut next = Some(Case { travel, body, ..Case::usual(connections, app_ids) });
                while let Some(case) = next {
                    next = row(case)?;
                }
            }
        }
    }
    Ok(rows)
}

/// The case of open loop that follows a row.
fn open_loop(row: &Row, options: &Options, lineup: &Lineup) -> Option<Case> {
    let Case { connections, app_ids, pace, .. } = row.case;
    let is_first = connections == BUSY_CONNECTIONS && app_ids == options.app_ids[0];
    let pacemaker = lineup.pacemaker.filter(|_| is_first && pace == Pace::Closed)?;
    let rate = row.figure(pacemaker, Figure::Rate).median * OPEN_LOOP_SHARE;
    Some(Case { pace: Pace::Open(rate.round()), ..row.case })
}

/// Many posts, one bridge: is its memory at the end where it was? Of a bridge that has seen nothing:
/// freed memory of a busier time would hide what grows. Says what was wrong with a post.
fn soak(broker: &Broker, options: &Options) -> io::Result<Option<String>> {
    let bridge = shipped(broker, None);
    let mut load = bridge.load(Case::usual(BUSY_CONNECTIONS, options.app_ids[0]))?;
    let rss = || Usage::of(bridge.pid()).rss_mb();
    let mut failure = load.run(Pace::Closed, STRETCH).first_failure;
    let (before, mut answered) = (rss(), 0);
    while answered < options.soak && failure.is_none() {
        let tally = load.run(Pace::Closed, STRETCH);
        answered += tally.answered();
        failure = tally.first_failure;
    }
    println!("\nsoak: {answered} posts, RSS {before:.1} MB before, {:.1} after", rss());
    Ok(failure)
}

/// Posts to a prototype that is not measured.
fn warm_up(broker: &Broker) -> io::Result<()> {
    eprintln!("warming Kafka up");
    let subject = Subject::prototype(broker);
    let mut load = subject.load(Case::usual(WARM_UP_CONNECTIONS, APP_IDS.len()))?;
    let tally = load.run(Pace::Closed, WARM_UP);
    tally.first_failure.map_or(Ok(()), |why| Err(io::Error::other(format!("warming up: {why}"))))
}

/// Each connection is a file, here and, since children inherit the limit, in the servers. Gives
/// how many there may be.
fn raise_file_limit() -> io::Result<u64> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum.unwrap_or(u64::MAX))
}
