//! Whether the group has given its partitions to this reader, and to it alone.

use crate::delivery::kafka::client_log::ClientLog;
use crate::delivery::kafka::probe::listener::Listener;
use crate::delivery::kafka::settings::Settings;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// The states of [`Assignment`].
const WAITED_FOR: u8 = 0;
const THERE: u8 = 1;
const DISTURBED: u8 = 2;

/// See the module.
#[derive(Debug)]
pub(super) struct Assignment {
    state: AtomicU8,
}

impl Default for Assignment {
    fn default() -> Self {
        Self { state: AtomicU8::new(WAITED_FOR) }
    }
}

impl Assignment {
    /// The partitions are given out.
    pub(super) fn is_made(&self) {
        let new =
            self.state.compare_exchange(WAITED_FOR, THERE, Ordering::AcqRel, Ordering::Acquire);
        // A second one is another's doing.
        if new.is_err() {
            self.state.store(DISTURBED, Ordering::Release);
        }
    }

    pub(super) fn is_there(&self) -> bool {
        self.state.load(Ordering::Acquire) == THERE
    }

    /// Whether they were taken away again.
    pub(super) fn is_disturbed(&self) -> bool {
        self.state.load(Ordering::Acquire) == DISTURBED
    }
}

/// Hears of the group, and of what the client says.
pub(super) struct GroupContext {
    assignment: Arc<Assignment>,
    log: Arc<ClientLog>,
    listener: Listener,
}

impl GroupContext {
    pub(super) fn new(settings: &Settings, assignment: Arc<Assignment>) -> Self {
        Self { assignment, log: settings.log.clone(), listener: Listener::new(settings) }
    }

    /// What was last heard of addresses that are not reached, if there are any.
    pub(super) fn last_words(&self) -> Option<String> {
        self.listener.words.all()
    }
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.listener.note_line(facility, message);
        self.log.line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.listener.note_error(&error, reason);
        tracing::debug!(%error, reason, "librdkafka reports an error");
    }
}

impl ConsumerContext for GroupContext {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(_) => self.assignment.is_made(),
            Rebalance::Revoke(_) => {
                self.assignment.state.store(DISTURBED, Ordering::Release);
            }
            Rebalance::Error(error) => tracing::warn!(%error, "the group was not joined"),
        }
    }
}
