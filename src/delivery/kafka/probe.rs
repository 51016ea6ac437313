//! Asks the brokers whether they and the topic are there, while no ack tells.
//!
//! Promise: [`Availability`] is never older than a few seconds, also without traffic, and the
//! topic's largest record is learnt as soon as a broker answers. One client of its own, one
//! question at a time, off the event loops, since librdkafka blocks for it. It does not see rights
//! or replicas that are out of sync: only an ack does.

use crate::delivery::availability::Availability;
use crate::delivery::availability::state::{Silence, Topic};
use crate::delivery::kafka::producer;
use crate::delivery::kafka::settings::{CLIENT_LIMIT, Settings};
use crate::delivery::partitions::Partitions;
use crate::delivery::topic_limit::LimitFinder;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime;
use tokio::task::spawn_blocking;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

/// How long brokers may take to answer: ten times what a busy one across a region needs.
const PATIENCE: Duration = Duration::from_secs(1);
/// How old the limit may be.
const LIMIT_AGE: Duration = Duration::from_secs(60);
/// How old the limit has to be for a doubt; one that comes earlier waits.
const DOUBT_AGE: Duration = Duration::from_secs(3);
/// Events of the client that are read at once: each question gets rid of more than its pause adds.
const EVENTS: usize = 1_000;

/// The task that probes.
pub struct Probe {
    client: Arc<BaseProducer<Quiet>>,
    settings: Settings,
    topic: Arc<str>,
    partitions: Arc<Partitions>,
    availability: Arc<Availability>,
    /// How the topic's limit is found; none where the operator has set it.
    limit: Option<Limit>,
}

/// The question for the topic's largest record.
struct Limit {
    finder: LimitFinder,
    asked: Option<Instant>,
}

impl Probe {
    /// Makes the client; asks nothing yet. The topic's limit is sent to `limit` when it is learnt,
    /// unless the operator has set one.
    pub fn new(
        settings: &Settings,
        topic: &crate::delivery::topic::Topic,
        availability: Arc<Availability>,
        limit: LimitFinder,
    ) -> Result<Self, KafkaClientError> {
        let client = Arc::new(settings.probe().create_with_context(Quiet)?);
        let settings = settings.clone();
        let limit = Limit { finder: limit, asked: None };
        let limit = settings.message_max_bytes().is_none().then_some(limit);
        let (topic, partitions) = (topic.name.clone(), topic.partitions.clone());
        Ok(Self { client, settings, topic, partitions, availability, limit })
    }

    /// Probes when it is due, until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        while stop.run_until_cancelled(self.turn()).await.is_some() {}
    }

    async fn turn(&mut self) {
        tokio::select! {
            () = self.availability.probe_due() => {}
            () = doubted(self.limit.as_ref()) => return self.ask_again().await,
        }
        let (client, topic, asked) = (self.client.clone(), self.topic.clone(), Instant::now());
        let answer = spawn_blocking(move || ask(&client, &topic)).await;
        let answer = answer.unwrap_or_else(|panic| Err(Silence::Slow(panic.to_string())));
        if let Ok(Topic::Present { partitions, .. }) = &answer {
            self.partitions.seen(*partitions);
        }
        match (&answer, &mut self.limit) {
            (Ok(Topic::Present { .. }), _) => self.learn_limit().await,
            // It may come back with another limit.
            (_, Some(limit)) => limit.asked = None,
            (_, None) => {}
        }
        self.availability.probed(asked, answer);
    }

    /// A record was refused for its size.
    async fn ask_again(&mut self) {
        let Some(limit) = &mut self.limit else { return };
        limit.asked = None;
        self.learn_limit().await;
    }

    /// Asked with the first probe that a broker answers, and now and then, since an operator may
    /// change it.
    async fn learn_limit(&mut self) {
        let Some(limit) = &mut self.limit else { return };
        if limit.asked.is_some_and(|asked| asked.elapsed() < LIMIT_AGE) {
            return;
        }
        limit.asked = Some(Instant::now());
        let (settings, topic) = (self.settings.clone(), self.topic.clone());
        let asked = spawn_blocking(move || {
            // Of its own: the caller's may end before the answer comes, and its clock with it.
            let runtime = runtime::Builder::new_current_thread().enable_time().build().ok()?;
            runtime.block_on(ask_limit(&settings, &topic))
        });
        if let Some(bytes) = asked.await.ok().flatten() {
            if limit.finder.found(bytes) {
                tracing::info!(bytes, "learnt the largest record that the topic takes");
            }
        } else if !limit.finder.is_known() {
            limit.finder.found(CLIENT_LIMIT);
            tracing::warn!(
                "cannot read the topic's max.message.bytes, the client's own 1,000,000 holds"
            );
        }
    }
}

/// Waits until the limit is doubted; for ever where nobody asks for it.
async fn doubted(limit: Option<&Limit>) {
    match limit {
        Some(limit) => {
            // A sender that repeats what is refused must not keep the probe at it.
            if let Some(asked) = limit.asked {
                sleep_until((asked + DOUBT_AGE).into()).await;
            }
            limit.finder.doubted().await;
        }
        None => std::future::pending().await,
    }
}

/// The topic's `max.message.bytes`. With a client for this one question: nothing else reads an
/// admin client's events, and they would gather while Kafka is away.
async fn ask_limit(settings: &Settings, topic: &str) -> Option<u32> {
    let admin: AdminClient<Quiet> = settings.probe().create_with_context(Quiet).ok()?;
    let options = AdminOptions::new().request_timeout(Some(PATIENCE));
    let topic = [ResourceSpecifier::Topic(topic)];
    let described = admin.describe_configs(&topic, &options);
    // Twice the client's own patience: the deadline of a client that never answers.
    let resources = tokio::time::timeout(2 * PATIENCE, described).await.ok()?.ok()?;
    let config = resources.into_iter().next()?.ok()?;
    config.get("max.message.bytes")?.value.as_ref()?.parse().ok()
}

/// A client for the probe could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a Kafka client")]
pub struct KafkaClientError(#[from] KafkaError);

/// One question, of at most [`PATIENCE`].
fn ask(client: &BaseProducer<Quiet>, topic: &str) -> Result<Topic, Silence> {
    let metadata = client.client().fetch_metadata(Some(topic), PATIENCE);
    // Its log and errors come as events of a queue that is read here or nowhere.
    for _ in 0..EVENTS {
        if client.in_flight_count() == 0 {
            break;
        }
        client.poll(Duration::ZERO);
    }
    let metadata = metadata.map_err(|error| {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        let why = format!("no broker answers: {code:?}");
        // Where no connection is to be had a post cannot be luckier; one that is slow may be.
        if code == RDKafkaErrorCode::BrokerTransportFailure {
            Silence::Dead(why)
        } else {
            Silence::Slow(why)
        }
    })?;
    let Some(seen) = metadata.topics().iter().find(|seen| seen.name() == topic) else {
        return Ok(Topic::Missing { error: "not listed".to_owned() });
    };
    if let Some(error) = seen.error() {
        let error = format!("{:?}", RDKafkaErrorCode::from(error));
        return Ok(Topic::Missing { error });
    }
    let partitions = seen.partitions();
    let led = partitions.iter().filter(|partition| partition.leader() >= 0).count();
    Ok(Topic::Present { partitions: partitions.len(), led })
}

/// Its log lines are the producers' too: they are told once, there.
struct Quiet;

impl ProducerContext for Quiet {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                producer::log(level, facility, message);
            }
            RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning
            | RDKafkaLogLevel::Notice
            | RDKafkaLogLevel::Info
            | RDKafkaLogLevel::Debug => {
                tracing::debug!(facility, "librdkafka (probe): {message}");
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka reports an error to the probe");
    }
}
