//! The spool of this build beside that of another one, in turns: `--against BINARY`.
//!
//! Each round takes both builds, and the other one first every second time. The ratios are of this
//! build to the other; beside the answers stands the disk's own limit: a loop that appends as many bytes
//! for as many senders, with one sync for all of them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testkit::broker::Broker;
use testkit::deadline::eventually;
use testkit::load::Load;
use testkit::load::posts::{APP_IDS, Posts};
use testkit::load::schedule::Pace;

use crate::depth::NOBODY;
use crate::options::Options;
use crate::row::Rounds;
use crate::sample::Sample;
use crate::spread::Spread;
use crate::subject::Subject;
use crate::usage::Usage;

/// Connections of the phases in which Kafka is away.
const SPOOLING: [usize; 3] = [1, 64, 256];
/// Those beside a drain.
const DRAINING: usize = 64;
/// Of the drain of all that a round has spooled.
const DRAINED: Duration = Duration::from_secs(60);
/// Records that many starts are measured over.
const DEEP: f64 = 1e6;
/// Connections that fill it.
const FILLING: usize = 256;
const RECORDS: &str = "hookbridge_spool_records";
const DRAINED_TOTAL: &str = "hookbridge_spool_drained_total";

/// What is measured, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Figure {
    Answers(usize),
    Cpu(usize),
    P50(usize),
    DrainRate,
    DrainCpu,
    P99BesideDrain,
    IdleRss,
    DeepRss,
    DeepReady,
    DeepBytes,
    Binary,
}

/// One build, and what was found of it.
struct Build {
    binary: PathBuf,
    found: Vec<(Figure, f64)>,
    deep: TempDir,
}

/// Both.
pub(crate) struct Against<'a> {
    options: &'a Options,
    broker: &'a Broker,
    rounds: Rounds,
}

impl<'a> Against<'a> {
    pub(crate) fn new(options: &'a Options, broker: &'a Broker) -> Self {
        Self { options, broker, rounds: options.rounds() }
    }

    /// Measures and prints.
    pub(crate) fn run(&self, other: &Path) -> io::Result<()> {
        let build = |binary: &Path| -> io::Result<Build> {
            let mut build =
                Build { binary: binary.to_owned(), found: Vec::new(), deep: tempfile::tempdir()? };
            build.found.push((Figure::Binary, fs::metadata(binary)?.len() as f64 / 1e6));
            self.fill(&mut build)?;
            Ok(build)
        };
        let mut builds = [build(&self.options.bridge)?, build(other)?];
        for round in 0..self.rounds.count {
            let (one, two) = builds.split_at_mut(1);
            let (one, two) = (&mut one[0], &mut two[0]);
            let turns = if round % 2 == 0 { [one, two] } else { [two, one] };
            for build in turns {
                self.round(build)?;
            }
        }
        self.print(&builds);
        Ok(())
    }

    fn bridge(&self, build: &Build, spool: &Path, bootstrap: String) -> Subject {
        let (needs, serve) = (self.broker.needs(), &self.options.serve);
        Subject::bridge_over(spool, bootstrap, needs, &build.binary, serve)
    }

    /// A million records, written by the build itself.
    fn fill(&self, build: &mut Build) -> io::Result<()> {
        let folder = build.deep.path().to_owned();
        let bridge = self.bridge(build, &folder, NOBODY.to_owned());
        let mut load = Load::connect(bridge.addr(), FILLING, Posts::new(APP_IDS.len()))?;
        while bridge.metric(RECORDS) < DEEP {
            checked(Sample::take(&mut load, bridge.pid(), Pace::Closed, self.rounds.time))?;
        }
        let records = bridge.metric(RECORDS);
        let bytes: u64 = fs::read_dir(&folder)?
            .map(|file| Ok(file?.metadata()?.len()))
            .sum::<io::Result<u64>>()?;
        build.found.push((Figure::DeepBytes, bytes as f64 / records));
        Ok(())
    }

    fn round(&self, build: &mut Build) -> io::Result<()> {
        let deep = self.bridge(build, build.deep.path(), NOBODY.to_owned());
        let ready = deep.ready_after().as_secs_f64() * 1e3;
        build.found.push((Figure::DeepReady, ready));
        build.found.push((Figure::DeepRss, deep.idle_rss_mb()));
        drop(deep);

        let folder = tempfile::tempdir()?;
        let spool = folder.path().join("spool");
        let away = self.bridge(build, &spool, NOBODY.to_owned());
        build.found.push((Figure::IdleRss, away.idle_rss_mb()));
        for connections in SPOOLING {
            let sample = self.sample(&away, connections)?;
            build.found.push((Figure::Answers(connections), sample.posts_per_second));
            build.found.push((Figure::Cpu(connections), sample.cpu_us));
            build.found.push((Figure::P50(connections), sample.p50_ms));
        }
        drop(away);
        let beside = folder.path().join("beside");
        copy(&spool, &beside)?;
        self.drain(build, &spool);
        let there = self.bridge(build, &beside, self.broker.bootstrap());
        let sample = self.sample(&there, DRAINING)?;
        build.found.push((Figure::P99BesideDrain, sample.p99_ms));
        Ok(())
    }

    fn sample(&self, bridge: &Subject, connections: usize) -> io::Result<Sample> {
        let mut load = Load::connect(bridge.addr(), connections, Posts::new(APP_IDS.len()))?;
        checked(self.rounds.sample(&mut load, bridge, Pace::Closed))
    }

    /// Nobody posts. From the first record that is drained to the last.
    fn drain(&self, build: &mut Build, spool: &Path) {
        let bridge = self.bridge(build, spool, self.broker.bootstrap());
        let (before, begun) = (bridge.metric(DRAINED_TOTAL), Instant::now());
        let used = Usage::of(bridge.pid());
        eventually(DRAINED, "the spool is drained", || bridge.metric(RECORDS) == 0.0);
        let took = begun.elapsed();
        let records = bridge.metric(DRAINED_TOTAL) - before;
        let cpu = Usage::of(bridge.pid()).cpu_us_since(used, records as u64);
        build.found.push((Figure::DrainRate, records / took.as_secs_f64()));
        build.found.push((Figure::DrainCpu, cpu));
    }

    fn print(&self, [this, other]: &[Build; 2]) {
        let rounds = self.rounds.count;
        println!("\nthe spool beside that of {}, {rounds} rounds in turns", other.binary.display());
        println!("{:<46}{:>12}{:>12}   ratio (spread)   limit of the disk", "", "this", "other");
        let mut figures: Vec<_> = this.found.iter().map(|(figure, _)| *figure).collect();
        figures.sort_unstable();
        figures.dedup();
        let bytes = this.of(Figure::DeepBytes)[0];
        for figure in figures {
            let (ours, theirs) = (this.of(figure), other.of(figure));
            let ratios = Spread::of(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs));
            let median = |values: &[f64]| Spread::of(values.iter().copied()).median;
            let limit = figure.answers_of().map_or_else(String::new, |connections| {
                let appends = limit(connections as f64 * bytes, self.rounds.time);
                format!("   {:.0}", appends * connections as f64)
            });
            let (ours, theirs) = (median(&ours), median(&theirs));
            println!("{:<46}{ours:>12.2}{theirs:>12.2}   {ratios}{limit}", figure.title());
        }
    }
}

impl Build {
    fn of(&self, wanted: Figure) -> Vec<f64> {
        let found = self.found.iter().filter(|(figure, _)| *figure == wanted);
        found.map(|(_, value)| *value).collect()
    }
}

impl Figure {
    /// The connections that the disk's own limit is measured for.
    fn answers_of(self) -> Option<usize> {
        if let Self::Answers(connections) = self { Some(connections) } else { None }
    }

    fn title(self) -> String {
        match self {
            Self::Answers(connections) => {
                format!("answers/s while Kafka is away, {connections} connections")
            }
            Self::Cpu(connections) => {
                format!("CPU per spooled post, {connections} connections, us")
            }
            Self::P50(connections) => {
                format!("p50 while Kafka is away, {connections} connections, ms")
            }
            Self::DrainRate => "records/s drained, nobody posts".to_owned(),
            Self::DrainCpu => "CPU per drained record, us".to_owned(),
            Self::P99BesideDrain => {
                format!("p99 of posts beside a drain, {DRAINING} connections, ms")
            }
            Self::IdleRss => "RSS idle, MB".to_owned(),
            Self::DeepRss => "RSS idle over a million records, MB".to_owned(),
            Self::DeepReady => "ready over a million records, ms".to_owned(),
            Self::DeepBytes => "bytes on disk for a record".to_owned(),
            Self::Binary => "binary, MB".to_owned(),
        }
    }
}

/// Appends of so many bytes, each with a sync, a second.
fn limit(bytes: f64, time: Duration) -> f64 {
    let folder = tempfile::tempdir().expect("a folder for a file");
    let file = File::create_new(folder.path().join("limit")).expect("a file");
    let (bytes, begun) = (vec![b'x'; bytes as usize], Instant::now());
    let (mut at, mut appends) = (0, 0_u32);
    while begun.elapsed() < time {
        file.write_all_at(&bytes, at).expect("the disk has room");
        file.sync_data().expect("the disk syncs");
        at += bytes.len() as u64;
        appends += 1;
    }
    f64::from(appends) / begun.elapsed().as_secs_f64()
}

fn checked(sample: Sample) -> io::Result<Sample> {
    match &sample.first_failure {
        None => Ok(sample),
        Some(why) => Err(io::Error::other(why.clone())),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}
