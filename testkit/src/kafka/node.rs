//! One `KRaft` node as a process: its folder, its ports, its settings.
//!
//! Does not know whether it answers; [`RealKafka`](crate::kafka::RealKafka) asks.

use crate::children;
use crate::deadline::{eventually, wait_exit};
use crate::jars::{Jars, target_tmp};
use crate::leash::Leash;
use crate::port::free_port;
use rustix::process::Signal;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Any 16 bytes will do: only nodes of one test ever meet.
const CLUSTER: &str = "aG9va2JyaWRnZS10ZXN0cw";

/// A start of the JVM and a few small files or requests: 1 to 3 s.
const COMMAND: Duration = Duration::from_secs(60);

/// A controlled shutdown takes a second, and minutes where there is no majority of controllers.
const STOP: Duration = Duration::from_secs(60);

/// Where a node listens. Kafka must be given its ports, since its controller's address is a setting.
#[derive(Debug, Clone)]
pub(super) struct Ports {
    role: Role,
    clients: u16,
    controller: u16,
    further: Vec<Listener>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Both,
    Broker,
    Controller,
    /// A broker whose metadata are in the `ZooKeeper` at this port.
    BesideZooKeeper(u16),
}

/// A further address for clients.
#[derive(Debug, Clone)]
pub(crate) struct Listener {
    /// Where the node listens.
    pub(crate) port: u16,
    /// Where clients who came by that port are sent: `host:port`.
    pub(crate) advertised: String,
    /// `PLAINTEXT`, `SASL_PLAINTEXT`. Its name in settings is `further` and its place.
    pub(crate) protocol: &'static str,
}

impl Ports {
    /// Of a broker and controller in one.
    pub(super) fn free(further: Vec<Listener>) -> Self {
        Self { further, ..Self::of(Role::Both) }
    }

    pub(super) fn of(role: Role) -> Self {
        Self { role, clients: free_port(), controller: free_port(), further: Vec::new() }
    }
}

/// A node, running or killed.
pub(super) struct Node {
    leash: Option<Leash>,
    folder: TempDir, // after the leash: a running node is killed before its folder goes
    class_path: String,
    port: u16,
    controller: u16,
}

impl Node {
    /// Makes a folder below cargo's, formats it and starts the process: the node of these that has
    /// this place among them.
    pub(super) fn start(
        jars: &Jars,
        nodes: &[Ports],
        place: usize,
        settings: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::Builder::new().prefix("kafka-").tempdir_in(target_tmp()).unwrap();
        let mut properties = properties(folder.path(), nodes, place);
        properties.extend(settings.iter().map(|(name, value)| format!("{name}={value}\n")));
        fs::write(folder.path().join("server.properties"), properties).unwrap();
        let Ports { clients: port, controller, .. } = nodes[place];
        let class_path = jars.class_path();
        let mut node = Self { leash: None, folder, class_path, port, controller };
        match nodes[place].role {
            Role::Both | Role::Broker | Role::Controller => node.format(),
            Role::BesideZooKeeper(_) => {}
        }
        node.run();
        node
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn controller(&self) -> String {
        format!("127.0.0.1:{}", self.controller)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn format(&self) {
        let properties = self.folder.path().join("server.properties");
        let properties = properties.to_str().expect("cargo's target folder is UTF-8");
        let storage = "kafka.tools.StorageTool";
        self.run_command(storage, &["format", "--cluster-id", CLUSTER, "--config", properties]);
    }

    /// Runs one of Kafka's own commands to its end.
    pub(super) fn run_command(&self, class: &str, args: &[&str]) {
        self.run_command_of(&self.class_path, class, args);
    }

    /// The same of other jars.
    pub(super) fn run_command_of(&self, class_path: &str, class: &str, args: &[&str]) {
        let log = self.folder.path().join("command.log");
        let mut command = Command::new("java");
        command
            .args(["-XX:TieredStopAtLevel=1", "-cp", class_path, class])
            .args(args)
            .stdin(Stdio::null())
            .stdout(File::create(&log).unwrap())
            .stderr(File::options().append(true).open(&log).unwrap());
        let mut command = children::spawn(&mut command).unwrap();
        let status = wait_exit(&mut command, COMMAND, class);
        assert!(status.success(), "{class}: {status}\n{}", fs::read_to_string(&log).unwrap());
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

    /// SIGTERM: leaders move away first, where there is somewhere to go.
    pub(super) fn stop(&mut self) {
        let leash = self.leash.take().expect("the node runs");
        leash.signal(Signal::TERM);
        eventually(STOP, "the node has ended", || !leash.is_running());
        leash.kill();
    }

    /// What it runs from its next start on.
    pub(super) fn replace_jars(&mut self, jars: &Jars) {
        self.class_path = jars.class_path();
    }

    pub(super) fn signal(&self, signal: Signal) {
        self.running().signal(signal);
    }

    /// Neither killed nor ended of itself.
    pub(super) fn is_running(&self) -> bool {
        self.leash.as_ref().is_some_and(Leash::is_running)
    }

    pub(super) fn is_killed(&self) -> bool {
        self.leash.is_none()
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
fn properties(folder: &Path, nodes: &[Ports], place: usize) -> String {
    let folder = folder.display();
    let id = place + 1;
    let voters = (1..).zip(nodes).filter(|(_, node)| node.role != Role::Broker);
    let voters = voters.map(|(id, node)| format!("{id}@127.0.0.1:{}", node.controller));
    let voters = voters.collect::<Vec<_>>().join(",");
    let Ports { role, clients, controller, further } = &nodes[place];
    let listener = |name: &str, port: u16| format!("{name}://127.0.0.1:{port}");
    let mut listeners = Vec::new();
    if *role != Role::Controller {
        listeners.push(listener("PLAINTEXT", *clients));
    }
    let mut advertised = listeners.clone();
    let mut protocols = vec!["PLAINTEXT:PLAINTEXT".to_owned(), "CONTROLLER:PLAINTEXT".to_owned()];
    for (number, Listener { port, advertised: address, protocol }) in further.iter().enumerate() {
        let name = format!("FURTHER{number}");
        listeners.push(listener(&name, *port));
        advertised.push(format!("{name}://{address}"));
        protocols.push(format!("{name}:{protocol}"));
    }
    let quorum = |roles: &str| {
        format!(
            "process.roles={roles}\nnode.id={id}\ncontroller.quorum.voters={voters}\n\
             controller.listener.names=CONTROLLER\n"
        )
    };
    let metadata = match role {
        Role::Both => quorum("broker,controller"),
        Role::Broker => quorum("broker"),
        Role::Controller => quorum("controller"),
        Role::BesideZooKeeper(port) => format!(
            "broker.id={id}\nzookeeper.connect=127.0.0.1:{port}\nzookeeper.session.timeout.ms=3000\n"
        ),
    };
    if matches!(role, Role::Both | Role::Controller) {
        listeners.push(listener("CONTROLLER", *controller));
    }
    let advertised = match role {
        Role::Controller => String::new(),
        Role::Both | Role::Broker | Role::BesideZooKeeper(_) => {
            format!("advertised.listeners={}\n", advertised.join(","))
        }
    };
    let [listeners, protocols] = [listeners, protocols].map(|list| list.join(","));
    format!(
        "\
{metadata}\
listeners={listeners}
{advertised}\
listener.security.protocol.map={protocols}
num.network.threads=1
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
