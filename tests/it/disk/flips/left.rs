//! What a bridge has left on the disk, and what the next one makes of a copy.

use crate::disk::posts::Posts;
use crate::disk::{DRAINED, TOPIC, kafka_away, serve, spool_check, spool_in, wait_for_drain};
use crate::support::rig::SOON;
use rustix::process::Signal;
use std::collections::HashMap;
use std::fs;
use tempfile::{TempDir, tempdir};
use testkit::consumer::{self, Seen};
use testkit::deadline::eventually;
use testkit::exposition::Exposition;

/// Ordinary posts, longer ones, and some that are longer than a sector or a page.
const POSTS: [(usize, usize); 3] = [(0, 60), (1500, 40), (20_000, 4)];

/// It is logged, at level error, where something was missed.
const LOGGED: &str = "records of the spool are damaged or missing";

/// What the name of a segment ends with that is kept for people.
const DAMAGED: &str = ".log.damaged";

/// A spool as its bridge left it.
pub(super) struct Left {
    temp: TempDir,
    /// What consumers get of it, by `ce_id`.
    records: HashMap<String, Seen>,
}

/// What the next bridge made of it.
pub(super) struct Drained {
    records: HashMap<String, Seen>,
    /// Counted as missing.
    pub(super) missing: u64,
    /// Counted as kept.
    pub(super) files: u64,
    /// Damaged files by their names.
    pub(super) kept: Vec<String>,
    log: String,
}

impl Left {
    /// Rows of a few large commits, while Kafka is away.
    pub(super) fn by(end: Signal) -> Self {
        let (kafka, temp) = (kafka_away(), tempdir().unwrap());
        let mut bridge = serve(&kafka, &spool_in(&temp)).start();
        for (length, count) in POSTS {
            let mut posts = Posts::of_length(length);
            posts.post_at_once(&bridge, count / 2);
            posts.post_at_once(&bridge, count / 2);
            assert_eq!(posts.accepted(), count);
        }
        bridge.signal(end);
        bridge.wait_exit(SOON);
        let mut left = Self { temp, records: HashMap::new() };
        let drained = drain(&left.copy());
        assert_eq!((drained.missing, drained.files), (0, 0));
        assert_eq!(drained.records.len(), POSTS.iter().map(|(_, count)| count).sum::<usize>());
        left.records = drained.records;
        left
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> u64 {
        self.records.len() as u64
    }

    /// Its files.
    pub(super) fn copy(&self) -> TempDir {
        let copy = tempdir().unwrap();
        let (from, to) = (spool_in(&self.temp), spool_in(&copy));
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        copy
    }

    /// Checks that a copy that was changed comes to the topic unaltered, without what is missed
    /// aloud.
    #[track_caller]
    pub(super) fn assert_drained(&self, copy: &TempDir, what: &str) -> Drained {
        let drained = drain(copy);
        for (id, seen) in &drained.records {
            let Some(posted) = self.records.get(id) else { panic!("{what}: {id} is nobody's") };
            assert!(is_same(seen, posted), "{what}: {seen:?} was posted as {posted:?}");
        }
        let lost = self.count() - drained.records.len() as u64;
        let Drained { missing, files, kept, log, .. } = &drained;
        assert_eq!(lost, *missing, "{what}");
        assert_eq!(kept.len() as u64, *files, "{what}: {kept:?}");
        assert_eq!(log.contains(LOGGED), *missing > 0, "{what}: {log}");
        drained
    }
}

/// Starts a bridge on it with Kafka there, and ends it when it is drained and works.
#[track_caller]
fn drain(spool: &TempDir) -> Drained {
    let kafka = kafka_away();
    kafka.broker_up();
    let mut bridge = serve(&kafka, &spool_in(spool)).start();
    wait_for_drain(&bridge);
    eventually(DRAINED, "posts go to Kafka", || spool_check(&bridge).1.starts_with("direct, 0 "));
    let topic = consumer::to_end(&kafka.bootstrap(), TOPIC);
    assert_eq!(Posts::of_length(0).post(&bridge).status, 200);
    let exposition = Exposition::of(bridge.admin());
    let missing = exposition.value("hookbridge_spool_missing_total");
    let files = exposition.value("hookbridge_spool_quarantined_total{what=\"file\"}");
    bridge.signal(Signal::TERM);
    assert!(bridge.wait_exit(SOON).success());
    let by_id = |seen: Seen| (seen.header("ce_id").unwrap().to_owned(), seen);
    let records = topic.into_iter().map(by_id).collect();
    let names = fs::read_dir(spool_in(spool)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut kept: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    kept.retain(|name| name.ends_with(DAMAGED));
    Drained { records, missing, files, kept, log: bridge.log() }
}

/// As far as consumers care.
fn is_same(one: &Seen, other: &Seen) -> bool {
    let of = |seen: &Seen| (seen.key.clone(), seen.value.clone(), seen.timestamp_ms);
    of(one) == of(other) && one.headers == other.headers
}
