//! Asks the brokers whether they and the topic are there, while no ack says so.
//!
//! Promise: [`Availability`] is never older than a few seconds, also without traffic, and the
//! topic's settings are learnt as soon as a broker answers. One client of its own, one look at a
//! time, off the event loops, since librdkafka blocks for it. What no look shows, such as a
//! controller that is away, only an ack does.

mod tls_fault;
pub(in crate::delivery::kafka) mod listener;
mod events;
mod broker_look;
mod probe_client;
mod resolver;

use crate::delivery::availability::Availability;
use crate::delivery::availability::health_report::ProbeError;
use crate::delivery::availability::topic_state::{TopicDescription, TopicState};
use crate::delivery::kafka::ANSWER_TIMEOUT;
use crate::delivery::kafka::client_endings::ClientEnding;
use crate::delivery::kafka::key_files::KeyFiles;
use crate::delivery::kafka::probe::broker_look::BrokerLook;
use crate::delivery::kafka::probe::listener::Listener;
use crate::delivery::kafka::probe::probe_client::ProbeClient;
use crate::delivery::kafka::probe::resolver::Resolver;
use crate::delivery::kafka::question::Question;
use crate::delivery::kafka::settings::{CLIENT_LIMIT, Settings};
use crate::delivery::kafka::write_right::Advice;
use crate::delivery::spool::Spool;
use crate::delivery::topic::Topic;
use crate::delivery::topic::TopicLimit;
use crate::delivery::topic::topic_config::{
    Compaction, Plan, Situation, TopicConfig, TopicWarnings, UnfitTopic,
};
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime;
use tokio::task::spawn_blocking;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

/// How old the topic's settings may be.
const CONFIG_AGE: Duration = Duration::from_secs(60);
/// How old they have to be for a doubt; one that comes earlier waits.
const DOUBT_AGE: Duration = Duration::from_secs(3);

/// The task that probes.
pub struct Probe {
    client: ProbeClient,
    resolver: Arc<Resolver>,
    settings: Settings,
    topic: Topic,
    availability: Arc<Availability>,
    advice: Arc<Advice>,
    /// None where nothing is taken: what waits was promised to its topic, however that is set.
    plan: Option<Plan>,
    /// What waits on disk, where there is one.
    spool: Option<Spool>,
    config: Option<TopicConfig>,
    warnings: TopicWarnings,
    /// As they were seen last.
    replicas: Option<usize>,
    /// The settings have changed, and what they mean for the topic is not logged yet.
    changed: bool,
    /// When the settings were asked for last, and the question that is under way.
    asked: Option<Instant>,
    asking: Question<Option<TopicConfig>>,
    /// When the last question was asked, also where the next is due since.
    question: Option<Instant>,
}

impl Probe {
    /// Makes the client; asks nothing yet. The topic's limit is learnt, unless the operator has
    /// set one.
    pub fn new(
        settings: &Settings,
        topic: &Topic,
        availability: Arc<Availability>,
        plan: Option<Plan>,
        spool: Option<Spool>,
    ) -> Result<Self, KafkaClientError> {
        let mut config = settings.probe();
        // A broker that hangs up before it says a word is logged at this level alone.
        config.set_log_level(RDKafkaLogLevel::Info);
        let resolver = Resolver::of(settings.brokers());
        let client = ProbeClient::new(config, settings)?;
        Ok(Self {
            client,
            resolver: Arc::new(resolver),
            settings: settings.clone(),
            advice: Arc::new(Advice::new(&settings.probe(), topic.name.clone())),
            topic: topic.clone(),
            availability,
            plan,
            spool,
            config: None,
            warnings: TopicWarnings::default(),
            replicas: None,
            changed: false,
            asked: None,
            asking: Question::default(),
            question: None,
        })
    }

    /// Probes when it is due, until `stop`; ends with an error where the first settings that
    /// come say that the topic is no place for notifications.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), UnfitTopic> {
        loop {
            match stop.run_until_cancelled(self.turn()).await {
                None => return Ok(()),
                Some(turned) => turned?,
            }
        }
    }

    async fn turn(&mut self) -> Result<(), UnfitTopic> {
        if !mem::take(&mut self.changed) {
            tokio::select! {
                () = self.availability.probe_due() => {}
                () = doubted(&self.topic.limit, self.asked), if !self.asking.is_asked() => {
                    self.doubt();
                    return Ok(());
                }
                config = self.asking.answer() => return self.learn(config.flatten()),
            }
        }
        let asked = Instant::now();
        let (mut seen, files) = self.look().await;
        match &mut seen {
            Ok(TopicState::Present(description)) => self.is_shown(description, asked).await?,
            // It may come back with other settings.
            Ok(TopicState::Missing { .. } | TopicState::Hidden { .. }) => {
                self.topic.first_sight.missing();
                self.topic.partitions.missing(asked);
                self.asked = None;
            }
            Ok(TopicState::Unknown) | Err(_) => self.asked = None,
        }
        self.client.judge(&seen, files);
        self.availability.probed(asked, seen);
        Ok(())
    }

    /// What the brokers say, and the files of keys as they were behind that.
    async fn look(&self) -> (Result<TopicState, ProbeError>, Option<KeyFiles>) {
        let look = BrokerLook {
            topic: self.topic.name.clone(),
            min_insync_replicas: self.config.as_ref().and_then(|config| config.min_insync_replicas),
            advice: self.advice.clone(),
            resolver: self.resolver.clone(),
        };
        let (client, settings) = (self.client.get(), self.settings.clone());
        let look = move || (look.take(&client), KeyFiles::seen(&settings));
        spawn_blocking(look).await.map_or_else(
            |panic| (Err(ProbeError::Slow(panic.to_string())), None),
            |(seen, files)| (seen, Some(files)),
        )
    }

    /// The brokers show the topic so; adds what its settings mean for our records.
    async fn is_shown(
        &mut self,
        description: &mut TopicDescription,
        asked: Instant,
    ) -> Result<(), UnfitTopic> {
        if !self.topic.first_sight.is_shown() {
            let first_sight = self.topic.first_sight.clone();
            drop(spawn_blocking(move || first_sight.shown()).await);
        }
        self.topic.partitions.seen(description.partitions, asked);
        let unknown = self.asked.is_none() && self.settings.message_max_bytes().is_none();
        self.ask_config();
        // Before the first record is taken, since a batch that is too large harms others.
        if unknown {
            let config = self.asking.answer().await;
            self.learn(config.flatten())?;
        }
        self.changed = false;
        self.judge(description);
        Ok(())
    }

    fn is_unfit(&self, config: &TopicConfig) -> bool {
        let refused = self.plan.is_some_and(|plan| plan.compaction == Compaction::Refused);
        refused && config.is_compacted_only()
    }

    fn judge(&mut self, description: &mut TopicDescription) {
        self.replicas = Some(description.replicas);
        if let (Some(warnings), Some(config)) = (self.warn(), &self.config) {
            description.warnings = warnings;
            description.unfit =
                self.is_unfit(config).then(|| UnfitTopic::new(&self.topic.name).to_string());
        }
    }

    /// What the settings mean for our records; logs it when it changes.
    fn warn(&mut self) -> Option<Vec<String>> {
        let (config, plan, replicas) = (self.config.as_ref()?, self.plan?, self.replicas?);
        let waiting = self.spool.as_ref().and_then(|spool| spool.status().oldest);
        let oldest = waiting.into_iter().chain(self.topic.backlog.oldest(Instant::now())).min();
        let oldest = oldest.and_then(|oldest| oldest.elapsed().ok());
        let situation = Situation { replicas, oldest };
        Some(self.warnings.log(&self.topic.name, config, &plan, &situation))
    }

    /// A record was refused for its size, or old ones are taken up from disk.
    fn doubt(&mut self) {
        self.asked = None;
        self.ask_config();
    }

    /// Asked with the first look that a broker answers, and now and then, since an operator may
    /// change them.
    fn ask_config(&mut self) {
        let fresh = self.asked.is_some_and(|asked| asked.elapsed() < CONFIG_AGE);
        if fresh || self.asking.is_asked() {
            return;
        }
        self.asked = Some(Instant::now());
        self.question = self.asked;
        let (settings, topic) = (self.settings.clone(), self.topic.name.clone());
        self.asking.ask(move || {
            // Of its own: the caller's may end before the answer comes, and its clock with it.
            let runtime = runtime::Builder::new_current_thread().enable_time().build().ok()?;
            runtime.block_on(config_of(&settings, &topic))
        });
    }

    /// Takes in the settings, or that they are not to be had.
    fn learn(&mut self, config: Option<TopicConfig>) -> Result<(), UnfitTopic> {
        let max_bytes = config.as_ref().and_then(|config| config.max_message_bytes);
        match (&self.config, &config) {
            (None, Some(first)) if self.is_unfit(first) => {
                return Err(UnfitTopic::new(&self.topic.name));
            }
            (Some(before), Some(now)) if !self.is_unfit(before) && self.is_unfit(now) => {
                tracing::error!(error = %UnfitTopic::new(&self.topic.name), "the topic was made unfit");
            }
            (None | Some(_), None | Some(_)) => {}
        }
        if config.is_some() && config != self.config {
            (self.config, self.changed) = (config, true);
        }
        self.warn();
        if self.settings.message_max_bytes().is_some() {
            return Ok(());
        }
        if let Some(bytes) = max_bytes {
            if self.topic.limit.found(bytes, self.question) {
                tracing::info!(topic = %self.topic.name, bytes, "learnt the largest record that the topic takes");
            }
        } else if self.topic.limit.bytes().is_none() {
            self.topic.limit.found(CLIENT_LIMIT, None);
            tracing::warn!(
                topic = %self.topic.name,
                "cannot read the topic's max.message.bytes, the client's own 1,000,000 holds"
            );
        }
        Ok(())
    }
}

/// Waits until the limit is doubted.
async fn doubted(limit: &TopicLimit, asked: Option<Instant>) {
    // A sender that repeats what is refused must not keep the probe at it.
    if let Some(asked) = asked {
        sleep_until((asked + DOUBT_AGE).into()).await;
    }
    limit.doubted().await;
}

/// The topic's settings, within twice [`ANSWER_TIMEOUT`]. With a client for this one question:
/// nothing else reads an admin client's events, and they would gather while Kafka is away.
pub async fn config_of(settings: &Settings, topic: &str) -> Option<TopicConfig> {
    let admin = settings.probe().create_with_context(Listener::new(settings)).ok()?;
    let admin: ClientEnding<AdminClient<Listener>> = ClientEnding::of(admin, &settings.endings);
    let options = AdminOptions::new().request_timeout(Some(ANSWER_TIMEOUT));
    let topic = [ResourceSpecifier::Topic(topic)];
    let described = admin.describe_configs(&topic, &options);
    // Twice the client's own timeout: the deadline of a client that never answers.
    let resources = tokio::time::timeout(2 * ANSWER_TIMEOUT, described).await.ok()?.ok()?;
    let config = resources.into_iter().next()?.ok()?;
    Some(TopicConfig::read(|name| config.get(name)?.value.as_deref()))
}

/// A client for the probe could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a Kafka client")]
pub struct KafkaClientError(#[from] KafkaError);
