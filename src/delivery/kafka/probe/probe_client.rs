//! The client that looks, and its successors.
//!
//! Promise: one that reaches no leader is replaced after [`STALE`] by another, which asks the bootstrap
//! servers: a client may go on for ever with addresses that were advertised once and lead nowhere
//! (`findings/librdkafka-keeps-to-an-address-that-leads-nowhere.sh`).

use crate::delivery::availability::health_report::ProbeError;
use crate::delivery::availability::topic_state::TopicState;
use crate::delivery::kafka::client_endings::ClientEnding;
use crate::delivery::kafka::probe::broker_look::Client;
use crate::delivery::kafka::probe::listener::Listener;
use crate::delivery::kafka::settings::Settings;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::Producer as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Some looks: a new client needs as long as several of them to be refused.
const STALE: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct ProbeClient {
    client: Arc<ClientEnding<Client>>,
    config: ClientConfig,
    settings: Settings,
    /// Since when it reaches no leader.
    lost: Option<Instant>,
}

impl ProbeClient {
    /// The first.
    pub(super) fn new(config: ClientConfig, settings: &Settings) -> Result<Self, KafkaError> {
        let client = make(&config, settings, Listener::new(settings))?;
        Ok(Self { client, config, settings: settings.clone(), lost: None })
    }

    /// The present one.
    pub(super) fn get(&self) -> Arc<ClientEnding<Client>> {
        self.client.clone()
    }

    /// Takes in what it saw.
    pub(super) fn judge(&mut self, seen: &Result<TopicState, ProbeError>) {
        let reaches = match seen {
            Ok(TopicState::Present(description)) => description.reached > 0,
            Ok(TopicState::Unknown | TopicState::Hidden { .. } | TopicState::Missing { .. }) => {
                true
            }
            Err(_) => false,
        };
        let now = Instant::now();
        if reaches {
            self.lost = None;
        } else if now.saturating_duration_since(*self.lost.get_or_insert(now)) >= STALE {
            self.lost = None;
            let listener = self.client.context().successor();
            match make(&self.config, &self.settings, listener) {
                Ok(client) => self.client = client,
                Err(error) => tracing::warn!(%error, "another client for the probe cannot be made"),
            }
        }
    }
}

fn make(
    config: &ClientConfig,
    settings: &Settings,
    listener: Listener,
) -> Result<Arc<ClientEnding<Client>>, KafkaError> {
    let client = config.create_with_context(listener)?;
    Ok(Arc::new(ClientEnding::of(client, &settings.endings)))
}
