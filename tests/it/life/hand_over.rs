//! `--reuse-port`: a bridge follows another on its ports, and no post notices.

use crate::life::TOPIC;
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use rustix::process::Signal;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::consumer;
use testkit::deadline::let_pass;
use testkit::here;
use testkit::http::{Connection, get, post, request};
use testkit::jars::is_on_path;
use testkit::kafka::RealKafka;
use testkit::ledger::Ledger;
use testkit::mock::MockKafka;
use testkit::notification::PATH;
use testkit::notification::{ROOMDROP, numbered};
use testkit::port::free_port;
use testkit::proxy::Network;
use testkit::say_skipped;
use testkit::senders::Load;

/// What the bridge that runs says once another waits.
pub(super) const WAITS: &str = "a bridge waits to follow this one";

/// Under load, between two hand-overs.
const BETWEEN: Duration = Duration::from_millis(300);

/// How long a post waits for Kafka.
const ACK_TIMEOUT: &str = "500ms";

/// What is waited for in vain.
const SHORT: &str = "2s";

/// Bridges that follow each other on one port, with one spool.
pub(super) struct Line {
    pub(super) serve: Launch,
    pub(super) address: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) spool: TempDir,
}

impl Line {
    /// In front of a mock, which outlives it.
    pub(super) fn on_mock() -> (Self, MockKafka) {
        let kafka = MockKafka::start();
        kafka.create_topic(TOPIC, 3);
        (Self::before(kafka.bootstrap(), TOPIC, MockKafka::flags), kafka)
    }

    fn before(brokers: String, topic: &str, flags: impl FnOnce(Launch) -> Launch) -> Self {
        let [address, admin] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let spool = tempfile::tempdir().unwrap();
        let serve = flags(HOOKBRIDGE.serve(brokers)).arg("--topic", topic).no_auth();
        // Short, so that senders do not wait out each outage.
        let serve = serve.arg("--ack-timeout", ACK_TIMEOUT);
        let serve = serve.arg("--spool", spool.path().to_str().unwrap());
        let serve = serve.arg("--listen", address.to_string()).env("REUSE_PORT", "true");
        let serve = serve.arg("--admin-listen", admin.to_string());
        Self { serve, address, admin, spool }
    }

    /// Starts the next one, ends the first in this way, and gives the next once it serves.
    fn hand_over(&self, first: &mut Bridge, signal: Signal) -> Bridge {
        thread::scope(|scope| {
            let next = scope.spawn(|| self.serve.start());
            first.wait_for_log(WAITS, SOON);
            first.signal(signal);
            let status = first.wait_exit(SOON);
            assert!(status.success() || signal == Signal::KILL, "{status}: {}", first.log());
            next.join().unwrap()
        })
    }

    /// Hands over so often under steady posts, half of them on new connections. Kafka goes away before
    /// every fourth time, and is back before the second next.
    fn hand_over_under_load(&self, times: u32, per_second: u32, kafka: impl Fn(Kafka)) -> Ledger {
        let mut bridge = self.serve.start();
        bridge.wait_ready(SOON);
        let senders = Load::paced(per_second, 60).half_on_new_connections().start(self.address);
        for n in 0..times {
            let_pass(BETWEEN);
            match n % 4 {
                1 => kafka(Kafka::Away),
                3 => kafka(Kafka::Back),
                _ => {}
            }
            bridge = self.hand_over(&mut bridge, Signal::TERM);
        }
        kafka(Kafka::Back);
        let ledger = senders.stop();
        bridge.wait_for_metric("hookbridge_spool_records", 3 * SOON, |waiting| waiting == 0.0);
        eprintln!("{times} hand-overs, {} posts: {}", ledger.count(200), ledger.times());
        ledger.assert_statuses(&[200]);
        ledger
    }
}

/// What becomes of Kafka under load.
enum Kafka {
    Away,
    Back,
}

#[test]
fn no_post_is_refused_lost_or_overtaken_by_hand_overs() {
    let (line, kafka) = Line::on_mock();
    let ledger = line.hand_over_under_load(8, 200, |becomes| match becomes {
        Kafka::Away => kafka.broker_down(),
        Kafka::Back => kafka.broker_up(),
    });
    ledger.assert_kept(&consumer::to_end(&kafka.bootstrap(), TOPIC));
}

#[test]
#[ignore = "takes some minutes"]
fn a_hundred_hand_overs_refuse_lose_and_overtake_no_post() {
    let Some((kafka, proxy)) = RealKafka::shared_behind_proxy(here!()) else { return };
    let topic = here!().replace("::", "-");
    kafka.create_topic(&topic, 6, &[]);
    let line = Line::before(proxy.address(), &topic, |serve| serve);
    let ledger = line.hand_over_under_load(100, 200, |becomes| {
        proxy.set(match becomes {
            Kafka::Away => Network::Cut,
            Kafka::Back => Network::Sound,
        });
    });
    ledger.assert_kept(&consumer::to_end(&kafka.bootstrap(), &topic));
}

#[test]
fn the_next_bridge_answers_on_both_ports_when_the_first_ends() {
    let (line, _kafka) = Line::on_mock();
    let first = line.serve.start();
    let admin = first.admin();
    thread::scope(|scope| {
        let next = scope.spawn(|| line.serve.start());
        first.wait_for_log(WAITS, SOON);
        let post = request("POST", PATH, &[], ROOMDROP);
        let mut busy = Connection::open(line.address);
        busy.send(&post[..post.len() - 10]);
        first.wait_for_metric("hookbridge_in_flight", SOON, |posts| posts == 1.0);
        first.signal(Signal::TERM);
        first.wait_for_log("ending", SOON);
        let mut waiting = Connection::open(line.address);
        waiting.send(&post);
        assert!(waiting.is_silent_for(BETWEEN), "the first has not ended");
        busy.send(&post[post.len() - 10..]);
        assert_eq!(busy.read().header("connection"), Some("close"));

        let answer = waiting.read();
        assert_eq!((answer.status, answer.header("connection")), (200, None));
        let next = next.join().unwrap();
        assert_eq!((next.webhook(), next.admin()), (line.address, admin));
        assert_eq!(get(admin, "/livez").status, 200);
    });
}

#[test]
fn a_bridge_that_is_killed_is_followed_at_once() {
    let (line, _kafka) = Line::on_mock();
    let mut first = line.serve.start();
    let mut second = line.hand_over(&mut first, Signal::KILL);
    let third = line.hand_over(&mut second, Signal::TERM);

    assert_eq!(post(third.webhook(), PATH, &[], ROOMDROP).status, 200);
}

#[test]
fn several_that_wait_follow_one_after_the_other() {
    let (line, _kafka) = Line::on_mock();
    let mut first = line.serve.start();
    thread::scope(|scope| {
        let waiting = [(); 2].map(|()| scope.spawn(|| line.serve.start()));
        first.wait_for_log(WAITS, SOON);
        first.signal(Signal::TERM);
        assert!(first.wait_exit(SOON).success(), "{}", first.log());
        let ended = Instant::now();
        while !waiting.iter().any(thread::ScopedJoinHandle::is_finished) {
            assert!(ended.elapsed() < SOON, "nobody follows");
            let_pass(Duration::from_millis(10));
        }
        let (done, others): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(thread::ScopedJoinHandle::is_finished);
        for second in done {
            let mut second = second.join().unwrap();
            assert_eq!(post(second.webhook(), PATH, &[], numbered(1)).status, 200);
            second.wait_for_log(WAITS, SOON);
            second.signal(Signal::TERM);
            assert!(second.wait_exit(SOON).success(), "{}", second.log());
        }
        for third in others {
            let third = third.join().unwrap();
            assert_eq!(post(third.webhook(), PATH, &[], numbered(2)).status, 200);
        }
    });
}

#[test]
fn a_bridge_that_waits_in_vain_gives_up_and_leaves_the_port() {
    let (line, _kafka) = Line::on_mock();
    let mut first = line.serve.start();
    let impatient = line.serve.clone().arg("--grace", SHORT);

    let (status, said) = impatient.run(SOON);

    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains(
            "the bridge that has the port was not asked to stop within 2s, which is --grace"
        ),
        "{said}"
    );
    first.wait_for_log("the bridge that waited to follow this one is gone", SOON);
    assert_eq!(post(line.address, PATH, &[], ROOMDROP).status, 200);
    first.signal(Signal::TERM);
    assert!(first.wait_exit(SOON).success(), "{}", first.log());
    let refused = Connection::try_open(line.address).map(drop);
    assert!(refused.is_err(), "nobody has the port any more");
}

#[test]
fn one_that_waits_can_be_stopped_and_the_first_goes_on() {
    let (line, _kafka) = Line::on_mock();
    let first = line.serve.start();
    let script = ["-c", "\"$0\" \"$@\" & sleep 1; kill $!; wait $!"];

    let (status, said) = line.serve.clone().under("sh", script).run(SOON);

    assert!(status.success(), "{status}: {said}");
    assert!(said.contains("waits for the bridge that has the ports to end"), "{said}");
    first.wait_for_log("the bridge that waited to follow this one is gone", SOON);
    assert_eq!(post(line.address, PATH, &[], ROOMDROP).status, 200);
}

#[test]
fn a_process_of_another_user_is_not_handed_the_ports() {
    if !rustix::process::geteuid().is_root() || !is_on_path("setpriv") {
        say_skipped(here!(), "root and setpriv are needed");
        return;
    }
    let (line, kafka) = Line::on_mock();
    let first = line.serve.start();
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];

    let stranger = HOOKBRIDGE.serve(kafka.bootstrap()).no_auth().arg("--topic", TOPIC);
    let stranger = stranger.arg("--listen", line.address.to_string()).env("REUSE_PORT", "true");
    let stranger = stranger.arg("--ack-timeout", ACK_TIMEOUT).arg("--grace", SHORT);
    let (status, said) = stranger.under("setpriv", nobody).run(SOON);

    assert_eq!(status.code(), Some(1), "{said}");
    let told = "the bridge that has the port is of another user";
    assert_eq!(said.matches(told).count(), 1, "{said}");
    assert!(said.contains("--listen: cannot listen on"), "{said}");
    first.wait_for_log("a process of another user asked for the ports and got nothing", SOON);
    assert!(!first.log().contains(WAITS), "{}", first.log());
    assert_eq!(post(line.address, PATH, &[], ROOMDROP).status, 200);
}

#[test]
fn a_bridge_without_the_flag_keeps_the_next_one_waiting() {
    let (line, _kafka) = Line::on_mock();
    // The last one counts.
    let mut first = line.serve.clone().env("REUSE_PORT", "false").start();
    thread::scope(|scope| {
        let next = scope.spawn(|| line.serve.start());
        let_pass(BETWEEN);
        first.signal(Signal::TERM);
        assert!(first.wait_exit(SOON).success(), "{}", first.log());
        let next = next.join().unwrap();
        let waits = r#""waits for what another bridge still has","what":"the webhook port""#;
        assert!(next.log().contains(waits), "{}", next.log());
        assert_eq!(post(line.address, PATH, &[], ROOMDROP).status, 200);
    });
}
