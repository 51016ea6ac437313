//! The life of the process.
//!
//! 1. Bind both ports, before anything is served, or take them over from a bridge that ends. Raise the
//!    limit of open files.
//! 2. Open the spool, where there is to be one: whoever calls can say then that it starts.
//! 3. Begin to drain what a former process left. Start the event loops, each with a listener, a
//!    producer and a publisher of its own.
//! 4. Answer the admin port and probe Kafka, on the loop that called, so that a busy data path
//!    does not delay either.
//! 5. Wait for the call to stop, or until a part ends unasked: then the process ends with an error,
//!    because a bridge without one of its parts would lose posts unseen.
//! 6. Stop: readiness off; what waits to be accepted is served, or left to who has the port next; last answers close their
//!    connections; publishes end; the drain stops and the spool is closed; all within the grace
//!    period, or what was left is counted.
//!
//! It handles no signals: its caller says when to stop.

pub mod bridge_error;
mod event_loop;
mod hand_over;
pub mod inherited_sockets;
mod listeners;
mod parts;
mod periodic_log;
pub mod predecessor;
mod reloader;
mod spool_place;
mod spooling;
mod wait_until_free;

use crate::admin::Admin;
use crate::bridge::bridge_error::BridgeError;
use crate::bridge::event_loop::EventLoop;
use crate::bridge::hand_over::HandOver;
use crate::bridge::inherited_sockets::InheritedSockets;
use crate::bridge::listeners::{admin_limits, listen, raise_file_limit};
use crate::bridge::parts::Parts;
use crate::bridge::periodic_log::PeriodicLog;
use crate::bridge::reloader::Reloader;
use crate::bridge::spooling::{Opened, Spooling};
use crate::bridge::wait_until_free::WaitUntilFree;
use crate::config::Config;
use crate::delivery::availability::Availability;
use crate::delivery::kafka::client_endings::TIMEOUT;
use crate::delivery::kafka::probe::Probe;
use crate::delivery::topic::Topic;
use crate::delivery::topic::topic_config::Plan;
use crate::error_chain::error_chain;
use crate::metrics::Metrics;
use crate::post::PostRecorder;
use crate::webhook::http::connection_phase::ConnectionPhase;
use crate::webhook::http::rare_line::RareLine;
use crate::webhook::http::server::{self, ACCEPT_ERROR_LINE};
use crate::webhook::http::successor::Successor;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// Both ports are bound; nothing is served yet.
pub struct Bridge {
    config: Config,
    /// Once it is open, where there is to be one.
    spool: Option<Opened>,
    webhook: TcpListener,
    admin: TcpListener,
    addresses: Addresses,
    /// Who has the webhook port next.
    successor: Successor,
    /// How long another bridge may still have the spool.
    spool_wait: WaitUntilFree,
    /// To whoever is to follow, where somebody may.
    hand_over: Option<HandOver>,
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
        let ports = stop.run_until_cancelled(predecessor::ports(&config, passed.admin)).await;
        let Some(ports) = ports else { return Ok(None) };
        let (webhook, admin) = ports?;
        let successor = Successor::default();
        let spool_wait = WaitUntilFree(config.grace.whole);
        let hand_over = HandOver::of(&webhook.0, &admin.0, successor.clone());
        let hand_over = hand_over.map_err(|source| BridgeError::HandOver {
            address: webhook.1,
            source: source.into(),
        })?;
        let bridge = Self::on(config, webhook, admin, successor);
        Ok(Some(Self { spool_wait, hand_over: Some(hand_over), ..bridge }))
    }

    fn on(config: Config, webhook: Port, admin: Port, successor: Successor) -> Self {
        let addresses = Addresses { webhook: webhook.1, admin: admin.1 };
        Self {
            config,
            spool: None,
            webhook: webhook.0,
            admin: admin.0,
            addresses,
            successor,
            spool_wait: WaitUntilFree::default(),
            hand_over: None,
        }
    }

    /// Opens the spool, where there is to be one, unless `stop` comes first.
    pub async fn open(&mut self, stop: &CancellationToken) -> Result<(), BridgeError> {
        if let Some(options) = &self.config.spool {
            let topic = &self.config.topic;
            let attempt = async || spooling::open(options, topic).await;
            let opening = self.spool_wait.until_free("the spool", attempt);
            self.spool = stop.run_until_cancelled(opening).await.transpose()?;
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

    /// Runs, once it is open, until `stop`, and then to its graceful end; when `reload` changes, its
    /// files are read again. It needs a runtime around it.
    pub async fn run(
        mut self,
        metrics: Metrics,
        stop: CancellationToken,
        reload: watch::Receiver<()>,
    ) -> Result<(), BridgeError> {
        let (endings, grace) = (self.config.kafka.endings.clone(), self.config.grace);
        let (hand_over, end) = (self.hand_over.take(), CancellationToken::new());
        endings.gather();
        let work = async {
            let ended = self.work(metrics, end.clone(), reload).await;
            stop.cancel();
            ended
        };
        let asked = async {
            // Who follows is known before any port is closed.
            let stopping = CancellationToken::new();
            let heir = async {
                match hand_over {
                    Some(hand_over) => hand_over.run(&stopping).await,
                    None => (stopping.cancelled().await, None).1,
                }
            };
            // Told to, or because a part of it has ended.
            let ending = async {
                tokio::select! { () = stop.cancelled() => {}, () = end.cancelled() => {} }
                stopping.cancel();
            };
            let (heir, ()) = tokio::join!(heir, ending);
            end.cancel();
            (heir, Instant::now())
        };
        let (ended, (heir, asked)) = tokio::join!(work, asked);
        drop(heir);
        let left = (asked + grace.clients).saturating_duration_since(Instant::now());
        let waited = spawn_blocking(move || endings.wait(TIMEOUT.min(left))).await;
        waited.expect("waiting does not panic");
        ended
    }

    async fn work(
        self,
        metrics: Metrics,
        stop: CancellationToken,
        reload: watch::Receiver<()>,
    ) -> Result<(), BridgeError> {
        let Self { config, spool, webhook, admin, addresses, successor, .. } = self;
        if config.spool.is_some() && spool.is_none() {
            return Ok(()); // It was to stop.
        }
        raise_file_limit(config.max_connections);
        let metrics = Arc::new(metrics);
        let recorder = Arc::new(PostRecorder::new(metrics.clone()));
        let availability = Arc::new(Availability::new(metrics.clone(), config.kafka.ack_timeout()));
        let max_bytes = config.kafka.message_max_bytes();
        let mut topic = Topic::new(config.topic.clone(), max_bytes, &config.clock);
        let kafka = config.kafka.clone();
        let (mut spooling, grace) = (None, config.grace.bridge);
        if let Some(opened) = spool {
            topic.first_sight = opened.first_sight().clone();
            spooling = Some(Spooling::start(
                opened,
                &availability,
                &kafka,
                &topic,
                config.missing_topic_timeout,
            )?);
        }
        let gate = spooling.as_ref().map(|spooling| spooling.gate().clone());
        let spool = gate.as_ref().map(|gate| gate.spool().clone());
        let largest_value = config.limits.max_body.as_u64();
        let plan = Some(Plan { largest_value, compaction: config.compaction });
        let probe = Probe::new(&kafka, &topic, availability.clone(), plan, spool)
            .map_err(BridgeError::Kafka)?;
        let admin_answers = Arc::new(Admin {
            metrics: metrics.clone(),
            availability: availability.clone(),
            throttle: kafka.throttle.clone(),
            topic: topic.clone(),
            gate: gate.clone(),
            stop: stop.clone(),
        });
        let accept_errors = Arc::new(RareLine::every(ACCEPT_ERROR_LINE));
        let admin_limits = admin_limits(accept_errors.clone());
        let reloading = Reloader::new(&config, reload, &metrics.reloads).run();
        let logging = PeriodicLog::new(&config, recorder.clone()).run();
        let path = config.path.clone();
        let loops = EventLoop {
            config,
            availability,
            metrics,
            recorder: recorder.clone(),
            accept_errors,
            successor,
            topic: topic.clone(),
            gate: gate.clone(),
            stop: stop.clone(),
        };
        let mut loops = loops.start(&webhook).await?;
        drop(webhook);

        let (over, mut parts) = (CancellationToken::new(), Parts::default());
        let listener = tokio::net::TcpListener::from_std(admin).map_err(|source| {
            BridgeError::Listen { flag: "--admin-listen", address: addresses.admin, source }
        })?;
        let answer =
            move |request, _: &ConnectionPhase| std::future::ready(admin_answers.answer(&request));
        let serving = server::serve(listener, admin_limits, over.clone(), answer);
        parts.start(async { (serving.await, BridgeError::Unasked("admin port")).1 });
        parts.start(async { (logging.await, BridgeError::Unasked("periodic log")).1 });
        parts.start(async { (reloading.await, BridgeError::Unasked("reloader")).1 });
        let (probing, unasked) = (probe.run(over.clone()), BridgeError::Unasked("probe of Kafka"));
        parts.start(async { probing.await.map_or_else(BridgeError::Topic, |()| unasked) });
        tracing::info!(webhook = %addresses.webhook, admin = %addresses.admin, path, topic = %topic.name, "listening");
        if let Some(spooling) = &spooling {
            spooling.log_start();
        } else {
            tracing::info!("without a spool, posts get 503 while Kafka is away");
        }

        let ended = parts.wait_for_the_end(&mut loops, spooling.as_mut(), &stop).await;
        over.cancel();
        parts.shutdown().await;
        recorder.refusals.sum_up_all();
        let closed = match spooling {
            Some(spooling) => spooling.close(grace).await,
            None => Ok(()),
        };
        if let (Err(_), Err(also)) = (&ended, &closed) {
            tracing::warn!(error = %error_chain(also), "the spool did not end well either");
        }
        ended.and(closed)
    }
}
