//! The event loops of the data path, each a thread with a runtime of its own.
//!
//! Promise: a post lives and dies on one loop, so that nothing on its way needs another thread.
//! The loops share the port, the limits and what is known of Kafka. A loop that panics is
//! reported as an end, not passed over.

use crate::bridge::bridge_error::BridgeError;
use crate::bridge::pulse::{Heart, Pulse};
use crate::bridge::shared::Shared;
use crate::delivery::availability::Availability;
use crate::delivery::kafka::producer::ProducerError;
use crate::delivery::publisher::Publisher;
use crate::delivery::publisher::gate_role::GateRole;
use crate::delivery::topic::Topic;
use crate::rare_line::RareLine;
use crate::spans::Tracer;
use crate::webhook::dead_letters::DeadLetters;
use crate::webhook::http::connection_phase::ConnectionPhase;
use crate::webhook::http::crowd::{Crowd, MakesRoom};
use crate::webhook::http::server::{self, Limits};
use crate::webhook::http::successor::Successor;
use crate::webhook::http::tls::TlsPort;
use crate::webhook::ingest::Ingest;
use std::net::TcpListener;
use std::sync::Arc;
use std::{io, mem, thread};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Threads for ends of Kafka producers that may block. They end when idle.
const BLOCKING_THREADS: usize = 2;

/// What every event loop is made from.
pub(super) struct EventLoop {
    pub(super) shared: Shared,
    pub(super) tracer: Tracer,
    pub(super) accept_errors: Arc<RareLine>,
    pub(super) successor: Successor,
}

/// An event loop could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum EventLoopError {
    /// No thread, runtime or listener could be had.
    #[error("cannot start an event loop")]
    Start(#[from] io::Error),
    /// Its producer could not be made.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// It could not watch its producer any more.
    #[error("cannot wait for reports from Kafka")]
    Reports(#[source] io::Error),
    /// It panicked.
    #[error("an event loop panicked")]
    Panicked,
}

impl EventLoopError {
    /// Whether flags or files are at fault.
    pub(super) fn is_configuration(&self) -> bool {
        match self {
            Self::Producer(error) => error.is_configuration(),
            Self::Start(_) | Self::Reports(_) | Self::Panicked => false,
        }
    }
}

/// The publishers of one loop.
#[derive(Clone)]
struct Publishers {
    posts: Arc<Publisher>,
    /// Where invalid posts are kept.
    dead_letters: Option<Arc<Publisher>>,
}

/// What a loop says at its end: how many posts were left.
type LoopEnd = Result<usize, EventLoopError>;

/// The loops that run.
pub(super) struct EventLoops {
    ends: JoinSet<LoopEnd>,
    pulses: Vec<Pulse>,
    stop: CancellationToken,
}

impl EventLoop {
    /// Starts all loops on `listener`; returns when each has its producer.
    pub(super) async fn start(self, listener: &TcpListener) -> Result<EventLoops, EventLoopError> {
        let limits = self.limits();
        let workers = self.shared.config.workers.get();
        let stop = self.shared.stop.clone();
        let mut loops = EventLoops { ends: JoinSet::new(), pulses: Vec::new(), stop };
        let event_loop = Arc::new(self);
        for worker in 0..workers {
            let (listener, limits, event_loop) =
                (listener.try_clone()?, limits.clone(), event_loop.clone());
            let (ready, is_ready) = oneshot::channel();
            let (end, ended) = oneshot::channel();
            let (pulse, heart) = Pulse::new();
            loops.pulses.push(pulse);
            thread::Builder::new().name(format!("worker-{worker}")).spawn(move || {
                // The receiver is gone only when the whole bridge is.
                drop(end.send(event_loop.run(listener, limits, (ready, heart))));
            })?;
            loops.ends.spawn(async { ended.await.unwrap_or(Err(EventLoopError::Panicked)) });
            // Dropped unsent where the loop failed: its end says why.
            if is_ready.await.is_err() {
                loops.stop.cancel();
                break;
            }
        }
        Ok(loops)
    }

    /// Of the one port that all loops serve.
    fn limits(&self) -> Limits {
        let Shared { config, metrics, .. } = &self.shared;
        let (most, series) = (config.max_connections.get(), metrics.connections.clone());
        let tls = config.certificate.clone();
        let tls = tls.map(|certificate| TlsPort::new(certificate, metrics.handshakes.clone()));
        Limits {
            crowd: Arc::new(Crowd::new("webhook", most, MakesRoom::Idle, series)),
            accept_errors: self.accept_errors.clone(),
            timeouts: config.timeouts,
            successor: self.successor.clone(),
            tls: tls.map(Arc::new),
        }
    }

    fn run(
        &self,
        listener: TcpListener,
        limits: Limits,
        (ready, heart): (oneshot::Sender<()>, Heart),
    ) -> LoopEnd {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .build()?;
        let end = runtime.block_on(async {
            let publishers = self.publishers()?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            // The receiver is gone only when the whole bridge is.
            let _ = ready.send(());
            tokio::select! {
                end = self.serve(listener, limits, publishers) => end,
                never = heart.run() => match never {},
            }
        });
        // The bridge waits for producers that end.
        runtime.shutdown_background();
        end
    }

    fn publishers(&self) -> Result<Publishers, ProducerError> {
        let Shared { availability, topic, dead_letters, .. } = &self.shared;
        let posts = self.publisher(availability, topic, GateRole::Leads)?;
        let second = dead_letters.as_ref();
        let dead_letters =
            second.map(|it| self.publisher(&it.availability, &it.topic, GateRole::Follows));
        Ok(Publishers { posts, dead_letters: dead_letters.transpose()? })
    }

    fn publisher(
        &self,
        availability: &Arc<Availability>,
        topic: &Topic,
        role: GateRole,
    ) -> Result<Arc<Publisher>, ProducerError> {
        let Shared { config, metrics, gate, .. } = &self.shared;
        let publisher = Publisher::new(
            config.kafka.clone(),
            availability.clone(),
            metrics.clone(),
            topic.clone(),
            gate.clone(),
            role,
        )?;
        Ok(Arc::new(publisher))
    }

    async fn serve(
        &self,
        listener: tokio::net::TcpListener,
        limits: Limits,
        publishers: Publishers,
    ) -> LoopEnd {
        let ingest = Arc::new(self.ingest(publishers.clone()));
        let answer = move |request, phase: &ConnectionPhase| ingest.clone().answer(request, phase);
        let served = CancellationToken::new();
        let serving = async {
            server::serve(listener, limits, self.shared.stop.clone(), answer).await;
            served.cancel();
            Ok(())
        };
        let Publishers { posts, dead_letters } = publishers;
        let keeping = async {
            match dead_letters {
                Some(publisher) => publisher.run(served.clone()).await,
                None => Ok(()),
            }
        };
        let work = async { tokio::try_join!(serving, posts.run(served.clone()), keeping) };
        let grace = async {
            self.shared.stop.cancelled().await;
            sleep(self.shared.config.grace.posts).await;
        };
        tokio::select! {
            worked = work => worked.map(|_| 0).map_err(EventLoopError::Reports),
            () = grace => Ok(self.left()),
        }
    }

    /// Posts of all loops without an answer. A record that was answered for may still be without a
    /// report.
    fn left(&self) -> usize {
        usize::try_from(self.shared.metrics.in_flight.get()).unwrap_or(0)
    }

    fn ingest(&self, Publishers { posts, dead_letters }: Publishers) -> Ingest {
        let Shared { config, recorder, .. } = &self.shared;
        let topic = config.dead_letter_topic.clone();
        let dead_letters =
            topic.zip(dead_letters).map(|(topic, publisher)| DeadLetters { topic, publisher });
        Ingest {
            path: config.path.clone(),
            access: config.access.clone(),
            limits: config.limits,
            contract: config.contract,
            topic: config.topic.clone(),
            source: config.source.clone(),
            clock: config.clock.clone(),
            publisher: posts,
            dead_letters,
            recorder: recorder.clone(),
            tracer: self.tracer.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
        }
    }
}

impl EventLoops {
    /// Where to ask whether each of them turns. To be called once.
    pub(super) fn take_pulses(&mut self) -> Vec<Pulse> {
        mem::take(&mut self.pulses)
    }

    /// Waits for the end of all loops. If one ends unasked, the others are stopped.
    pub(super) async fn wait(&mut self) -> Result<(), BridgeError> {
        let mut left = 0;
        let mut failed = None;
        while let Some(ended) = self.ends.join_next().await {
            let asked = self.stop.is_cancelled();
            match ended.unwrap_or(Err(EventLoopError::Panicked)) {
                Ok(_) if !asked => failed = Some(BridgeError::Unasked("event loop")),
                // Each counts the open posts of all.
                Ok(posts) => left = left.max(posts),
                Err(error) => failed = failed.or(Some(error.into())),
            }
            self.stop.cancel();
        }
        match failed {
            Some(error) => Err(error),
            None if left > 0 => Err(BridgeError::Left { left }),
            None => Ok(()),
        }
    }
}
