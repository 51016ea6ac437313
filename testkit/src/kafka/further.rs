//! What few tests need of a node: other listeners, Kafka's own commands, its controller.

use crate::jars::{Jars, Pom};
use crate::kafka::node::{Listener, Node, Ports, Role};
use crate::kafka::{ANSWER, RealKafka, block_on, options, require};
use crate::port::free_port;
use rdkafka::admin::{AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::Consumer;
use rdkafka::metadata::MetadataTopic;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rustix::process::Signal;
use std::fs;

impl RealKafka {
    /// As [`RealKafka::own`], with a further listener for each of these: where it asks clients to
    /// go, its own address where that is none, and its protocol. Their addresses are returned.
    pub fn own_with_listeners(
        test: &str,
        listeners: &[(Option<&str>, &'static str)],
        settings: &[(&str, &str)],
    ) -> Option<(Self, Vec<String>)> {
        let further = listeners.iter().map(|(advertised, protocol)| {
            let port = free_port();
            let advertised = advertised.map_or(format!("127.0.0.1:{port}"), str::to_owned);
            Listener { port, advertised, protocol }
        });
        let further: Vec<_> = further.collect();
        let addresses = further.iter().map(|listener| format!("127.0.0.1:{}", listener.port));
        let addresses = addresses.collect();
        require(test).then(|| (Self::start(&[Ports::free(further)], settings), addresses))
    }

    /// As [`RealKafka::three`], with a controller that is none of the three.
    pub fn three_and_a_controller(test: &str, settings: &[(&str, &str)]) -> Option<Self> {
        require(test).then(|| {
            let roles = [Role::Broker, Role::Broker, Role::Broker, Role::Controller];
            let (jars, ports) = (Jars::fetched(Pom::Kafka), roles.map(Ports::of));
            let nodes = [0, 1, 2, 3].map(|place| Node::start(&jars, &ports, place, settings));
            let mut nodes: Vec<_> = nodes.into_iter().collect();
            let controller = nodes.pop();
            let kafka = Self { nodes, controller, _zookeeper: None };
            kafka.wait_until_it_answers();
            kafka
        })
    }

    /// SIGSTOP of the controller that is no broker.
    pub fn freeze_controller(&self) {
        self.alone().signal(Signal::STOP);
    }

    /// SIGCONT of the same.
    pub fn thaw_controller(&self) {
        self.alone().signal(Signal::CONT);
    }

    fn alone(&self) -> &Node {
        self.controller.as_ref().expect("three_and_a_controller made it")
    }

    /// From its next start on, the first node sends clients to `right` instead of `wrong`.
    pub fn correct_address(&self, wrong: &str, right: &str) {
        let file = self.folder().join("server.properties");
        let properties = fs::read_to_string(&file).unwrap();
        assert!(properties.contains(wrong), "{properties}");
        fs::write(file, properties.replace(wrong, right)).unwrap();
    }

    /// Changes settings of the first node that may change while it runs; those that were changed so
    /// before are as they were.
    pub fn set_node(&self, settings: &[(&str, &str)]) {
        let change = AlterConfig::new(ResourceSpecifier::Broker(1));
        let change = settings.iter().fold(change, |change, (name, value)| change.set(name, value));
        let changed = block_on(self.admin().alter_configs([&change], &options())).unwrap();
        assert!(changed.iter().all(Result::is_ok), "{changed:?}");
    }

    /// Runs one of Kafka's own commands, such as `kafka.admin.ConfigCommand`, against it.
    pub fn run(&self, class: &str, args: &[&str]) {
        self.nodes[0]
            .run_command(class, &[&["--bootstrap-server", &self.bootstrap()], args].concat());
    }

    /// Where the first node's controller listens, which is no place for clients.
    pub fn controller(&self) -> String {
        self.nodes[0].controller()
    }

    /// Makes a topic with a partition of one replica on each of these nodes.
    pub fn create_topic_on(&self, name: &str, nodes: &[i32]) {
        // Their numbers begin with one.
        let replicas: Vec<_> = nodes.iter().map(|node| [node + 1]).collect();
        let replicas: Vec<_> = replicas.iter().map(<[i32; 1]>::as_slice).collect();
        let partitions = nodes.len().try_into().unwrap();
        self.create(&NewTopic::new(name, partitions, TopicReplication::Variable(&replicas)));
    }

    /// For a `bootstrap.servers` that names this node alone.
    pub fn address_of(&self, node: usize) -> String {
        self.nodes[node].address()
    }

    /// Deletes all records that a topic has now.
    pub fn delete_records(&self, topic: &str) {
        let mut ends = TopicPartitionList::new();
        let metadata = self.client().fetch_metadata(Some(topic), ANSWER).unwrap();
        for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
            ends.add_partition_offset(topic, partition.id(), Offset::End).unwrap();
        }
        let deleted = block_on(self.admin().delete_records(&ends, &options())).unwrap();
        assert!(deleted.elements().iter().all(|element| element.error().is_ok()), "{deleted:?}");
    }
}
