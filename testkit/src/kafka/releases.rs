//! Other releases of Kafka than that of `tests/kafka/pom.xml`, and nodes that are upgraded.
//!
//! All are `KRaft`. The settings of [`node`](crate::kafka::node) that a release does not know it passes
//! over.

use crate::jars::{Jars, Pom};
use crate::kafka::node::Ports;
use crate::kafka::{RealKafka, require};

impl RealKafka {
    /// As [`RealKafka::own`], of this release.
    pub fn of_release(test: &str, release: &str, settings: &[(&str, &str)]) -> Option<Self> {
        let nodes = || [Ports::free(Vec::new())];
        require(test).then(|| Self::start_from(&Jars::of_release(release), &nodes(), settings))
    }

    /// As [`RealKafka::three`], of this release.
    pub fn three_of_release(test: &str, release: &str, settings: &[(&str, &str)]) -> Option<Self> {
        let nodes = || [0; 3].map(|_| Ports::free(Vec::new()));
        require(test).then(|| Self::start_from(&Jars::of_release(release), &nodes(), settings))
    }

    /// Ends one of several as its operator would, and starts it again.
    pub fn restart_one(&mut self, node: usize) {
        self.nodes[node].stop();
        self.start_one_again(node);
    }

    /// The same, and it comes back as another release.
    pub fn upgrade_one(&mut self, node: usize, release: &str) {
        self.nodes[node].stop();
        self.nodes[node].replace_jars(&Jars::of_release(release));
        self.start_one_again(node);
    }

    /// What all nodes can do now, they do: the step that ends an upgrade.
    pub fn finish_upgrade(&self, release_version: &str) {
        let tools = Jars::fetched(Pom::Consumers).class_path();
        let servers = self.bootstrap();
        let args =
            ["--bootstrap-server", &servers, "upgrade", "--release-version", release_version];
        self.nodes[0].run_command_of(&tools, "org.apache.kafka.tools.FeatureCommand", &args);
    }
}
