//! The client that looks, and its successors.
//!
//! Promise: one that reaches no leader is replaced after [`STALE`] by another, which asks the
//! bootstrap servers: a client may go on for ever with addresses that were advertised once and lead
//! nowhere (`findings/librdkafka-keeps-to-an-address-that-leads-nowhere.sh`). Where the files of
//! keys and certificates have changed since it was made, it is replaced at once; if its successor
//! reaches a leader, the producers are told.

use crate::delivery::availability::health_report::ProbeError;
use crate::delivery::availability::topic_state::TopicState;
use crate::delivery::kafka::client_endings::ClientEnding;
use crate::delivery::kafka::key_files::KeyFiles;
use crate::delivery::kafka::probe::broker_look::Client;
use crate::delivery::kafka::probe::listener::Listener;
use crate::delivery::kafka::probe::tls_fault;
use crate::delivery::kafka::settings::Settings;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaType;
use std::mem;
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
    keys: Keys,
    /// As they were when it was made, or tried to be.
    files: KeyFiles,
}

/// Whose keys and certificates a client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// Those of the producers.
    Theirs,
    /// Others, which no broker has taken yet.
    Other,
}

impl ProbeClient {
    /// The first.
    pub(super) fn new(config: ClientConfig, settings: &Settings) -> Result<Self, KafkaError> {
        let files = KeyFiles::seen(settings);
        let client = make(&config, settings, Listener::new(settings))?;
        let (settings, keys) = (settings.clone(), Keys::Theirs);
        Ok(Self { client, config, settings, lost: None, keys, files })
    }

    /// The present one.
    pub(super) fn get(&self) -> Arc<ClientEnding<Client>> {
        self.client.clone()
    }

    /// Takes in what it saw, and the files as they are behind that.
    pub(super) fn judge(&mut self, seen: &Result<TopicState, ProbeError>, files: Option<KeyFiles>) {
        let reaches = match seen {
            Ok(TopicState::Present(description)) => description.reached > 0,
            Ok(TopicState::Unknown | TopicState::Hidden { .. } | TopicState::Missing { .. }) => {
                true
            }
            Err(_) => false,
        };
        if reaches {
            self.lost = None;
            if mem::replace(&mut self.keys, Keys::Theirs) == Keys::Other {
                self.settings.keys.renewed();
                tracing::info!("brokers take the keys and certificates that were changed");
            }
            return;
        }
        let now = Instant::now();
        let since = *self.lost.get_or_insert(now);
        let files = files.filter(|files| *files != self.files);
        if files.is_none() && now.saturating_duration_since(since) < STALE {
            return;
        }
        self.lost = None;
        if files.is_some() {
            self.keys = Keys::Other;
        }
        let listener = self.client.context().successor();
        match make(&self.config, &self.settings, listener) {
            Ok(client) => self.client = client,
            Err(error) => tracing::warn!(%error, "another client for the probe cannot be made"),
        }
        if let Some(files) = files {
            self.files = files;
        }
    }
}

fn make(
    config: &ClientConfig,
    settings: &Settings,
    listener: Listener,
) -> Result<Arc<ClientEnding<Client>>, KafkaError> {
    let native = config.create_native_config()?;
    tls_fault::ask_why(&native);
    let client = Client::new(config, native, RDKafkaType::RD_KAFKA_PRODUCER, listener)?;
    Ok(Arc::new(ClientEnding::of(client, &settings.endings)))
}
