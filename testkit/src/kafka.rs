//! A real Apache Kafka on loopback: one node or three, by default each broker and controller in one.
//!
//! Answers when it is given out, and is gone with its folder when it is dropped or the test binary
//! ends. Kills and starts on the same data and ports; takes no part in what is tested, and knows no
//! topics of its own. Topics have a replica on each node: what needs several, leader moves and
//! `min.insync.replicas`, is shown by three.

pub mod acls;
mod further;
mod node;
mod releases;
pub mod zookeeper;

use crate::deadline::{eventually, wait_for};
use crate::jars::{Jars, Pom};
use crate::kafka::node::{Listener, Node, Ports};
use crate::kafka::zookeeper::ZooKeeper;
use crate::port::free_port;
use crate::proxy::Proxy;
use crate::say_skipped;
use rdkafka::ClientConfig;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::MetadataTopic;
use rustix::process::Signal;
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// Set to 1, as CI does, it turns a skipped test into a failed one.
pub const REQUIRE: &str = "HOOKBRIDGE_REQUIRE_KAFKA";

/// Answers 5 s after a first start; after a kill only when its old session is over, 12 to 14 s. The
/// rest is for a busy machine.
const START: Duration = Duration::from_secs(60);

/// One for each test that asks for one, and a few more: a listener of the node costs a thread or two.
const PROXIES: usize = 8;

/// Of one question to a node that answers within milliseconds.
const ANSWER: Duration = Duration::from_secs(1);

/// Of a topic made or deleted, and the news of it everywhere.
const ADMIN: Duration = Duration::from_secs(20);

/// Settings for tests that kill: the session of a killed node is over after 3 s and not 9, so that
/// it answers again after 6 s and not 13. Not for tests that freeze longer than that: thawed, it
/// has lost its place and takes it anew.
pub const SHORT_SESSION: &[(&str, &str)] =
    &[("broker.session.timeout.ms", "3000"), ("broker.heartbeat.interval.ms", "500")];

/// Whether this machine can run a Kafka.
#[derive(Debug, PartialEq, Eq)]
pub enum Availability {
    /// All that it takes is there.
    Available,
    /// What is not installed.
    Missing(Vec<&'static str>),
}

/// Running nodes: one, unless [`RealKafka::three`] made them.
pub struct RealKafka {
    nodes: Vec<Node>,
    /// Where it is none of them.
    controller: Option<Node>,
    _zookeeper: Option<ZooKeeper>, // after the nodes
}

impl RealKafka {
    /// Looks for Java, and for Maven as long as it has jars to fetch.
    pub fn available() -> Availability {
        match Pom::Kafka.missing() {
            missing if missing.is_empty() => Availability::Available,
            missing => Availability::Missing(missing),
        }
    }

    /// The node of all tests that leave it running; started by the first of them. Topics are each
    /// test's own. `None` where there can be none, said under the name of `test`, which
    /// [`here!`](crate::here) gives.
    pub fn shared(test: &str) -> Option<&'static Self> {
        require(test).then(|| &Shared::started().kafka)
    }

    /// The same node behind a proxy of the test's own: whoever knows it by [`Proxy::address`] does
    /// not get past that proxy.
    pub fn shared_behind_proxy(test: &str) -> Option<(&'static Self, Proxy)> {
        require(test).then(|| {
            let Shared { kafka, proxies } = Shared::started();
            let proxy = proxies.lock().unwrap().pop();
            (kafka, proxy.expect("there is a proxy for each test that asks: PROXIES"))
        })
    }

    /// A node for this test alone, to be killed or frozen, with broker settings beside the usual
    /// ones. `None` as with [`RealKafka::shared`].
    pub fn own(test: &str, settings: &[(&str, &str)]) -> Option<Self> {
        require(test).then(|| Self::start(&[Ports::free(Vec::new())], settings))
    }

    /// Three nodes for this test alone. `None` as with [`RealKafka::shared`].
    pub fn three(test: &str, settings: &[(&str, &str)]) -> Option<Self> {
        require(test).then(|| Self::start(&[0; 3].map(|_| Ports::free(Vec::new())), settings))
    }

    fn start(nodes: &[Ports], settings: &[(&str, &str)]) -> Self {
        Self::start_from(&Jars::fetched(Pom::Kafka), nodes, settings)
    }

    fn start_from(jars: &Jars, nodes: &[Ports], settings: &[(&str, &str)]) -> Self {
        let start = |place| Node::start(jars, nodes, place, settings);
        let nodes = (0..nodes.len()).map(start).collect();
        let kafka = Self { nodes, controller: None, _zookeeper: None };
        kafka.wait_until_it_answers();
        kafka
    }

    /// For `bootstrap.servers`; the same after a kill and a start.
    pub fn bootstrap(&self) -> String {
        self.nodes.iter().map(Node::address).collect::<Vec<_>>().join(",")
    }

    /// Makes a topic and waits until every partition has its leader.
    pub fn create_topic(&self, name: &str, partitions: i32, config: &[(&str, &str)]) {
        let replicas = TopicReplication::Fixed(self.nodes.len().try_into().unwrap());
        let mut topic = NewTopic::new(name, partitions, replicas);
        for (config, value) in config {
            topic = topic.set(config, value);
        }
        self.create(&topic);
    }

    /// Makes it and waits until every partition has its leader.
    fn create(&self, topic: &NewTopic<'_>) {
        let (name, partitions) = (topic.name, topic.num_partitions);
        let made = block_on(self.admin().create_topics([topic], &options())).unwrap();
        assert_eq!(made, [Ok(name.to_owned())]);
        eventually(ADMIN, "the new topic has all its leaders", || self.leaders(name) == partitions);
    }

    /// Deletes a topic and waits until the node denies it.
    pub fn delete_topic(&self, name: &str) {
        let admin = self.admin();
        let deleted = block_on(admin.delete_topics(&[name], &options())).unwrap();
        assert_eq!(deleted, [Ok(name.to_owned())]);
        eventually(ADMIN, "the topic is gone", || self.leaders(name) == 0);
    }

    /// Adds partitions to a topic, up to this many, and waits until each has its leader.
    pub fn add_partitions(&self, name: &str, partitions: i32) {
        let more = NewPartitions::new(name, partitions.try_into().unwrap());
        let added = block_on(self.admin().create_partitions([&more], &options())).unwrap();
        assert_eq!(added, [Ok(name.to_owned())]);
        eventually(ADMIN, "the new partitions have leaders", || self.leaders(name) == partitions);
    }

    /// Changes a setting of a topic.
    pub fn set_topic(&self, name: &str, setting: &str, value: &str) {
        let change = AlterConfig::new(ResourceSpecifier::Topic(name)).set(setting, value);
        let changed = block_on(self.admin().alter_configs([&change], &options())).unwrap();
        assert!(changed.iter().all(Result::is_ok), "{changed:?}");
    }

    /// The data, the settings and the log of the first node.
    pub fn folder(&self) -> &Path {
        self.nodes[0].folder()
    }

    /// SIGKILL: connections are reset, what was acked is on disk.
    pub fn kill(&mut self) {
        self.kill_one(0);
    }

    /// Starts the killed node on its data and ports; takes 12 to 14 s, or 6 with [`SHORT_SESSION`].
    pub fn start_again(&mut self) {
        self.start_one_again(0);
    }

    /// SIGSTOP: connections stay open, nothing answers.
    pub fn freeze(&self) {
        self.freeze_one(0);
    }

    /// SIGCONT: the frozen node goes on, and reads what was sent to it meanwhile.
    pub fn thaw(&self) {
        self.thaw_one(0);
    }

    /// As [`RealKafka::kill`], one of several.
    pub fn kill_one(&mut self, node: usize) {
        self.nodes[node].kill();
    }

    /// As [`RealKafka::start_again`], one of several.
    pub fn start_one_again(&mut self, node: usize) {
        self.nodes[node].run();
        self.wait_until_it_answers();
    }

    /// As [`RealKafka::freeze`], one of several.
    pub fn freeze_one(&self, node: usize) {
        self.nodes[node].signal(Signal::STOP);
    }

    /// As [`RealKafka::thaw`], one of several.
    pub fn thaw_one(&self, node: usize) {
        self.nodes[node].signal(Signal::CONT);
    }

    /// Whether the node answers now; a frozen one or a killed one does not, which is known
    /// after [`ANSWER`].
    pub fn answers(&self) -> bool {
        let client = self.client();
        client.fetch_metadata(None, ANSWER).is_ok()
    }

    /// Until every node that was not killed is one that clients learn of.
    fn wait_until_it_answers(&self) {
        let wanted = self.nodes.iter().filter(|node| !node.is_killed());
        wait_for(START, "Kafka answers", || {
            for node in wanted.clone() {
                assert!(node.is_running(), "Kafka ended:\n{}", node.log_tail());
            }
            let metadata = self.client().fetch_metadata(None, ANSWER).ok()?;
            (metadata.brokers().len() >= wanted.clone().count()).then_some(())
        });
    }

    /// How many partitions of `topic` have a leader; 0 when it does not exist.
    fn leaders(&self, topic: &str) -> i32 {
        let client = self.client();
        let Ok(metadata) = client.fetch_metadata(Some(topic), ANSWER) else { return 0 };
        let partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
        partitions.filter(|partition| partition.leader() >= 0).count().try_into().unwrap()
    }

    fn client(&self) -> BaseConsumer {
        self.config().create().unwrap()
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config().create().unwrap()
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap());
        config
    }
}

/// The node of many tests.
struct Shared {
    kafka: RealKafka,
    /// Those that no test has taken yet.
    proxies: Mutex<Vec<Proxy>>,
}

impl Shared {
    fn started() -> &'static Self {
        static SHARED: OnceLock<Shared> = OnceLock::new();
        SHARED.get_or_init(|| {
            let ports: Vec<_> = (0..PROXIES).map(|_| free_port()).collect();
            let proxies: Vec<_> = ports.iter().copied().map(Proxy::to).collect();
            let address = |(port, proxy): (u16, &Proxy)| Listener {
                port,
                advertised: proxy.address(),
                protocol: "PLAINTEXT",
            };
            let ports = Ports::free(ports.into_iter().zip(&proxies).map(address).collect());
            Self { kafka: RealKafka::start(&[ports], &[]), proxies: Mutex::new(proxies) }
        })
    }
}

/// Prints what `test` lacks and that it is skipped, or fails it where a Kafka is required.
fn require(test: &str) -> bool {
    let Availability::Missing(missing) = RealKafka::available() else { return true };
    let missing = missing.join(", ");
    assert!(
        std::env::var_os(REQUIRE).is_none_or(|value| value != "1"),
        "{REQUIRE} is set, and this machine lacks: {missing}"
    );
    let why = format!("java and mvn are needed for a real Kafka (missing: {missing})");
    say_skipped(test, &why);
    false
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ADMIN)).operation_timeout(Some(ADMIN))
}

/// For the admin client, the only thing here that is a future.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
