//! The life of the process.
//!
//! 1. Bind both ports, before anything is served. Raise the limit of open files.
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
pub mod inherited_sockets;
mod listeners;
mod periodic_log;
mod reloader;
mod spool_place;
mod spooling;

use crate::admin::Admin;
use crate::bridge::bridge_error::BridgeError;
use crate::bridge::event_loop::{EventLoop, EventLoops};
use crate::bridge::inherited_sockets::InheritedSockets;
use crate::bridge::listeners::{admin_limits, listen, raise_file_limit};
use crate::bridge::periodic_log::PeriodicLog;
use crate::bridge::reloader::Reloader;
use crate::bridge::spooling::{Opened, Spooling};
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
use tokio::sync::Notify;
use tokio::task::{JoinSet, spawn_blocking};
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
    reload: Arc<Notify>,
}

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
        let successor =
            passed.webhook.as_ref().map_or_else(Successor::default, |_| Successor::somebody());
        let (webhook, webhook_address) = listen("--listen", config.listen, passed.webhook)?;
        let (admin, admin_address) = listen("--admin-listen", config.admin_listen, passed.admin)?;
        let addresses = Addresses { webhook: webhook_address, admin: admin_address };
        let reload = Arc::default();
        Ok(Self { config, spool: None, webhook, admin, addresses, successor, reload })
    }

    /// Opens the spool, where there is to be one, unless `stop` comes first.
    pub async fn open(&mut self, stop: &CancellationToken) -> Result<(), BridgeError> {
        if let Some(options) = &self.config.spool {
            let opening = spooling::open(options, &self.config.topic);
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

    /// What has it read its files again when it is notified.
    pub fn reload(&self) -> Arc<Notify> {
        Arc::clone(&self.reload)
    }

    /// Runs, once it is open, until `stop`, and then to its graceful end. It needs a runtime around it.
    pub async fn run(self, metrics: Metrics, stop: CancellationToken) -> Result<(), BridgeError> {
        let (endings, grace) = (self.config.kafka.endings.clone(), self.config.grace);
        endings.gather();
        let work = async {
            let ended = self.work(metrics, stop.clone()).await;
            stop.cancel();
            ended
        };
        let asked = async { (stop.cancelled().await, Instant::now()).1 };
        let (ended, asked) = tokio::join!(work, asked);
        let left = (asked + grace.clients).saturating_duration_since(Instant::now());
        let waited = spawn_blocking(move || endings.wait(TIMEOUT.min(left))).await;
        waited.expect("waiting does not panic");
        ended
    }

    async fn work(self, metrics: Metrics, stop: CancellationToken) -> Result<(), BridgeError> {
        let Self { mut config, spool, webhook, admin, addresses, successor, reload } = self;
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
        let reloader = Reloader {
            files: std::mem::take(&mut config.reloadables).into_iter().map(Arc::new).collect(),
            every: config.reload,
            asked: reload,
            series: metrics.reloads.clone(),
        };
        let (path, access) = (config.path.clone(), config.access.clone());
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

        let (over, mut parts) = (CancellationToken::new(), JoinSet::new());
        let listener = tokio::net::TcpListener::from_std(admin).map_err(|source| {
            BridgeError::Listen { flag: "--admin-listen", address: addresses.admin, source }
        })?;
        let answer =
            move |request, _: &ConnectionPhase| std::future::ready(admin_answers.answer(&request));
        let serving = server::serve(listener, admin_limits, over.clone(), answer);
        parts.spawn(async { (serving.await, BridgeError::Unasked("admin port")).1 });
        let logging = PeriodicLog { recorder: recorder.clone(), access }.run();
        parts.spawn(async { (logging.await, BridgeError::Unasked("periodic log")).1 });
        let reloading = reloader.run();
        parts.spawn(async { (reloading.await, BridgeError::Unasked("reloader")).1 });
        let (probing, unasked) = (probe.run(over.clone()), BridgeError::Unasked("probe of Kafka"));
        parts.spawn(async { probing.await.map_or_else(BridgeError::Topic, |()| unasked) });
        tracing::info!(webhook = %addresses.webhook, admin = %addresses.admin, path, topic = %topic.name, "listening");
        if let Some(spooling) = &spooling {
            spooling.log_start();
        } else {
            tracing::info!("without a spool, posts get 503 while Kafka is away");
        }

        let ended = wait_for_the_end(&mut loops, &mut parts, spooling.as_mut(), &stop).await;
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

/// Waits until all posts are answered behind a stop, or a part has ended unasked.
async fn wait_for_the_end(
    loops: &mut EventLoops,
    parts: &mut JoinSet<BridgeError>,
    spooling: Option<&mut Spooling>,
    stop: &CancellationToken,
) -> Result<(), BridgeError> {
    tokio::select! {
        ended = loops.wait() => ended,
        error = unasked(parts, spooling, stop) => {
            stop.cancel();
            if let Err(also) = loops.wait().await {
                tracing::warn!(error = %error_chain(&also), "the event loops did not end well either");
            }
            Err(error)
        }
    }
}

/// Waits until a part of the bridge ends, which none should.
async fn unasked(
    parts: &mut JoinSet<BridgeError>,
    spooling: Option<&mut Spooling>,
    stop: &CancellationToken,
) -> BridgeError {
    let drain = async {
        match spooling {
            Some(spooling) => spooling.ended(stop).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        Some(part) = parts.join_next() => {
            part.unwrap_or(BridgeError::Unasked("admin port, periodic log, reloader or probe of Kafka"))
        }
        error = drain => error,
    }
}
