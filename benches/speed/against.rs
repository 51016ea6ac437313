//! The spool of this build beside that of another one, in turns: `--against BINARY`.
//!
//! Each round takes both builds, and the other one first every second time. The ratios are of this
//! build to the other; behind them comes the disk's own limit: a loop that appends as many bytes
//! for as many senders, with one sync for all of them.

use crate::HOOKBRIDGE;
use crate::row::{Case, Rounds};
use crate::sample::Sample;
use crate::spread::Spread;
use crate::subject::Subject;
use crate::usage::Usage;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::broker::Broker;
use testkit::deadline::eventually;
use testkit::load::posts::APP_IDS;
use testkit::load::schedule::Pace;
use testkit::port::NOBODY;

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
/// The title of what the disk's own limit is measured with.
const BYTES: &str = "bytes on disk for a record";
const RECORDS: &str = "hookbridge_spool_records";
const DRAINED_TOTAL: &str = "hookbridge_spool_drained_total";

/// One build, and what was found of it.
struct Build<'a> {
    binary: PathBuf,
    /// Titles, as often as there were rounds, and values.
    found: Vec<(String, f64)>,
    deep: TempDir,
    broker: &'a Broker,
    rounds: Rounds,
}

/// Measures and prints.
pub(crate) fn against(other: &Path, rounds: Rounds, broker: &Broker) -> io::Result<()> {
    let build = |binary: &Path| -> io::Result<Build<'_>> {
        let megabytes = fs::metadata(binary)?.len() as f64 / 1e6;
        let found = vec![("binary, MB".to_owned(), megabytes)];
        let (binary, deep) = (binary.to_owned(), tempfile::tempdir()?);
        let mut build = Build { binary, found, deep, broker, rounds };
        build.fill()?;
        Ok(build)
    };
    let mut this = build(HOOKBRIDGE.path().as_ref())?;
    let mut other = build(other)?;
    for round in 0..rounds.count {
        let turns = if round % 2 == 0 { [&mut this, &mut other] } else { [&mut other, &mut this] };
        turns.into_iter().try_for_each(Build::round)?;
    }
    print(&this, &other);
    Ok(())
}

impl Build<'_> {
    fn start(&self, spool: &Path, bootstrap: String) -> Subject {
        Subject::bridge_over(spool, self.broker, bootstrap, &self.binary)
    }

    /// A million records, written by the build itself.
    fn fill(&mut self) -> io::Result<()> {
        let bridge = self.start(self.deep.path(), NOBODY.to_owned());
        let mut load = bridge.load(Case::usual(FILLING, APP_IDS.len()))?;
        while bridge.metric(RECORDS) < DEEP {
            checked(Sample::take(&mut load, bridge.pid(), Pace::Closed, self.rounds.time))?;
        }
        let deep = checked(self.rounds.sample(&mut load, &bridge, Pace::Closed))?;
        let title = format!("answers/s over a million records, {FILLING} connections");
        self.note(&title, deep.posts_per_second);
        let files = fs::read_dir(self.deep.path())?.map(|file| Ok(file?.metadata()?.len()));
        let bytes = files.sum::<io::Result<u64>>()?;
        self.note(BYTES, bytes as f64 / bridge.metric(RECORDS));
        Ok(())
    }

    fn round(&mut self) -> io::Result<()> {
        let deep = self.start(self.deep.path(), NOBODY.to_owned());
        self.note("ready over a million records, ms", deep.ready_after().as_secs_f64() * 1e3);
        self.note("RSS idle over a million records, MB", deep.idle_rss_mb());
        drop(deep);

        let folder = tempfile::tempdir()?;
        let spool = folder.path().join("spool");
        let away = self.start(&spool, NOBODY.to_owned());
        self.note("RSS idle, MB", away.idle_rss_mb());
        for connections in SPOOLING {
            let sample = self.sample(&away, connections)?;
            for (title, value) in [
                ("answers/s while Kafka is away", sample.posts_per_second),
                ("CPU per spooled post, us", sample.cpu_us),
                ("p50 while Kafka is away, ms", sample.p50_ms),
            ] {
                self.note(&format!("{title}, {connections} connections"), value);
            }
        }
        drop(away);
        let beside = folder.path().join("beside");
        copy(&spool, &beside)?;
        self.drain(&spool);
        let there = self.start(&beside, self.broker.bootstrap());
        let sample = self.sample(&there, DRAINING)?;
        self.note(&format!("p99 beside a drain, {DRAINING} connections, ms"), sample.p99_ms);
        Ok(())
    }

    fn sample(&self, bridge: &Subject, connections: usize) -> io::Result<Sample> {
        let mut load = bridge.load(Case::usual(connections, APP_IDS.len()))?;
        checked(self.rounds.sample(&mut load, bridge, Pace::Closed))
    }

    /// Nobody posts. From the first record that is drained to the last.
    fn drain(&mut self, spool: &Path) {
        let bridge = self.start(spool, self.broker.bootstrap());
        let (before, begun) = (bridge.metric(DRAINED_TOTAL), Instant::now());
        let used = Usage::of(bridge.pid());
        eventually(DRAINED, "the spool is drained", || bridge.metric(RECORDS) == 0.0);
        let took = begun.elapsed();
        let records = bridge.metric(DRAINED_TOTAL) - before;
        let cpu = Usage::of(bridge.pid()).cpu_us_since(used, records as u64);
        self.note("records/s drained, nobody posts", records / took.as_secs_f64());
        self.note("CPU per drained record, us", cpu);
    }

    fn note(&mut self, title: &str, value: f64) {
        self.found.push((title.to_owned(), value));
    }

    fn of(&self, wanted: &str) -> Vec<f64> {
        let found = self.found.iter().filter(|(title, _)| title == wanted);
        found.map(|(_, value)| *value).collect()
    }
}

fn print(this: &Build<'_>, other: &Build<'_>) {
    println!("\nthe spool beside that of {}, in turns", other.binary.display());
    println!("{:<53}{:>12}{:>12}   ratio (min-max)", "", "this", "other");
    let mut shown = Vec::new();
    for (title, _) in &this.found {
        if shown.contains(&title) {
            continue;
        }
        shown.push(title);
        let (ours, theirs) = (this.of(title), other.of(title));
        let ratios = Spread::of(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs));
        let [ours, theirs] = [ours, theirs].map(|values| Spread::of(values).median);
        println!("{title:<53}{ours:>12.2}{theirs:>12.2}   {ratios}");
    }
    let bytes = this.of(BYTES)[0];
    for connections in SPOOLING {
        let appends = limit(connections as f64 * bytes, this.rounds.time) * connections as f64;
        println!(
            "{:<53}{appends:>12.0}",
            format!("the disk's own limit, {connections} connections")
        );
    }
}

/// Appends of this many bytes, each with a sync, a second.
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
