//! A bridge that runs: its parts are made and started in order, and waited for.
//!
//! Promise: the event loops are started when all that they share is made. At the end the parts that
//! serve them go on until the last post is answered; then the spool is closed.

use crate::admin::Admin;
use crate::bridge::Bridge;
use crate::bridge::bridge_error::BridgeError;
use crate::bridge::dead_letter_topic::DeadLetterTopic;
use crate::bridge::event_loop::{EventLoop, EventLoops};
use crate::bridge::heap_trim::HeapTrim;
use crate::bridge::listeners::{admin_limits, raise_file_limit};
use crate::bridge::notifier::Notifier;
use crate::bridge::parts::Parts;
use crate::bridge::periodic_log::PeriodicLog;
use crate::bridge::reloader::Reloader;
use crate::bridge::spooling::{Opened, Spooling};
use crate::config::Config;
use crate::delivery::availability::Availability;
use crate::delivery::kafka::probe::Probe;
use crate::delivery::topic::Topic;
use crate::delivery::topic::topic_config::Plan;
use crate::error_chain::error_chain;
use crate::metrics::Metrics;
use crate::post::PostRecorder;
use crate::rare_line::RareLine;
use crate::webhook::http::connection_phase::ConnectionPhase;
use crate::webhook::http::server::{self, ACCEPT_ERROR_LINE};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What was started, and is to be ended.
pub(super) struct Running {
    loops: EventLoops,
    parts: Parts,
    /// Where there is a spool.
    spooling: Option<Spooling>,
    recorder: Arc<PostRecorder>,
    /// How long the spool may take to close.
    grace: Duration,
    /// Ends the parts when no post needs them any more.
    over: CancellationToken,
}

impl Running {
    /// Starts an open bridge, which takes posts from then on.
    pub(super) async fn start(
        bridge: Bridge,
        metrics: Metrics,
        stop: &CancellationToken,
        reload: watch::Receiver<()>,
    ) -> Result<Self, BridgeError> {
        let Bridge { mut config, spool, webhook, admin, addresses, successor, supervision, .. } =
            bridge;
        config.max_connections = raise_file_limit(config.max_connections);
        let metrics = Arc::new(metrics);
        let recorder = Arc::new(PostRecorder::new(metrics.clone()));
        let availability = Arc::new(Availability::new(&metrics, config.kafka.ack_timeout()));
        let max_bytes = config.kafka.message_max_bytes();
        let mut topic = Topic::new(config.topic.clone(), max_bytes, &config.clock);
        let (kafka, grace) = (config.kafka.clone(), config.grace.bridge);
        let dead_letters = DeadLetterTopic::of(&config, spool.as_ref(), &availability, &metrics);
        let dead_letter_probe =
            dead_letters.as_ref().map(|second| second.probe(&config)).transpose()?;
        let spooling =
            start_spooling(spool, &config, &availability, &mut topic, dead_letters.as_ref())?;
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
            dead_letters: dead_letters
                .clone()
                .map(|DeadLetterTopic { topic, availability, .. }| (topic.name, availability)),
            gate: gate.clone(),
            stop: stop.clone(),
        });
        let accept_errors = Arc::new(RareLine::every(ACCEPT_ERROR_LINE));
        let admin_limits = admin_limits(accept_errors.clone());
        let reloading = Reloader::new(&config, reload, &metrics.reloads, supervision.clone()).run();
        let trimming = HeapTrim::new(metrics.connections.clone()).run();
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
            dead_letters,
            gate,
            stop: stop.clone(),
        };
        let mut loops = loops.start(&webhook).await?;
        drop(webhook);
        let notifier = Notifier {
            supervision,
            admin: admin_answers.clone(),
            loops: loops.take_pulses(),
            stop: stop.clone(),
        };

        let (over, mut parts) = (CancellationToken::new(), Parts::default());
        let listener = tokio::net::TcpListener::from_std(admin).map_err(|source| {
            BridgeError::Listen { flag: "--admin-listen", address: addresses.admin, source }
        })?;
        let answer =
            move |request, _: &ConnectionPhase| std::future::ready(admin_answers.answer(&request));
        let serving = server::serve(listener, admin_limits, over.clone(), answer);
        parts.start_endless("admin port", serving);
        parts.start_endless("periodic log", logging);
        parts.start_endless("heap trim", trimming);
        parts.start_endless("reloader", reloading);
        parts.start_endless("notifier", notifier.run());
        let (probing, unasked) = (probe.run(over.clone()), BridgeError::Unasked("probe of Kafka"));
        parts.start(async { probing.await.map_or_else(BridgeError::Topic, |()| unasked) });
        if let Some(probe) = dead_letter_probe {
            parts.start_endless("probe of the dead-letter topic", probe.run(over.clone()));
        }
        tracing::info!(webhook = %addresses.webhook, admin = %addresses.admin, path, topic = %topic.name, "listening");
        if let Some(spooling) = &spooling {
            spooling.log_start();
        } else {
            tracing::info!("without a spool, posts get 503 while Kafka is away");
        }
        Ok(Self { loops, parts, spooling, recorder, grace, over })
    }

    /// Waits for `stop` or for a part that ends unasked, and then for the end of all.
    pub(super) async fn wait(mut self, stop: &CancellationToken) -> Result<(), BridgeError> {
        let ended =
            self.parts.wait_for_the_end(&mut self.loops, self.spooling.as_mut(), stop).await;
        self.over.cancel();
        self.parts.shutdown().await;
        self.recorder.refusals.sum_up_all();
        let closed = match self.spooling {
            Some(spooling) => spooling.close(self.grace).await,
            None => Ok(()),
        };
        if let (Err(_), Err(also)) = (&ended, &closed) {
            tracing::warn!(error = %error_chain(also), "the spool did not end well either");
        }
        ended.and(closed)
    }
}

/// Begins to drain the spool, where there is one; the topic gets what the spool remembers of it.
fn start_spooling(
    opened: Option<Opened>,
    config: &Config,
    availability: &Arc<Availability>,
    topic: &mut Topic,
    dead_letters: Option<&DeadLetterTopic>,
) -> Result<Option<Spooling>, BridgeError> {
    let Some(opened) = opened else { return Ok(None) };
    topic.first_sight = opened.first_sight(topic.name.clone());
    let missing_topic_timeout = config.missing_topic_timeout;
    let kafka = &config.kafka;
    Spooling::start(opened, availability, kafka, topic, dead_letters, missing_topic_timeout)
        .map(Some)
}
