//! A bridge whose clock is wrong, or is set while it works.
//!
//! The bridge runs inside the test, which moves its clock; all else is as it is run.

use crate::support::rig::SOON;
use crate::times::{BEFORE_MAX, received_ms};
use clap::Parser as _;
use hookbridge::args::{Cli, Command};
use hookbridge::bridge::inherited_sockets::InheritedSockets;
use hookbridge::bridge::{Addresses, Bridge};
use hookbridge::clock::Clock;
use hookbridge::config::Config;
use hookbridge::metrics::Metrics;
use hookbridge::metrics::build::Build;
use prometheus_client::metrics::counter::Counter;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tempfile::TempDir;
use testkit::consumer;
use testkit::deadline::{eventually, let_pass};
use testkit::exposition::Exposition;
use testkit::here;
use testkit::http;
use testkit::kafka::RealKafka;
use testkit::notification::{PATH, numbered};
use testkit::senders::Load;
use tokio::runtime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Of a backlog, while posts keep coming.
const CAUGHT_UP: Duration = Duration::from_secs(30);

const WAITING: &str = "hookbridge_spool_records";
const DRAINED: &str = "hookbridge_spool_drained_total";

/// A bridge inside the test.
pub(super) struct Clocked {
    clock: Arc<AtomicI64>,
    pub(super) addresses: Addresses,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Clocked {
    /// With a clock that is this many milliseconds ahead.
    pub(super) fn start(kafka: &RealKafka, topic: &str, ahead: i64, flags: &[&str]) -> Self {
        let brokers = kafka.bootstrap();
        let mut typed = vec!["hookbridge", "serve", "--no-auth", "--brokers", &brokers];
        typed.extend(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        typed.extend(["--topic", topic].iter().chain(flags));
        let Some(Command::Serve(args)) = Cli::parse_from(typed).command else {
            panic!("these are flags of serve")
        };
        let clock = Arc::new(AtomicI64::new(ahead));
        let config = Config { clock: Clock::shifted(clock.clone()), ..Config::new(*args).unwrap() };
        let mut bridge = Bridge::bind(config, InheritedSockets::default()).unwrap();
        let (addresses, stop) = (bridge.addresses(), CancellationToken::new());
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let build = Build { version: "0", commit: "0", librdkafka: "0".to_owned() };
            let metrics = Metrics::new(&build, Counter::default());
            runtime.block_on(bridge.open(&stopped)).unwrap();
            runtime.block_on(bridge.run(metrics, stopped, watch::channel(()).1)).unwrap();
        });
        let clocked = Self { clock, addresses, stop, thread: Some(thread) };
        eventually(SOON, "/readyz is 200", || {
            http::get(clocked.addresses.admin, "/readyz").status == 200
        });
        clocked
    }

    pub(super) fn set(&self, ahead: i64) {
        self.clock.store(ahead, Ordering::Relaxed);
    }

    pub(super) fn metric(&self, series: &str) -> u64 {
        Exposition::of(self.addresses.admin).value(series)
    }

    pub(super) fn wait_until_drained(&self) {
        eventually(CAUGHT_UP, "nothing waits", || self.metric(WAITING) == 0);
    }
}

impl Drop for Clocked {
    fn drop(&mut self) {
        self.stop.cancel();
        let ended = self.thread.take().expect("it is dropped once").join();
        assert!(thread::panicking() || ended.is_ok(), "the bridge ended well");
    }
}

fn topic_of(test: &str) -> String {
    test.replace("::", "-")
}

#[test]
fn a_clock_that_is_hours_ahead_refuses_no_post_without_a_spool() {
    let test = here!();
    let Some(kafka) = RealKafka::shared(test) else { return };
    let topic = topic_of(test);
    kafka.create_topic(&topic, 3, &[]);
    let bridge = Clocked::start(kafka, &topic, 2 * HOUR_MS, &[]);

    for number in 0..12 {
        let answer = http::post(bridge.addresses.webhook, PATH, &[], numbered(number));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    let seen = consumer::to_end(&kafka.bootstrap(), &topic);
    assert_eq!(seen.len(), 12);
    let all_late = seen.iter().all(|record| received_ms(record) - record.timestamp_ms > HOUR_MS);
    assert!(all_late, "{seen:?}");
}

#[test]
fn a_clock_that_is_days_ahead_quarantines_nothing() {
    keeps_nothing_on_disk(here!(), &[], 3 * DAY_MS);
}

/// Posts that waited on disk all arrive, with a clock that is this many milliseconds ahead.
pub(super) fn keeps_nothing_on_disk(test: &str, config: &[(&str, &str)], ahead: i64) {
    let Some(kafka) = RealKafka::own(test, &[]) else { return };
    kafka.create_topic("events", 3, config);
    let spool = TempDir::new().unwrap();
    let flags = ["--spool", spool.path().to_str().unwrap()];
    let bridge = Clocked::start(&kafka, "events", ahead, &flags);

    kafka.freeze();
    for number in 0..12 {
        let answer = http::post(bridge.addresses.webhook, PATH, &[], numbered(number));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    kafka.thaw();

    bridge.wait_until_drained();
    let seen = consumer::to_end(&kafka.bootstrap(), "events");
    let unique: std::collections::HashSet<_> = seen.iter().map(|record| &record.value).collect();
    assert_eq!(unique.len(), 12);
    assert_eq!(bridge.metric("hookbridge_spool_quarantined_total{what=\"row\"}"), 0);
}

#[test]
fn steps_of_the_clock_refuse_no_post_while_posts_go_directly() {
    let test = here!();
    let Some(kafka) = RealKafka::shared(test) else { return };
    let topic = topic_of(test);
    kafka.create_topic(&topic, 3, &[(BEFORE_MAX, &HOUR_MS.to_string())]);
    let bridge = Clocked::start(kafka, &topic, 0, &[]);
    let senders = Load::steady(16).projects(4).start(bridge.addresses.webhook);

    for ahead in [2 * HOUR_MS, -2 * HOUR_MS, 40 * DAY_MS, 0, -40 * DAY_MS, 0] {
        let_pass(Duration::from_millis(300));
        bridge.set(ahead);
    }
    let_pass(Duration::from_millis(300));

    let ledger = senders.stop();
    ledger.assert_statuses(&[200]);
    let verdict = ledger.verdict(&consumer::to_end(&kafka.bootstrap(), &topic));
    assert_eq!((verdict.lost.len(), verdict.overtaken.len()), (0, 0), "{verdict}");
}

#[test]
fn steps_of_the_clock_lose_and_overtake_nothing_with_a_spool() {
    let test = here!();
    let Some(kafka) = RealKafka::own(test, &[]) else { return };
    kafka.create_topic("events", 3, &[(BEFORE_MAX, &HOUR_MS.to_string())]);
    let spool = TempDir::new().unwrap();
    let flags = ["--spool", spool.path().to_str().unwrap()];
    let bridge = Clocked::start(&kafka, "events", 0, &flags);
    let senders = Load::steady(8).start(bridge.addresses.webhook);
    let_pass(Duration::from_millis(500));

    for steps in [[2 * HOUR_MS, -2 * HOUR_MS], [40 * DAY_MS, 0]] {
        let drained = bridge.metric(DRAINED);
        kafka.freeze();
        let_pass(Duration::from_secs(3));
        bridge.set(steps[0]);
        let_pass(Duration::from_secs(1));
        kafka.thaw();
        eventually(CAUGHT_UP, "the drain has begun", || bridge.metric(DRAINED) > drained);
        bridge.set(steps[1]);
        bridge.wait_until_drained();
    }

    let ledger = senders.stop();
    bridge.wait_until_drained();
    ledger.assert_statuses(&[200]);
    let verdict = ledger.verdict(&consumer::to_end(&kafka.bootstrap(), "events"));
    assert_eq!((verdict.lost.len(), verdict.overtaken.len()), (0, 0), "{verdict}");
    assert_eq!(bridge.metric("hookbridge_spool_quarantined_total{what=\"row\"}"), 0);
}
