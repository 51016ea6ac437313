//! The life of the process.
//!
//! 1. Bind both ports, before anything is served, or take them over from a bridge that ends.
//! 2. Answer the admin port, and open the spool, where there is to be one: whoever calls can say then
//!    that it starts.
//! 3. Begin to drain what a former process left. Start the event loops, each with a listener, a
//!    producer and a publisher of its own.
//! 4. Probe Kafka, read changed files again, tell the service manager. These and the admin port are on
//!    the loop that called, so that a busy data path delays none of them.
//! 5. Wait for the call to stop, or until a part ends unasked: then the process ends with an error,
//!    because a bridge without one of its parts would lose posts unseen.
//! 6. Stop: readiness off; what waits to be accepted is served, or left to who has the port next;
//!    last answers close their connections; publishes end; the drain stops and the spool is closed;
//!    all within the grace period, or what was left is counted.
//!
//! It handles no signals: its caller says when to stop.

mod admin_server;
pub mod bridge_error;
mod dead_letter_topic;
mod event_loop;
mod heap_trim;
mod hand_over;
pub mod inherited_sockets;
mod listeners;
mod notifier;
mod parts;
mod periodic_log;
pub mod predecessor;
mod probes;
mod pulse;
mod reloader;
mod running;
mod shared;
pub mod spool_place;
mod spooling;
pub mod supervision;
mod wait_until_free;
mod watchdog;

use crate::bridge::admin_server::AdminServer;
use crate::bridge::bridge_error::BridgeError;
use crate::bridge::hand_over::{HandOver, Heir};
use crate::bridge::inherited_sockets::InheritedSockets;
use crate::bridge::listeners::listen;
use crate::bridge::parts::Parts;
use crate::bridge::running::Running;
use crate::bridge::spooling::Opened;
use crate::bridge::supervision::Supervision;
use crate::bridge::wait_until_free::WaitUntilFree;
use crate::config::Config;
use crate::delivery::kafka::client_endings::TIMEOUT;
use crate::error_chain::error_chain;
use crate::metrics::Metrics;
use crate::spans::Tracer;
use crate::webhook::http::successor::Successor;
use futures_util::FutureExt as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// How long the last spans may take to be sent: as long as a collector takes that is there.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Both ports are bound; nothing is served yet.
pub struct Bridge {
    config: Config,
    /// Once it is open, where there is to be one.
    spool: Option<Opened>,
    webhook: TcpListener,
    admin: AdminServer,
    addresses: Addresses,
    /// Who has the webhook port next.
    successor: Successor,
    /// How long another bridge may still have the spool.
    spool_wait: WaitUntilFree,
    /// To whoever is to follow, where somebody may.
    hand_over: Option<HandOver>,
    /// Who is told how it is.
    supervision: Arc<Supervision>,
    /// Those that run before all others.
    parts: Parts,
    /// Ends them when no post needs them any more.
    over: CancellationToken,
    /// What begins the spans of posts.
    tracer: Tracer,
}

/// A port and its address.
type Port = (TcpListener, SocketAddr);

/// The addresses that were taken.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Where senders post.
    pub webhook: SocketAddr,
    /// Where machines ask.
    pub admin: SocketAddr,
}

impl Bridge {
    /// Binds both ports, as far as they were not passed on.
    pub fn bind(config: Config, passed: InheritedSockets) -> Result<Self, BridgeError> {
        let kept = passed.webhook.is_some();
        let successor = if kept { Successor::somebody() } else { Successor::default() };
        let webhook = listen("--listen", config.listen, passed.webhook)?;
        let admin = listen("--admin-listen", config.admin_listen, passed.admin)?;
        Ok(Self::on(config, webhook, admin, successor))
    }

    /// Takes both ports over from the bridge that has them, once it has ended, or binds those that are
    /// free. None if `stop` comes first. It needs a runtime around it.
    pub async fn follow(
        config: Config,
        passed: InheritedSockets,
        stop: &CancellationToken,
    ) -> Result<Option<Self>, BridgeError> {
        // Who keeps the socket hands it to the next bridge, too.
        if passed.webhook.is_some() {
            return Self::bind(config, passed).map(Some);
        }
        spooling::look(config.spool.as_ref()).await?;
        let ports = stop.run_until_cancelled(predecessor::ports(&config, passed.admin)).await;
        let Some((webhook, admin)) = ports.transpose()? else { return Ok(None) };
        let (successor, grace) = (Successor::default(), config.grace.whole);
        let hand_over = HandOver::of(&webhook.0, &admin.0, successor.clone(), grace);
        let hand_over = hand_over.map_err(|source| BridgeError::HandOver {
            address: webhook.1,
            source: source.into(),
        })?;
        let bridge = Self::on(config, webhook, admin, successor);
        let spool_wait = WaitUntilFree(grace);
        Ok(Some(Self { spool_wait, hand_over: Some(hand_over), ..bridge }))
    }

    fn on(config: Config, webhook: Port, admin: Port, successor: Successor) -> Self {
        let addresses = Addresses { webhook: webhook.1, admin: admin.1 };
        Self {
            config,
            spool: None,
            webhook: webhook.0,
            admin: AdminServer::new(admin),
            addresses,
            successor,
            spool_wait: WaitUntilFree::default(),
            hand_over: None,
            supervision: Arc::default(),
            parts: Parts::default(),
            over: CancellationToken::new(),
            tracer: Tracer::default(),
        }
    }

    /// Has a service manager told how it is.
    pub fn supervise(&mut self, supervision: Supervision) {
        self.supervision = Arc::new(supervision);
    }

    /// Has its posts traced.
    pub fn trace(&mut self, tracer: Tracer) {
        self.tracer = tracer;
    }

    /// Answers the admin port from here on, and opens the spool, where there is to be one, unless `stop`
    /// comes first. It needs a runtime around it. What was opened before stays as it is.
    pub async fn open(&mut self, stop: &CancellationToken) -> Result<(), BridgeError> {
        self.admin.start(&mut self.parts, &self.over)?;
        if let Some(options) = &self.config.spool
            && self.spool.is_none()
        {
            let starting = &self.admin.port;
            starting.waits_for("it opens the spool".to_owned());
            let attempt = async || {
                let opened = spooling::open(options).await;
                opened.inspect_err(|error| starting.waits_for(error_chain(error)))
            };
            let opening = self.spool_wait.until_free("the spool", attempt);
            self.spool = stop.run_until_cancelled(opening).await.transpose()?;
            self.admin.port.waits_for(String::new());
        }
        Ok(())
    }

    /// Records that wait in the spool, once it is open.
    pub fn waiting(&self) -> Option<u64> {
        self.spool.as_ref().map(Opened::waiting)
    }

    /// What it does.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The addresses that were taken.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Runs until `stop`, and then to its graceful end, and is opened before where it was not; when
    /// `reload` changes, its files are read again. It needs a runtime around it.
    pub async fn run(
        mut self,
        metrics: Metrics,
        stop: CancellationToken,
        reload: watch::Receiver<()>,
    ) -> Result<(), BridgeError> {
        let (endings, grace) = (self.config.kafka.endings.clone(), self.config.grace);
        let (hand_over, end) = (self.hand_over.take(), CancellationToken::new());
        let tracer = self.tracer.clone();
        endings.gather();
        let work = async {
            let ended = self.work(metrics, end.clone(), reload).await;
            stop.cancel();
            ended
        };
        let asked = async {
            let heir = heir(hand_over, &stop, &end).await;
            end.cancel();
            (heir, Instant::now())
        };
        let (ended, (heir, asked)) = tokio::join!(work, asked);
        drop(heir);
        let left = (asked + grace.clients).saturating_duration_since(Instant::now());
        let waiting = spawn_blocking(move || endings.wait(TIMEOUT.min(left)));
        let (waited, ()) = tokio::join!(waiting, tracer.end(LAST_SPANS.min(left)));
        waited.expect("waiting does not panic");
        ended
    }

    async fn work(
        mut self,
        metrics: Metrics,
        stop: CancellationToken,
        reload: watch::Receiver<()>,
    ) -> Result<(), BridgeError> {
        self.open(&stop).await?;
        if self.config.spool.is_some() && self.spool.is_none() {
            return Ok(()); // It was to stop.
        }
        let running = Running::start(self, metrics, &stop, reload).await?;
        running.wait().await
    }
}

/// Waits until the bridge is to end: it is asked to, or a part of it has ended. Gives who follows, which
/// is known before any port is closed.
async fn heir(
    hand_over: Option<HandOver>,
    stop: &CancellationToken,
    end: &CancellationToken,
) -> Option<Heir> {
    let stopping = CancellationToken::new();
    let heir = async {
        match hand_over {
            Some(hand_over) => hand_over.run(&stopping).await,
            None => stopping.cancelled().map(|()| None).await,
        }
    };
    let ending = async {
        tokio::select! { () = stop.cancelled() => {}, () = end.cancelled() => {} }
        stopping.cancel();
    };
    let (heir, ()) = tokio::join!(heir, ending);
    heir
}
