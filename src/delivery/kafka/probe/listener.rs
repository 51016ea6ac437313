//! What the probe's client says of addresses, and what a look came to: kept for the next one.
//!
//! Promise: bounded. The client's log lines are the producers' too, which log them.

use crate::delivery::kafka::client_log::{CONNECTION, ClientLog};
use crate::delivery::kafka::last_words::LastWords;
use crate::delivery::kafka::probe::tls_fault::{self, explained, says_less};
use crate::delivery::kafka::settings::Settings;
use crate::lock::Lock;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;
use std::sync::Arc;

/// See the module.
pub(in crate::delivery::kafka) struct Listener {
    log: Arc<ClientLog>,
    pub(in crate::delivery::kafka) words: Arc<LastWords>,
    astray: Lock<Option<Astray>>,
}

/// Leaders of whom none was reached, as a broker named them. The client goes on asking them for the
/// topic, and then no broker answers.
#[derive(Debug)]
pub(super) struct Astray {
    pub(super) addresses: Vec<String>,
    /// What was seen, in words.
    pub(super) seen: String,
}

impl Listener {
    /// For a client with these settings.
    pub(in crate::delivery::kafka) fn new(settings: &Settings) -> Self {
        Self { log: settings.log.clone(), words: Arc::default(), astray: Lock::default() }
    }

    /// For the client that takes the place of this one's: it knows what was said and seen.
    pub(super) fn successor(&self) -> Self {
        let (log, words) = (self.log.clone(), self.words.clone());
        Self { log, words, astray: Lock::new(self.astray.lock().take()) }
    }

    /// Keeps what a line of the log says of an address.
    pub(in crate::delivery::kafka) fn note_line(&self, facility: &str, message: &str) {
        // Others speak of requests, which fail for the reason that this one gives.
        if [CONNECTION, tls_fault::REFUSED].contains(&facility) {
            self.heard(message);
        }
    }

    /// Keeps what an error says of one.
    pub(in crate::delivery::kafka) fn note_error(&self, error: &KafkaError, reason: &str) {
        if let Some(Code::Resolve | Code::SSL | Code::Authentication) = error.rdkafka_error_code() {
            self.heard(reason);
        }
    }

    /// Keeps it as the last words of its address, unless those before it say more.
    fn heard(&self, message: &str) {
        let told = explained(message);
        if !self.words.last_of_same(&told).is_some_and(|before| says_less(&told, &before)) {
            self.words.heard(&told);
        }
    }

    /// What the last look came to that a broker answered.
    pub(super) fn looked(&self, astray: Option<Astray>) {
        *self.astray.lock() = astray;
    }

    /// What was seen then, if no leader was reached and none but them fails since.
    pub(super) fn still_astray(&self) -> Option<String> {
        let astray = self.astray.lock();
        let still = astray.as_ref().filter(|astray| self.words.are_of(&astray.addresses));
        still.map(|astray| astray.seen.clone())
    }
}

impl ClientContext for Listener {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.note_line(facility, message);
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                self.log.line(level, facility, message);
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
        self.note_error(&error, reason);
        tracing::debug!(%error, reason, "librdkafka reports an error to the probe");
    }
}
