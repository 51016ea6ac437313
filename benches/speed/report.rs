//! All that a run found; the table and the chart are made from it.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use testkit::broker::Kind;

use crate::depth::Depth;
use crate::row::{Rounds, Row};

/// The whole of it.
#[derive(Debug)]
pub(crate) struct Report {
    /// What `--version` says.
    pub(crate) bridge: String,
    /// The size of the binary.
    pub(crate) bridge_mb: f64,
    pub(crate) machine: Machine,
    pub(crate) kafka: Kind,
    pub(crate) partitions: i32,
    pub(crate) round_trip_ms: u128,
    pub(crate) rounds: Rounds,
    /// Before the first post: bare hyper, prototype, bridge.
    pub(crate) idle_rss_mb: [f64; 3],
    /// From the start of the bridge's process to the first `/readyz` that says so, Kafka there.
    pub(crate) ready_ms: f64,
    pub(crate) rows: Vec<Row>,
    pub(crate) depths: Vec<Depth>,
    pub(crate) soak: Option<Soak>,
}

/// What everything ran on.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
}

/// Whether a bridge that works for long grows.
#[derive(Debug)]
pub(crate) struct Soak {
    pub(crate) posts: u64,
    pub(crate) rss_mb_before: f64,
    pub(crate) rss_mb_after: f64,
    /// What was wrong with the first post that was not answered 200.
    pub(crate) first_failure: Option<String>,
}

impl fmt::Display for Soak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { posts, rss_mb_before, rss_mb_after, first_failure: _ } = self;
        writeln!(
            f,
            "\nsoak: {posts} posts, RSS {rss_mb_before:.1} MB before, {rss_mb_after:.1} after"
        )
    }
}

impl Machine {
    /// This one.
    pub(crate) fn here() -> Self {
        let read = |file| fs::read_to_string(file).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            cpu: model.map_or("unknown CPU", |(_, model)| model).to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// What a bridge says of itself.
pub(crate) fn version(bridge: &Path) -> String {
    let output = Command::new(bridge).arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
