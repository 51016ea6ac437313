//! The three servers that are compared, each in a process of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use tempfile::TempDir;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::broker::{Broker, TOPIC};
use testkit::child::Child;
use testkit::http::Connection;
use testkit::load::posts::{CREDENTIALS, Posts};

use crate::HOOKBRIDGE;
use crate::usage::Usage;

/// The jobs of children.
pub(crate) const BARE: &str = "bare";
pub(crate) const PROTOTYPE: &str = "prototype";

/// More than a million posts take.
const SPOOL_LIMIT: &str = "8GiB";

/// A bridge in front of a broker that answers takes some hundredths of a second.
const READY: Duration = Duration::from_secs(20);

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// hyper alone.
    Bare,
    /// hyper and librdkafka.
    Prototype,
    /// `hookbridge serve`, as shipped.
    Bridge,
}

/// A running one. Dropped, it is gone.
pub(crate) struct Subject {
    role: Role,
    addr: SocketAddr,
    pid: Pid,
    /// From its start until it is ready for posts, and its memory then.
    ready_after: Duration,
    idle_rss_mb: f64,
    process: Process,
}

enum Process {
    Child { _child: Child },
    Bridge { bridge: Box<Bridge>, _spool: Option<TempDir> },
}

impl Role {
    pub(crate) const ALL: [Self; 3] = [Self::Bare, Self::Prototype, Self::Bridge];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Bare => "bare hyper",
            Self::Prototype => "prototype",
            Self::Bridge => "hookbridge",
        }
    }
}

impl Subject {
    pub(crate) fn bare() -> Self {
        Self::child(Role::Bare, &[BARE])
    }

    pub(crate) fn prototype(broker: &Broker) -> Self {
        Self::child(Role::Prototype, &[PROTOTYPE, &broker.bootstrap(), TOPIC])
    }

    /// With credentials, metrics, a spool and the log as they are by default, and these flags
    /// besides.
    pub(crate) fn bridge(broker: &Broker, binary: &Path, flags: &[String]) -> Self {
        let spool = tempfile::tempdir().expect("a folder for the spool");
        let bootstrap = broker.bootstrap();
        let serve = serve(spool.path(), bootstrap, broker.needs(), binary, flags);
        Self::launch(&serve, Some(spool))
    }

    /// The same over a spool that is there, with brokers that may not be.
    pub(crate) fn bridge_over(
        spool: &Path,
        bootstrap: String,
        property: Option<&str>,
        binary: &Path,
        flags: &[String],
    ) -> Self {
        Self::launch(&serve(spool, bootstrap, property, binary, flags), None)
    }

    fn launch(serve: &Launch, spool: Option<TempDir>) -> Self {
        let begun = Instant::now();
        let bridge = serve.start();
        bridge.wait_ready(READY);
        let ready_after = begun.elapsed();
        let rss_mb = Usage::of(bridge.pid()).rss_mb();
        // A password is hashed once, and that is not what is measured.
        let mut first = Connection::open(bridge.webhook());
        first.send(Posts::new(1).next_request());
        assert_eq!(first.read().status, 200);
        Self {
            role: Role::Bridge,
            addr: bridge.webhook(),
            pid: bridge.pid(),
            ready_after,
            idle_rss_mb: rss_mb,
            process: Process::Bridge { bridge: Box::new(bridge), _spool: spool },
        }
    }

    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// In MB, before the first post.
    pub(crate) fn idle_rss_mb(&self) -> f64 {
        self.idle_rss_mb
    }

    /// One of the bridge's series.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        match &self.process {
            Process::Bridge { bridge, .. } => bridge.metric(series),
            Process::Child { .. } => panic!("only the bridge has metrics"),
        }
    }

    fn child(role: Role, job: &[&str]) -> Self {
        let begun = Instant::now();
        let child = Child::start(job.iter().copied());
        let ready_after = begun.elapsed();
        let addr = child.line().parse().expect("a server's line is its address");
        let idle_rss_mb = Usage::of(child.pid()).rss_mb();
        Self {
            role,
            addr,
            pid: child.pid(),
            ready_after,
            idle_rss_mb,
            process: Process::Child { _child: child },
        }
    }

    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// Where posts go.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }
}

fn serve(
    spool: &Path,
    bootstrap: String,
    property: Option<&str>,
    binary: &Path,
    flags: &[String],
) -> Launch {
    let serve = HOOKBRIDGE
        .serve(bootstrap)
        .binary(binary)
        .arg("--topic", TOPIC)
        .arg("--spool", spool.to_str().expect("folders for temporary files are UTF-8"))
        .arg("--spool-max-bytes", SPOOL_LIMIT)
        .credentials(CREDENTIALS)
        .args(flags);
    match property {
        Some(property) => serve.arg("--kafka-property", property),
        None => serve,
    }
}
