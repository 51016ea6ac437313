//! A server that is compared, in a process of its own.

use crate::HOOKBRIDGE;
use crate::certificate::Certificate;
use crate::first_posts::USERS;
use crate::row::{Case, Travel};
use crate::usage::Usage;
use rustix::process::Pid;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::bridge::Bridge;
use testkit::broker::{Broker, TOPIC};
use testkit::child::Child;
use testkit::load::Load;
use testkit::load::posts::{CREDENTIALS, Posts, credentials};
use testkit::load::schedule::Pace;
use testkit::load::way::{Life, Way};
use testkit::tls::Client;

/// The jobs of children.
pub(crate) const BARE: &str = "bare";
pub(crate) const PROTOTYPE: &str = "prototype";

/// More than a million posts take.
const SPOOL_LIMIT: &str = "8GiB";

/// A bridge in front of a broker that answers takes some hundredths of a second.
const READY: Duration = Duration::from_secs(20);

/// A first post, which takes as long as its password's hash.
const FIRST: Duration = Duration::from_millis(1);

/// A running one. Dropped, it is gone.
pub(crate) struct Subject {
    label: String,
    addr: SocketAddr,
    /// A sender, where it speaks TLS.
    tls: Option<Client>,
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

    /// hyper and rustls.
    pub(crate) fn bare_over_tls(certificate: &Certificate) -> Self {
        let [cert, key] = &certificate.files();
        let bare = Self::child("bare hyper, TLS", &[BARE, cert, key]);
        Self { tls: Some(certificate.client()), ..bare }
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
            tls: None,
            pid: child.pid(),
            ready_after: begun.elapsed(),
            idle_rss_mb: Usage::of(child.pid()).rss_mb(),
            process: Process::Child { _child: child },
            _spool: None,
        }
    }

    /// `hookbridge serve` of some build, with credentials, metrics, a spool and the log as they are by
    /// default, these flags besides, and TLS where there is a certificate.
    pub(crate) fn bridge(
        label: &str,
        broker: &Broker,
        build: &Path,
        flags: &[String],
        tls: Option<&Certificate>,
    ) -> Self {
        let spool = tempfile::tempdir().expect("a folder for the spool");
        let mut flags = flags.to_vec();
        if let Some([cert, key]) = tls.map(Certificate::files) {
            flags.extend(["--tls-cert".to_owned(), cert, "--tls-key".to_owned(), key]);
        }
        let bridge = Self::start(spool.path(), broker, broker.bootstrap(), build, &flags);
        let label = format!("{label}{}", if tls.is_some() { ", TLS" } else { "" });
        let tls = tls.map(Certificate::client);
        let bridge = Self { label, tls, _spool: Some(spool), ..bridge };
        bridge.post_first();
        bridge
    }

    /// One over a spool that is there, with brokers that may not be.
    pub(crate) fn bridge_over(
        spool: &Path,
        broker: &Broker,
        bootstrap: String,
        build: &Path,
    ) -> Self {
        let bridge = Self::start(spool, broker, bootstrap, build, &[]);
        bridge.post_first();
        bridge
    }

    fn start(
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
            .credentials(format!("{CREDENTIALS}\n{}", credentials(USERS)))
            .args(flags);
        if let Some(property) = broker.needs() {
            serve = serve.arg("--kafka-property", property);
        }
        let begun = Instant::now();
        let bridge = serve.start();
        bridge.wait_ready(READY);
        let ready_after = begun.elapsed();
        let idle_rss_mb = Usage::of(bridge.pid()).rss_mb();
        Self {
            label: "hookbridge".to_owned(),
            addr: bridge.webhook(),
            tls: None,
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

    /// A password is hashed once, and that is not what is measured.
    fn post_first(&self) {
        let load = Load::by(&self.way(Travel::Kept), 1, Posts::new(1));
        assert_eq!(load.unwrap().run(Pace::Closed, FIRST).first_failure, None);
    }

    /// Connections for posts of a case.
    pub(crate) fn load(&self, case: Case) -> io::Result<Load> {
        Load::by(&self.way(case.travel), case.connections, case.posts())
    }

    /// How posts reach it.
    pub(crate) fn way(&self, travel: Travel) -> Way {
        let (life, tls) = match travel {
            Travel::Kept => (Life::Kept, self.tls.clone()),
            Travel::New => (Life::OnePost, self.tls.as_ref().map(Client::without_sessions)),
            Travel::Resumed => (Life::OnePost, self.tls.clone()),
        };
        Way { to: self.addr, life, tls }
    }

    pub(crate) fn is_over_tls(&self) -> bool {
        self.tls.is_some()
    }

    pub(crate) fn is_bridge(&self) -> bool {
        matches!(self.process, Process::Bridge(_))
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
