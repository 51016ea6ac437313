//! A Kafka of the time before `KRaft`: one broker, and the `ZooKeeper` that it needs.
//!
//! A broker that was killed may not start before `ZooKeeper` has forgotten it: after [`SESSION`].

use crate::deadline::wait_for;
use crate::jars::{Jars, target_tmp};
use crate::kafka::node::{Node, Ports, Role};
use crate::kafka::{RealKafka, START, require};
use crate::leash::Leash;
use crate::port::free_port;
use std::fs;
use std::net::TcpStream;
use std::time::Duration;
use tempfile::TempDir;

/// How long `ZooKeeper` remembers a broker that is gone.
pub const SESSION: Duration = Duration::from_secs(4);

/// A running `ZooKeeper`. Dropped, it and its data are gone.
pub(super) struct ZooKeeper {
    _leash: Leash,
    _folder: TempDir, // after the leash
}

impl RealKafka {
    /// As [`RealKafka::own`], of a release that keeps its metadata in `ZooKeeper`.
    pub fn with_zookeeper(test: &str, release: &str, settings: &[(&str, &str)]) -> Option<Self> {
        require(test).then(|| {
            let jars = Jars::of_release(release);
            let (zookeeper, port) = ZooKeeper::start(&jars);
            let ports = [Ports::of(Role::BesideZooKeeper(port))];
            let nodes = vec![Node::start(&jars, &ports, 0, settings)];
            let kafka = Self { nodes, controller: None, _zookeeper: Some(zookeeper) };
            kafka.wait_until_it_answers();
            kafka
        })
    }
}

impl ZooKeeper {
    /// Starts it and waits until it takes connections; gives its port.
    fn start(jars: &Jars) -> (Self, u16) {
        let folder =
            tempfile::Builder::new().prefix("zookeeper-").tempdir_in(target_tmp()).unwrap();
        let port = free_port();
        let properties = folder.path().join("zookeeper.properties");
        let data = folder.path().join("data");
        let text = format!(
            "dataDir={}\nclientPort={port}\nclientPortAddress=127.0.0.1\ntickTime=1000\n\
             admin.enableServer=false\n",
            data.display()
        );
        fs::write(&properties, text).unwrap();
        let properties = properties.to_str().expect("cargo's target folder is UTF-8");
        let class = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
        let class_path = jars.class_path();
        let java = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", &class_path, class];
        let leash = Leash::start(folder.path(), java.into_iter().chain([properties]));
        wait_for(START, "ZooKeeper takes connections", || {
            assert!(leash.is_running(), "ZooKeeper ended:\n{}", leash.log_tail());
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        (Self { _leash: leash, _folder: folder }, port)
    }
}
