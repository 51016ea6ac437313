//! Asks the brokers for the settings of a topic.
//!
//! Promise: it ends within twice [`ANSWER_TIMEOUT`]. It judges no answer.

use crate::delivery::kafka::ANSWER_TIMEOUT;
use crate::delivery::kafka::ending::Ending;
use crate::delivery::kafka::probe::listener::Listener;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::topic::topic_config::TopicConfig;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};

/// The topic's settings. With a client for this one question: nothing else reads an admin client's
/// events, and they would gather while Kafka is away.
pub(super) async fn ask(settings: &Settings, topic: &str) -> Option<TopicConfig> {
    let admin = settings.probe().create_with_context(Listener::new(settings)).ok()?;
    let admin: Ending<AdminClient<Listener>> = Ending::of(admin, &settings.endings);
    let options = AdminOptions::new().request_timeout(Some(ANSWER_TIMEOUT));
    let topic = [ResourceSpecifier::Topic(topic)];
    let described = admin.describe_configs(&topic, &options);
    // Twice the client's own timeout: the deadline of a client that never answers.
    let resources = tokio::time::timeout(2 * ANSWER_TIMEOUT, described).await.ok()?.ok()?;
    let config = resources.into_iter().next()?.ok()?;
    Some(TopicConfig::read(|name| config.get(name)?.value.as_deref()))
}
