//! Asks the brokers whether they and the topic are there, while no ack tells.
//!
//! Promise: [`Availability`] is never older than a few seconds, also without traffic, and the
//! topic's largest record is learnt as soon as a broker answers. One client of its own, one
//! question at a time, off the event loops, since librdkafka blocks for it. It does not see rights
//! or replicas that are out of sync: only an ack does.

use crate::delivery::availability::{Availability, Topic};
use crate::delivery::kafka::producer;
use crate::delivery::kafka::settings::Settings;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// How long brokers may take to answer: ten times what a busy one across a region needs.
const PATIENCE: Duration = Duration::from_secs(1);

/// The task that probes.
pub struct Probe {
    admin: Arc<AdminClient<Quiet>>,
    topic: Arc<str>,
    availability: Arc<Availability>,
    /// Where the topic's `max.message.bytes` goes once it is known.
    limit: Limit,
}

/// Whether the largest record is still to be learnt.
enum Limit {
    Wanted(watch::Sender<Option<u32>>),
    /// A broker answered and did not tell, and that was logged; it may yet.
    Withheld(watch::Sender<Option<u32>>),
    /// The operator has set it, or it was learnt.
    Settled,
}

impl Probe {
    /// Makes the client; asks nothing yet. The topic's limit is sent to `limit` when it is learnt,
    /// unless the operator has set one.
    pub fn new(
        settings: &Settings,
        topic: Arc<str>,
        availability: Arc<Availability>,
        limit: watch::Sender<Option<u32>>,
    ) -> Result<Self, KafkaClientError> {
        let admin = Arc::new(settings.probe().create_with_context(Quiet)?);
        let limit =
            if settings.has_message_max_bytes() { Limit::Settled } else { Limit::Wanted(limit) };
        Ok(Self { admin, topic, availability, limit })
    }

    /// Probes when it is due, until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        while stop.run_until_cancelled(self.turn()).await.is_some() {}
    }

    async fn turn(&mut self) {
        let wait = self.availability.next_probe();
        if !wait.is_zero() {
            return tokio::time::sleep(wait).await;
        }
        let (admin, topic) = (self.admin.clone(), self.topic.clone());
        let answer = spawn_blocking(move || ask(&admin, &topic)).await;
        let answer = answer.unwrap_or_else(|panic| Err(panic.to_string()));
        if let Ok(Topic::Present { .. }) = answer {
            self.learn_limit().await;
        }
        self.availability.probed(answer);
    }

    /// Before posts are let through, so that the producers are made anew while none is under way.
    async fn learn_limit(&mut self) {
        let (Limit::Wanted(learnt) | Limit::Withheld(learnt)) = &self.limit else { return };
        if let Some(bytes) = self.ask_limit().await {
            tracing::info!(bytes, "learnt the largest record that the topic takes");
            learnt.send_replace(Some(bytes));
            self.limit = Limit::Settled;
        } else if let Limit::Wanted(learnt) = &self.limit {
            tracing::warn!(
                "cannot read the topic's max.message.bytes, the client's own 1,000,000 holds"
            );
            self.limit = Limit::Withheld(learnt.clone());
        }
    }

    async fn ask_limit(&self) -> Option<u32> {
        let options = AdminOptions::new().request_timeout(Some(PATIENCE));
        let topic = [ResourceSpecifier::Topic(&self.topic)];
        let described = self.admin.describe_configs(&topic, &options);
        // Twice the client's own patience: the deadline of a client that never answers.
        let resources = tokio::time::timeout(2 * PATIENCE, described).await.ok()?.ok()?;
        let config = resources.into_iter().next()?.ok()?;
        config.get("max.message.bytes")?.value.as_ref()?.parse().ok()
    }
}

/// A client for the probe could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a Kafka client")]
pub struct KafkaClientError(#[from] KafkaError);

/// One question, of at most [`PATIENCE`].
fn ask(admin: &AdminClient<Quiet>, topic: &str) -> Result<Topic, String> {
    let metadata = admin.inner().fetch_metadata(Some(topic), PATIENCE).map_err(|error| {
        let code = error.rdkafka_error_code();
        format!("no broker answers: {}", code.map_or(error.to_string(), |c| format!("{c:?}")))
    })?;
    let Some(seen) = metadata.topics().iter().find(|seen| seen.name() == topic) else {
        return Ok(Topic::Missing { error: "not listed".to_owned() });
    };
    if let Some(error) = seen.error() {
        let error = format!("{:?}", rdkafka::types::RDKafkaErrorCode::from(error));
        return Ok(Topic::Missing { error });
    }
    let partitions = seen.partitions();
    let led = partitions.iter().filter(|partition| partition.leader() >= 0).count();
    Ok(Topic::Present { partitions: partitions.len(), led })
}

/// Its log lines are the producers' too: they are told once, there.
struct Quiet;

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
