//! Answers from the disk, over what waits there already: depth must not slow a post.
//!
//! Two phases on one spool: Kafka is away, and each answer waits for a sync; then Kafka is there, and
//! the spool is drained while posts keep coming. Nothing is compared: the figures are the disk's.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use hookbridge::delivery::record::{Event, Record};
use hookbridge::delivery::spool::row::RowId;
use hookbridge::delivery::spool::{Spool, SpoolOptions};
use testkit::broker::{Broker, TOPIC};
use testkit::load::Load;
use testkit::load::posts::{APP_IDS, Posts, body};
use testkit::load::schedule::Pace;

use crate::options::Options;
use crate::sample::Sample;
use crate::subject::Subject;

/// As many as senders have that are in a hurry.
const CONNECTIONS: usize = 64;
/// A port where nobody listens.
pub(crate) const NOBODY: &str = "127.0.0.1:1";
/// Records that wait for the disk at once while a spool is filled: one batch.
const BATCH: usize = 1024;
/// Of anything that the disk does.
const DISK: Duration = Duration::from_secs(60);
const DRAINED: &str = "hookbridge_spool_drained_total";
const RECORDS: &str = "hookbridge_spool_records";

/// What was found at one depth.
#[derive(Debug)]
pub(crate) struct Depth {
    /// Records in the spool at the start.
    records: usize,
    /// Bytes of all files of the spool, for each of them.
    bytes_per_record: f64,
    /// From the start of the process to the first answer of `/readyz` that says so, Kafka away.
    ready_ms: f64,
    idle_rss_mb: f64,
    spooling: Sample,
    draining: Sample,
    drained_per_second: f64,
    /// Records that wait at the end: with none, the last answers were not given beside a drain.
    left: f64,
}

/// What a depth is measured with.
pub(crate) struct Measurement<'a> {
    pub(crate) broker: &'a Broker,
    pub(crate) options: &'a Options,
}

impl Measurement<'_> {
    /// Measures one depth.
    pub(crate) fn take(&self, depth: usize) -> io::Result<Depth> {
        let folder = tempfile::tempdir()?;
        let spool = folder.path().join("spool");
        fill(&spool, depth);
        let bytes_per_record = size_of(&spool)? as f64 / depth.max(1) as f64;
        let away = self.bridge(&spool, NOBODY.to_owned());
        let (ready_ms, idle_rss_mb) = (away.ready_after().as_secs_f64() * 1e3, away.idle_rss_mb());
        let spooling = self.sample(&away)?;
        drop(away);
        let there = self.bridge(&spool, self.broker.bootstrap());
        let (before, start) = (there.metric(DRAINED), Instant::now());
        let draining = self.sample(&there)?;
        let drained = there.metric(DRAINED) - before;
        Ok(Depth {
            records: depth,
            bytes_per_record,
            ready_ms,
            idle_rss_mb,
            spooling,
            draining,
            drained_per_second: drained / start.elapsed().as_secs_f64(),
            left: there.metric(RECORDS),
        })
    }

    fn bridge(&self, spool: &Path, bootstrap: String) -> Subject {
        let Options { bridge, serve, .. } = self.options;
        Subject::bridge_over(spool, bootstrap, self.broker.needs(), bridge, serve)
    }

    fn sample(&self, bridge: &Subject) -> io::Result<Sample> {
        let mut load = Load::connect(bridge.addr(), CONNECTIONS, Posts::new(APP_IDS.len()))?;
        Ok(self.options.rounds().sample(&mut load, bridge, Pace::Closed))
    }
}

/// Records as the bridge would have left them.
fn fill(dir: &Path, count: usize) {
    let options = SpoolOptions { dir: dir.to_owned(), max_bytes: u64::MAX };
    let (spool, thread) = Spool::open(&options).expect("a new folder takes a spool");
    let mut stored = Vec::with_capacity(BATCH);
    for number in 0..count {
        stored.push(append(&spool, number));
        if stored.len() == BATCH {
            stored.drain(..).for_each(|stored| wait(&stored));
        }
    }
    stored.drain(..).for_each(|stored| wait(&stored));
    thread.close(DISK).expect("an idle spool closes");
}

type Stored = Receiver<Option<RowId>>;

fn append(spool: &Spool, number: usize) -> Stored {
    let app_id = APP_IDS[number % APP_IDS.len()];
    let event = Event {
        app_id,
        event_type: "recording",
        source: "hookbridge",
        subject: Some("64a1f0c2e4b0d7a1c3f9b210"),
        time: None,
        trace_parent: None,
        trace_state: None,
        user: Some("video"),
    };
    let value = body(app_id).replace("################", &format!("{number:016}"));
    let record = Record::new(TOPIC.into(), event, Bytes::from(value), SystemTime::now());
    let (done, stored) = channel();
    spool
        .append(record, move |row| {
            let _ = done.send(row.ok());
        })
        .expect("the queue has room");
    stored
}

fn wait(stored: &Stored) {
    stored.recv_timeout(DISK).expect("the disk answers").expect("the disk has room");
}

fn size_of(dir: &Path) -> io::Result<u64> {
    fs::read_dir(dir)?.map(|file| Ok(file?.metadata()?.len())).sum()
}

impl Depth {
    /// What was wrong with the first post that was not answered 200.
    pub(crate) fn failure(&self) -> Option<String> {
        let samples = [("spooling", &self.spooling), ("draining", &self.draining)];
        let failed = samples.iter().find_map(|(phase, sample)| {
            sample.first_failure.as_ref().map(|why| format!("{phase}: {why}"))
        });
        failed.map(|why| format!("{} records in the spool, {why}", self.records))
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, bytes_per_record, ready_ms, idle_rss_mb, .. } = self;
        write!(f, "\n{records} records in the spool, {CONNECTIONS} connections")?;
        write!(f, "; ready after {ready_ms:.0} ms, {idle_rss_mb:.1} MB")?;
        if *records > 0 {
            write!(f, ", {bytes_per_record:.0} bytes on disk for each")?;
        }
        writeln!(f)?;
        for (phase, sample) in [("spooling", &self.spooling), ("draining", &self.draining)] {
            let Sample { posts_per_second, p50_ms, p99_ms, cpu_us, rss_mb, .. } = sample;
            write!(f, "{phase:16}{posts_per_second:>10.0} answers/s, p50 {p50_ms:.2} ms")?;
            writeln!(f, ", p99 {p99_ms:.2} ms, {cpu_us:.1} us CPU/post, {rss_mb:.1} MB")?;
        }
        let Self { drained_per_second, left, .. } = self;
        writeln!(
            f,
            "{:16}{drained_per_second:>10.0} records/s to Kafka meanwhile, {left:.0} left",
            ""
        )
    }
}
