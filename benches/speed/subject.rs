//! A server that is compared, in a process of its own.

use crate::HOOKBRIDGE;
use crate::usage::Usage;
use rustix::process::Pid;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::bridge::Bridge;
use testkit::broker::{Broker, TOPIC};
use testkit::child::Child;
use testkit::http::Connection;
use testkit::load::posts::{CREDENTIALS, Posts};

/// The jobs of children.
pub(crate) const BARE: &str = "bare";
pub(crate) const PROTOTYPE: &str = "prototype";

/// More than a million posts take.
const SPOOL_LIMIT: &str = "8GiB";

/// A bridge in front of a broker that answers takes some hundredths of a second.
const READY: Duration = Duration::from_secs(20);

/// A running one. Dropped, it is gone.
pub(crate) struct Subject {
    label: String,
    addr: SocketAddr,
    pid: Pid,
    ready_after: Duration,
    idle_rss_mb: f64,
    process: Process,
    _spool: Option<TempDir>, // after the process
}

enum Process {
    Child { _child: Child },
    Bridge(Box<Bridge>),
}

impl Subject {
    /// hyper alone.
    pub(crate) fn bare() -> Self {
        Self::child("bare hyper", &[BARE])
    }

    /// hyper and librdkafka.
    pub(crate) fn prototype(broker: &Broker) -> Self {
        Self::child("prototype", &[PROTOTYPE, &broker.bootstrap(), TOPIC])
    }

    fn child(label: &str, job: &[&str]) -> Self {
        let begun = Instant::now();
        let child = Child::start(job.iter().copied());
        Self {
            label: label.to_owned(),
            addr: child.line().parse().expect("a server's line is its address"),
            pid: child.pid(),
            ready_after: begun.elapsed(),
            idle_rss_mb: Usage::of(child.pid()).rss_mb(),
            process: Process::Child { _child: child },
            _spool: None,
        }
    }

    /// `hookbridge serve` of some build, with credentials, metrics, a spool and the log as they are by
    /// default, and these flags besides.
    pub(crate) fn bridge(label: &str, broker: &Broker, build: &Path, flags: &[String]) -> Self {
        let spool = tempfile::tempdir().expect("a folder for the spool");
        let bridge = Self::bridge_over(spool.path(), broker, broker.bootstrap(), build, flags);
        Self { label: label.to_owned(), _spool: Some(spool), ..bridge }
    }

    /// The same over a spool that is there, with brokers that may not be.
    pub(crate) fn bridge_over(
        spool: &Path,
        broker: &Broker,
        bootstrap: String,
        build: &Path,
        flags: &[String],
    ) -> Self {
        let mut serve = HOOKBRIDGE
            .serve(bootstrap)
            .binary(build)
            .arg("--topic", TOPIC)
            .arg("--spool", spool.to_str().expect("folders for temporary files are UTF-8"))
            .arg("--spool-max-bytes", SPOOL_LIMIT)
            .credentials(CREDENTIALS)
            .args(flags);
        if let Some(property) = broker.needs() {
            serve = serve.arg("--kafka-property", property);
        }
        let begun = Instant::now();
        let bridge = serve.start();
        bridge.wait_ready(READY);
        let ready_after = begun.elapsed();
        let idle_rss_mb = Usage::of(bridge.pid()).rss_mb();
        // A password is hashed once, and that is not what is measured.
        let mut first = Connection::open(bridge.webhook());
        first.send(Posts::new(1).next_request());
        assert_eq!(first.read().status, 200);
        Self {
            label: "hookbridge".to_owned(),
            addr: bridge.webhook(),
            pid: bridge.pid(),
            ready_after,
            idle_rss_mb,
            process: Process::Bridge(Box::new(bridge)),
            _spool: None,
        }
    }

    /// How the table names it.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Where posts go.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// From its start until it is ready for posts.
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
            Process::Bridge(bridge) => bridge.metric(series),
            Process::Child { .. } => panic!("only the bridge has metrics"),
        }
    }
}
