//! One `KRaft` node as a process: its folder, its ports, its settings.
//!
//! Does not know whether it answers; [`RealKafka`](super::RealKafka) asks.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::deadline::wait_exit;
use crate::support::kafka::jars::Jars;
use crate::support::leash::Leash;

/// Any 16 bytes will do: nodes here never meet.
const CLUSTER: &str = "aG9va2JyaWRnZS10ZXN0cw";

/// A start of the JVM and a few small files: 1 s.
const FORMAT: Duration = Duration::from_secs(60);

/// Below Linux's ephemeral ports: while a node is down, nobody who asks for port 0 or connects is
/// given its ports.
const PORTS: std::ops::Range<u16> = 16_000..32_000;

/// A node, running or killed.
pub(super) struct Node {
    leash: Option<Leash>,
    folder: TempDir, // after the leash: a running node is killed before its folder goes
    class_path: String,
    port: u16,
}

impl Node {
    /// Makes a folder below cargo's, formats it and starts the process.
    pub(super) fn start(jars: &Jars, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("kafka-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .unwrap();
        let (port, controller) = (free_port(), free_port());
        let mut properties = properties(folder.path(), port, controller);
        properties.extend(settings.iter().map(|(name, value)| format!("{name}={value}\n")));
        fs::write(folder.path().join("server.properties"), properties).unwrap();
        let mut node = Self { leash: None, folder, class_path: jars.class_path(), port };
        node.format();
        node.run();
        node
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn format(&self) {
        let log = self.folder.path().join("log");
        let mut format = Command::new("java")
            .args(["-XX:TieredStopAtLevel=1", "-cp", &self.class_path, "kafka.tools.StorageTool"])
            .args(["format", "--cluster-id", CLUSTER, "--config"])
            .arg(self.folder.path().join("server.properties"))
            .stdin(Stdio::null())
            .stdout(File::create(&log).unwrap())
            .stderr(File::options().append(true).open(&log).unwrap())
            .spawn()
            .unwrap();
        let status = wait_exit(&mut format, FORMAT, "formatting Kafka's folder");
        assert!(status.success(), "format: {status}\n{}", fs::read_to_string(&log).unwrap());
    }

    /// Starts the process on its data.
    pub(super) fn run(&mut self) {
        assert!(self.leash.is_none(), "the node already runs");
        let properties = self.folder.path().join("server.properties");
        self.leash = Some(Leash::start(
            self.folder.path(),
            [
                "java",
                // Small and soon there; speed is not what is tested.
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                &self.class_path,
                "kafka.Kafka",
                properties.to_str().expect("cargo's target folder is UTF-8"),
            ],
        ));
    }

    pub(super) fn kill(&mut self) {
        self.leash.take().expect("the node runs").kill();
    }

    pub(super) fn signal(&self, signal: Signal) {
        self.running().signal(signal);
    }

    pub(super) fn is_running(&self) -> bool {
        self.running().is_running()
    }

    pub(super) fn log_tail(&self) -> String {
        self.running().log_tail()
    }

    fn running(&self) -> &Leash {
        self.leash.as_ref().expect("the node runs")
    }
}

/// All that one node needs to do for many, and `log.retention.ms`, as tests write records with
/// times long past.
fn properties(folder: &Path, port: u16, controller: u16) -> String {
    let folder = folder.display();
    format!(
        "\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=4194304
"
    )
}

/// Nothing listened on it a moment ago. Kafka must be told its ports, since its controller's
/// address is a setting.
fn free_port() -> u16 {
    std::iter::repeat_with(|| fastrand::u16(PORTS))
        .take(PORTS.len())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of sixteen thousand ports is free")
}
