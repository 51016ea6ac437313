//! One run of the benchmark, from the first process to the last line.
//!
//! Goes on where a post was not answered 200, so that the whole table can be seen, and fails at the
//! end.

use std::fs;
use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use testkit::broker::Broker;
use testkit::load::Load;
use testkit::load::posts::{APP_IDS, Posts};
use testkit::load::schedule::Pace;

use crate::against::Against;
use crate::chart::Chart;
use crate::curve::Curve;
use crate::depth::Measurement;
use crate::options::Options;
use crate::report::{Machine, Report, version};
use crate::row::{Case, Row};
use crate::sample::Figure;
use crate::soak::soak;
use crate::subject::{Role, Subject};
use crate::table::{CaseText, Head, RowText};
use crate::wrk;

/// Kafka's own code is slow at first.
const WARM_UP: Duration = Duration::from_secs(3);
const WARM_UP_CONNECTIONS: usize = 64;

/// The row that is measured once more as an open loop.
const OPEN_LOOP_CONNECTIONS: usize = 256;

/// Of the rate that the prototype has in a closed loop: busy, and not at its limit.
const OPEN_LOOP_SHARE: f64 = 0.5;

/// Files that are no connections: listeners, pipes, logs, the client's own.
const OTHER_FILES: u64 = 256;

/// All that runs, and what was found so far.
pub(crate) struct Bench {
    options: Options,
    report: Report,
    /// What was wrong with the first post that was not answered 200.
    failure: Option<String>,
    /// How many files may be open.
    files: u64,
    subjects: [Subject; 3],
    broker: Broker, // after those who use it
}

impl Bench {
    /// Starts Kafka and the servers.
    pub(crate) fn start(options: Options) -> io::Result<Self> {
        options.check().map_err(io::Error::other)?;
        let files = raise_file_limit()?;
        let broker = Broker::start(options.kafka(), options.partitions, options.round_trip);
        warm_up(&broker)?;
        let subjects = [
            Subject::bare(),
            Subject::prototype(&broker),
            Subject::bridge(&broker, &options.bridge, &options.serve),
        ];
        let [_, _, bridge] = &subjects;
        let report = Report {
            bridge: version(&options.bridge),
            bridge_mb: fs::metadata(&options.bridge)?.len() as f64 / 1e6,
            machine: Machine::here(),
            kafka: options.kafka(),
            partitions: options.partitions,
            round_trip_ms: options.round_trip.as_millis(),
            rounds: options.rounds(),
            idle_rss_mb: subjects.each_ref().map(Subject::idle_rss_mb),
            ready_ms: bridge.ready_after().as_secs_f64() * 1e3,
            rows: Vec::new(),
            depths: Vec::new(),
            soak: None,
        };
        Ok(Self { options, report, failure: None, files, subjects, broker })
    }

    /// Measures and shows all that was asked for.
    pub(crate) fn run(mut self) -> io::Result<()> {
        print!("{}", Head(&self.report));
        if self.options.wrk {
            return wrk::compare(&self.subjects, &self.options.connections(), self.report.rounds);
        }
        if let Some(other) = &self.options.against {
            return Against::new(&self.options, &self.broker).run(other);
        }
        if !self.options.curve.is_empty() {
            let [_, _, shipped] = &self.subjects;
            let curve = Curve::start(&self.options, &self.broker, shipped);
            return curve.draw(&self.cases(1 + self.options.curve.len()));
        }
        self.rows()?;
        self.depths()?;
        if self.options.soak > 0 {
            // One that has seen nothing: freed memory of a busier time would hide what grows.
            let Options { bridge, serve, .. } = &self.options;
            let bridge = Subject::bridge(&self.broker, bridge, serve);
            let soak = soak(&bridge, self.options.app_ids[0], self.options.soak)?;
            print!("{}", &soak);
            self.failure = self.failure.take().or_else(|| soak.first_failure.clone());
            self.report.soak = Some(soak);
        }
        if let Some(file) = &self.options.svg {
            fs::write(file, Chart(&self.report).to_string())?;
        }
        self.failure.map_or(Ok(()), |why| Err(io::Error::other(why)))
    }

    fn rows(&mut self) -> io::Result<()> {
        self.cases(self.subjects.len()).into_iter().try_for_each(|case| self.row(case))
    }

    /// What is asked of so many servers at once, as far as files suffice for it.
    fn cases(&self, servers: usize) -> Vec<Case> {
        let mut cases = Vec::new();
        for connections in self.options.connections() {
            let files = (connections * servers) as u64 + OTHER_FILES;
            if files > self.files {
                eprintln!("left out: {connections} connections, which need {files} open files");
                continue;
            }
            let posts_per_second = self.options.rate;
            let case = |&app_ids| Case { connections, app_ids, posts_per_second };
            cases.extend(self.options.app_ids.iter().map(case));
        }
        cases
    }

    fn depths(&mut self) -> io::Result<()> {
        for depth in self.options.depths() {
            eprintln!("measuring {depth} records in the spool");
            let found = Measurement { broker: &self.broker, options: &self.options }.take(depth)?;
            print!("{}", &found);
            self.failure = self.failure.take().or_else(|| found.failure());
            self.report.depths.push(found);
        }
        Ok(())
    }

    fn row(&mut self, case: Case) -> io::Result<()> {
        eprintln!("measuring {}", CaseText(case));
        let row = self.report.rounds.measure(case, &self.subjects)?;
        print!("{}", RowText(&row));
        let open_loop = self.open_loop(&row);
        self.failure = self.failure.take().or_else(|| failure(&row));
        self.report.rows.push(row);
        open_loop.map_or(Ok(()), |case| self.row(case))
    }

    /// The case of open loop that follows a row.
    fn open_loop(&self, row: &Row) -> Option<Case> {
        let case = row.case;
        let follows = case.posts_per_second.is_none()
            && case.connections == OPEN_LOOP_CONNECTIONS
            && case.app_ids == self.options.app_ids[0];
        let rate = row.figure(Role::Prototype, Figure::Rate).median * OPEN_LOOP_SHARE;
        follows.then_some(Case { posts_per_second: Some(rate.round()), ..case })
    }
}

/// What to say of a row where not all was answered 200.
fn failure(row: &Row) -> Option<String> {
    let (failures, why) = row.failures();
    let why = why?;
    Some(format!("{}: {failures} posts were not answered 200; {why}", CaseText(row.case)))
}

/// Posts to a prototype that is not measured.
fn warm_up(broker: &Broker) -> io::Result<()> {
    eprintln!("warming Kafka up");
    let subject = Subject::prototype(broker);
    let posts = Posts::new(APP_IDS.len());
    let tally =
        Load::connect(subject.addr(), WARM_UP_CONNECTIONS, posts)?.run(Pace::Closed, WARM_UP);
    tally.first_failure.map_or(Ok(()), |why| Err(io::Error::other(format!("warming up: {why}"))))
}

/// Each connection is a file, here and, since children inherit the limit, in the servers. Gives
/// how many there may be.
fn raise_file_limit() -> io::Result<u64> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum.unwrap_or(u64::MAX))
}
