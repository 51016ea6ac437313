//! A bridge that is ready, in front of a topic of its own: what most tests begin with.
//!
//! Dropped, its accounts are checked, so that no test can forget to: each post that it received has
//! exactly one outcome, and no body is held any more.

use crate::support::HOOKBRIDGE;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::consumer::{self, Seen};
use testkit::deadline::eventually;
use testkit::either_kafka::EitherKafka;
use testkit::exposition::Exposition;
use testkit::http::{self, Connection, Response, basic};
use testkit::mock::MockKafka;
use testkit::notification::PATH;

/// A credential that may speak for every project: a user and a password that no other text holds.
pub(crate) const USER: &str = "video";
pub(crate) const PASSWORD: &str = "hush-6c1f";

/// What happens at once on an idle machine; tests share theirs.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A post waits for its ack so long that a busy machine refuses none; tests of the time-out give
/// the flag.
const ACK_TIMEOUT: &str = "15s";

/// The topic on a mock: each has one of its own.
const TOPIC: &str = "events";

/// librdkafka's default. A mock does not name its topics' limits, and the bridge waits a second for
/// the answer unless it is given one.
const MOCK_LIMIT: &str = "message.max.bytes=1000000";

/// A bridge, its broker and its topic.
pub(crate) struct Rig {
    bridge: Bridge,
    kafka: EitherKafka, // after the bridge: no bridge without its broker
    topic: String,
}

impl Rig {
    /// In front of a mock, taking posts from anybody.
    #[track_caller]
    pub(crate) fn open() -> Self {
        Self::on_mock(Launch::no_auth)
    }

    /// In front of a mock, taking posts from [`USER`] alone.
    #[track_caller]
    pub(crate) fn restricted() -> Self {
        Self::on_mock(|serve| serve.credentials(format!("{USER}:plain:{PASSWORD}")))
    }

    /// In front of a mock, with these flags.
    #[track_caller]
    pub(crate) fn on_mock(flags: impl FnOnce(Launch) -> Launch) -> Self {
        Self::on(EitherKafka::Mock(MockKafka::start()), TOPIC, 3, flags)
    }

    /// In front of a broker that has no such topic yet. The name of a test will do:
    /// [`here!`](testkit::here).
    #[track_caller]
    pub(crate) fn on(
        kafka: EitherKafka,
        topic: &str,
        partitions: i32,
        flags: impl FnOnce(Launch) -> Launch,
    ) -> Self {
        let topic = topic.replace("::", "-");
        kafka.create_topic(&topic, partitions);
        Self::on_topic(kafka, topic, flags)
    }

    /// In front of a topic that is there.
    #[track_caller]
    pub(crate) fn on_topic(
        kafka: EitherKafka,
        topic: String,
        flags: impl FnOnce(Launch) -> Launch,
    ) -> Self {
        let mut serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", &topic);
        if let EitherKafka::Mock(_) = kafka {
            serve = serve.arg("--kafka-property", MOCK_LIMIT);
        }
        let bridge = flags(serve.env("ACK_TIMEOUT", ACK_TIMEOUT)).start();
        bridge.wait_ready(SOON);
        Self { bridge, kafka, topic }
    }

    pub(crate) fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// The mock of a rig that has one.
    #[track_caller]
    pub(crate) fn mock(&self) -> &MockKafka {
        match &self.kafka {
            EitherKafka::Mock(mock) => mock,
            EitherKafka::Real(_) => panic!("this rig has a real Kafka"),
        }
    }

    /// Where posts go.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.bridge.webhook()
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.addr())
    }

    /// Posts on a connection of its own.
    #[track_caller]
    pub(crate) fn post(&self, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Response {
        http::post(self.addr(), PATH, headers, body)
    }

    /// Every record that the topic has now.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Seen> {
        consumer::to_end(&self.kafka.bootstrap(), &self.topic)
    }

    /// The value of a series that counts.
    #[track_caller]
    pub(crate) fn count(&self, series: &str) -> u64 {
        Exposition::of(self.bridge.admin()).value(series)
    }

    /// Waits until a series counts this many.
    #[track_caller]
    pub(crate) fn wait_for_count(&self, series: &str, count: u64) {
        eventually(SOON, &format!("{series} is {count}"), || self.count(series) == count);
    }

    /// How many posts ended in each way, once none is under way.
    #[track_caller]
    pub(crate) fn outcomes(&self) -> BTreeMap<String, u64> {
        let settled = Exposition::settled(self.bridge.admin());
        settled.outcomes().into_iter().map(|(outcome, n)| (outcome.to_owned(), n)).collect()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // A test that has failed already says why.
        if !thread::panicking() {
            drop(Exposition::settled(self.bridge.admin()));
        }
    }
}

/// The `Authorization` header of [`USER`].
pub(crate) fn authorization() -> String {
    basic(USER, PASSWORD)
}
