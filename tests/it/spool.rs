//! The spool in front of a Kafka that fails: every post gets its 200 in time, and its record is on
//! the topic once Kafka is back, none lost and none overtaken.
//!
//! What takes minutes is ignored, and run by the command that `docs/develop.md` names.

mod away;
mod broker;
mod controller;
mod crash;
mod forgetful;
mod network;
mod partitions;
mod producer;
mod releases;
mod replicas;
mod sizes;
mod stop;
mod topic;

use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::consumer;
use testkit::deadline::eventually;
use testkit::exposition::Exposition;
use testkit::ledger::Ledger;
use testkit::port::free_port;
use testkit::senders::{Load, Senders};

/// The default, and the most that a post waits for Kafka.
const ACK_TIMEOUT: Duration = Duration::from_millis(2500);

/// What an answer may take beyond that: parked for 200 ms, a sync of the disk, a busy machine.
const MARGIN: Duration = Duration::from_millis(1500);

/// Until the spool is empty behind an outage and posts go to Kafka again, while they keep coming.
const DRAINED: Duration = Duration::from_secs(20);

const PUBLISHED: &str = "hookbridge_outcomes_total{outcome=\"published\"}";
const RECORDS: &str = "hookbridge_spool_records";
const BYTES: &str = "hookbridge_spool_bytes";
const OLDEST: &str = "hookbridge_spool_oldest_timestamp_seconds";
const APPENDED: &str = "hookbridge_spool_appended_total";
const DRAINED_TOTAL: &str = "hookbridge_spool_drained_total";
const ROWS_QUARANTINED: &str = "hookbridge_spool_quarantined_total{what=\"row\"}";
const FILES_QUARANTINED: &str = "hookbridge_spool_quarantined_total{what=\"file\"}";

/// A bridge with a spool under steady posts.
struct Scene {
    test: &'static str,
    bridge: Bridge,
    senders: Senders,
    /// How many rows are to be quarantined.
    refused: u64,
    _spool: TempDir, // after the bridge
}

impl Scene {
    /// Waits until Kafka acks the posts. The topic is there, by the name of the test.
    #[track_caller]
    fn open(test: &'static str, brokers: String, load: Load) -> Self {
        Self::open_with(test, brokers, load, |serve| serve)
    }

    /// As [`Scene::open`], with these flags.
    #[track_caller]
    fn open_with(
        test: &'static str,
        brokers: String,
        load: Load,
        flags: impl FnOnce(Launch) -> Launch,
    ) -> Self {
        let spool = tempfile::tempdir().unwrap();
        let bridge = flags(serve(brokers, &topic_of(test), &spool)).start();
        bridge.wait_ready(SOON);
        let senders = load.start(bridge.webhook());
        bridge.wait_for_metric(PUBLISHED, SOON, |published| published > 50.0);
        Self { test, bridge, senders, refused: 0, _spool: spool }
    }

    /// Waits until this many records wait on disk. Kafka is away, and the bridge is ready all the
    /// same.
    #[track_caller]
    fn wait_until_spooled(&self, records: u32) {
        let records = f64::from(records);
        self.bridge.wait_for_metric(RECORDS, SOON, |spooled| spooled >= records);
        assert_eq!(self.bridge.readyz().0, 200, "{}", self.bridge.readyz().1);
        assert!(self.bridge.metric(BYTES) > 0.0 && self.bridge.metric(OLDEST) > 0.0);
    }

    /// Waits until posts go to Kafka again. Kafka is back, and they keep coming.
    #[track_caller]
    fn wait_until_direct(&self) {
        let (records, start) = (self.bridge.metric(RECORDS), Instant::now());
        wait_until_direct(&self.bridge);
        eprintln!("{}: {records} records waited, direct after {:.1?}", self.test, start.elapsed());
    }

    /// Ends the posts and checks that every promise was kept. `brokers` is where to read the topic.
    #[track_caller]
    fn close(self, brokers: &str) {
        self.close_with(brokers, |ledger| ledger);
    }

    /// As [`Scene::close`]; not all posts need be on the topic.
    #[track_caller]
    fn close_with(self, brokers: &str, on_topic: impl FnOnce(Ledger) -> Ledger) {
        let Self { test, bridge, senders, refused, _spool } = self;
        let ledger = senders.stop();
        wait_until_empty(&bridge);
        let times = ledger.times();
        let posts = ledger.count(200);

        ledger.assert_statuses(&[200]);
        assert!(times.longest < ACK_TIMEOUT + MARGIN, "{times}");
        let spooled = assert_counted(&bridge, posts as u64 + refused, refused);
        eprintln!("{test}: {posts} posts, {spooled} spooled; {times}");
        assert_kept(test, brokers, &on_topic(ledger));
    }
}

/// A bridge with its spool in this folder.
fn serve(brokers: String, topic: &str, spool: &TempDir) -> Launch {
    let serve = HOOKBRIDGE.serve(brokers).arg("--topic", topic).no_auth();
    serve.arg("--spool", spool.path().to_str().unwrap())
}

/// The same bridge at each start, for senders that know it by its address.
fn on_one_address(serve: Launch) -> Launch {
    serve.arg("--listen", format!("127.0.0.1:{}", free_port()))
}

/// The name of a topic for the test alone.
fn topic_of(test: &str) -> String {
    test.replace("::", "-")
}

/// Prints the ledger of a test beside its topic, and checks the promise.
#[track_caller]
fn assert_kept(test: &str, brokers: &str, ledger: &Ledger) {
    let topic = consumer::to_end(brokers, &topic_of(test));
    eprintln!("{test}: {} posts, {}", ledger.count(200), ledger.verdict(&topic));
    ledger.assert_kept(&topic);
}

/// Waits until the spool is empty, nothing is on its way there, and all is well.
#[track_caller]
fn wait_until_empty(bridge: &Bridge) {
    eventually(DRAINED, "the spool is empty", || {
        spool_check(bridge) == "direct, 0 waiting" && bridge.metric(RECORDS) == 0.0
    });
    bridge.wait_ready(SOON);
    assert_eq!(bridge.metric(OLDEST), 0.0);
    assert_eq!(bridge.metric(FILES_QUARANTINED), 0.0);
}

/// Waits until posts go to Kafka again; they keep coming.
#[track_caller]
fn wait_until_direct(bridge: &Bridge) {
    eventually(DRAINED, "posts go to Kafka again", || spool_check(bridge).starts_with("direct"));
    let before = bridge.metric(PUBLISHED);
    bridge.wait_for_metric(PUBLISHED, SOON, |published| published > before + 20.0);
}

/// Checks that the bridge counted this many accepted posts, and that all that it spooled was drained,
/// but for these. How many it spooled.
#[track_caller]
fn assert_counted(bridge: &Bridge, accepted: u64, quarantined: u64) -> u64 {
    let settled = Exposition::settled(bridge.admin());
    let outcomes = settled.outcomes();
    let of = |outcome| outcomes.get(outcome).copied().unwrap_or_default();
    let (published, spooled) = (of("published"), of("spooled"));
    assert_eq!(published + spooled, accepted, "{outcomes:?}");
    let appended: u64 = settled.value(APPENDED);
    // Whoever was answered by a late ack may have been appended as well.
    assert!(appended >= spooled, "{appended} of {spooled}");
    assert_eq!(settled.value::<u64>(DRAINED_TOTAL) + quarantined, appended);
    assert_eq!(settled.value::<u64>(ROWS_QUARANTINED), quarantined);
    spooled
}

/// What `/readyz` says of the spool.
#[track_caller]
fn spool_check(bridge: &Bridge) -> String {
    let (_, readiness) = bridge.readyz();
    let checks = readiness["checks"].as_array().unwrap();
    let found = checks.iter().find(|found| found["name"] == "spool").expect("there is a spool");
    found["detail"].as_str().unwrap().to_owned()
}
