//! A bridge that runs: its parts are made and started in order, and waited for.
//!
//! Promise: the event loops are started when all that they share is made. At the end the parts that
//! serve them go on until the last post is answered; then the spool is closed.

use crate::bridge::Bridge;
use crate::bridge::bridge_error::BridgeError;
use crate::bridge::event_loop::{EventLoop, EventLoops};
use crate::bridge::heap_trim::HeapTrim;
use crate::bridge::listeners::raise_file_limit;
use crate::bridge::notifier::Notifier;
use crate::bridge::parts::Parts;
use crate::bridge::periodic_log::PeriodicLog;
use crate::bridge::probes::Probes;
use crate::bridge::reloader::Reloader;
use crate::bridge::shared::Shared;
use crate::bridge::spooling::Spooling;
use crate::error_chain::error_chain;
use crate::metrics::Metrics;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What was started, and is to be ended.
pub(super) struct Running {
    shared: Shared,
    loops: EventLoops,
    parts: Parts,
    /// Where there is a spool.
    spooling: Option<Spooling>,
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
        let Bridge {
            mut config,
            spool,
            webhook,
            admin,
            addresses,
            successor,
            spool_wait: _,
            hand_over: _,
            supervision,
            mut parts,
            over,
            tracer,
        } = bridge;
        config.max_connections = raise_file_limit(config.max_connections);
        let mut shared = Shared::new(config, metrics, spool.as_ref(), stop.clone());
        let spooling = spool.map(|opened| Spooling::start(opened, &shared)).transpose()?;
        shared.gate = spooling.as_ref().map(|spooling| spooling.gate().clone());
        let probes = Probes::new(&shared)?;
        let reloader = Reloader::new(&shared, reload, supervision.clone());

        let accept_errors = admin.limits.accept_errors;
        let event_loop = EventLoop { shared: shared.clone(), tracer, accept_errors, successor };
        let mut loops = event_loop.start(&webhook).await?;
        drop(webhook);

        let answers = Arc::new(shared.admin());
        admin.port.runs(answers.clone());
        let (pulses, stop) = (loops.take_pulses(), stop.clone());
        let notifier = Notifier { supervision, admin: answers, loops: pulses, stop };
        probes.start(&mut parts, &over);
        parts.start_endless("periodic log", PeriodicLog::new(&shared).run());
        parts.start_endless("heap trim", HeapTrim::new(shared.metrics.connections.clone()).run());
        parts.start_endless("reloader", reloader.run());
        parts.start_endless("notifier", notifier.run());

        let (path, topic) = (&shared.config.path, &shared.topic.name);
        tracing::info!(webhook = %addresses.webhook, admin = %addresses.admin, path, %topic, "listening");
        if let Some(spooling) = &spooling {
            spooling.log_start();
        } else {
            tracing::info!("without a spool, posts get 503 while Kafka is away");
        }
        Ok(Self { shared, loops, parts, spooling, over })
    }

    /// Waits for the stop or for a part that ends unasked, and then for the end of all.
    pub(super) async fn wait(mut self) -> Result<(), BridgeError> {
        let Shared { config, recorder, stop, .. } = &self.shared;
        let spooling = self.spooling.as_mut();
        let ended = self.parts.wait_for_the_end(&mut self.loops, spooling, stop).await;
        self.over.cancel();
        self.parts.shutdown().await;
        recorder.refusals.sum_up_all();
        let closed = match self.spooling {
            Some(spooling) => spooling.close(config.grace.bridge).await,
            None => Ok(()),
        };
        if let (Err(_), Err(also)) = (&ended, &closed) {
            tracing::warn!(error = %error_chain(also), "the spool did not end well either");
        }
        ended.and(closed)
    }
}
