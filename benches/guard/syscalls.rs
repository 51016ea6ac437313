//! How many syscalls a post costs the bridge, with 64 connections at work.
//!
//! Each write to a pipe or an eventfd wakes a thread, and each futex may: they are what batches are
//! to spare. The broker is librdkafka's mock in a process of its own, which takes a millisecond over
//! each answer: so batches are as large as that lets them be, on a slow machine as on a fast one.
//!
//! Each is counted in a run of its own: strace halts the thread at every call that it counts, and
//! librdkafka writes to its pipe while it holds a lock, so that to count writes makes futexes.
//! Starting and stopping the bridge is counted along, which is a hundredth of it.

use crate::HOOKBRIDGE;
use crate::budget::Budget;
use rustix::process::Signal;
use std::fs;
use std::time::Duration;
use testkit::broker::{Broker, Kind, TOPIC};
use testkit::deadline::wait_for;
use testkit::load::posts::{APP_IDS, CREDENTIALS, Posts};
use testkit::load::schedule::Pace;
use testkit::load::{Load, Tally};

pub(crate) const TOOL: &str = "strace";

/// What is counted, and how many there may be for each post.
const BUDGETS: [(&str, f64); 2] = [
    ("write", 0.45), // measured: 0.15 to 0.23, beside a compiler 0.3
    // Measured under strace: 0.13 to 0.25; the aim is 0.1. Nearly all are three for one wake of
    // librdkafka's broker thread, which is woken inside the lock that it then asks for.
    ("futex", 0.4),
];

const CONNECTIONS: usize = 64;
const PARTITIONS: i32 = 6;
const ROUND_TRIP: Duration = Duration::from_millis(1);
const WARM_UP: Duration = Duration::from_millis(200);
const TIME: Duration = Duration::from_millis(800);

/// The least of them counts: whatever else runs on the machine can only add wakes.
const RUNS: usize = 3;

/// Of the bridge, which strace slows down.
const SOON: Duration = Duration::from_secs(20);

/// Counts all of them.
pub(crate) fn count() -> Vec<Budget> {
    let broker = Broker::start(Kind::Mock, PARTITIONS, ROUND_TRIP);
    let counted = BUDGETS.map(|(syscall, at_most)| {
        let runs = (0..RUNS).map(|_| per_post(&broker, syscall));
        let found = runs.fold(f64::INFINITY, f64::min);
        Budget { name: syscall.to_owned(), found, at_most }
    });
    counted.into()
}

/// Posts to a bridge under strace.
fn per_post(broker: &Broker, syscall: &str) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("summary");
    let summary = file.to_str().expect("folders for temporary files are UTF-8");
    let traced = format!("trace={syscall}");
    let mut bridge = HOOKBRIDGE
        .serve(broker.bootstrap())
        .arg("--topic", TOPIC)
        .arg("--kafka-property", broker.needs().expect("a mock has needs"))
        .credentials(CREDENTIALS)
        // The bridge stays our child (D); what is not counted is not halted (seccomp).
        .under(TOOL, ["-D", "-f", "-c", "-o", summary, "--seccomp-bpf", "-e", &traced])
        .start();
    bridge.wait_ready(SOON);
    let mut load = Load::connect(bridge.webhook(), CONNECTIONS, Posts::new(APP_IDS.len())).unwrap();
    let tallies = [WARM_UP, TIME].map(|time| load.run(Pace::Closed, time));
    drop(load);
    bridge.signal(Signal::TERM);
    bridge.wait_exit(SOON);
    for tally in &tallies {
        assert_eq!(tally.first_failure, None);
    }
    let calls = wait_for(SOON, "strace writes its summary", || {
        calls(&fs::read_to_string(&file).ok()?, syscall)
    });
    calls as f64 / tallies.iter().map(Tally::answered).sum::<u64>() as f64
}

/// The fourth column: `% time, seconds, usecs/call, calls, errors, syscall`. None while the summary
/// is not whole.
fn calls(summary: &str, syscall: &str) -> Option<u64> {
    let line = |name| summary.lines().find(|line| line.split_whitespace().last() == Some(name));
    line("total")?;
    line(syscall).map_or(Some(0), |line| line.split_whitespace().nth(3)?.parse().ok())
}
