//! Whether the brokers have ever shown the topic to this spool.
//!
//! Promise: a topic that brokers deny, and have never shown, gets no record on disk for it: it is
//! mistyped, or not made yet, and a 200 would promise what nobody can keep. Once it was shown, its
//! records are kept through whatever happens to it. While no broker has answered nothing is denied.

use crate::delivery::spool::shown_topics::ShownTopics;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const NOT_ASKED: u8 = 0;
const SHOWN: u8 = 1;
const DENIED: u8 = 2;

/// See the module. Without a spool it denies nothing: there is nothing to be kept.
#[derive(Debug, Default)]
pub struct FirstSight {
    state: AtomicU8,
    spool: Option<Remembered>,
}

/// Where it is remembered.
#[derive(Debug)]
struct Remembered {
    topic: Arc<str>,
    shown: Mutex<ShownTopics>,
}

impl FirstSight {
    /// What the spool remembers of the topic.
    pub fn remembered(shown: ShownTopics, topic: Arc<str>) -> Self {
        let state = if shown.contains(&topic) { SHOWN } else { NOT_ASKED };
        let spool = Some(Remembered { topic, shown: Mutex::new(shown) });
        Self { state: AtomicU8::new(state), spool }
    }

    /// Whether posts must be refused for it.
    pub fn is_denied(&self) -> bool {
        self.state.load(Ordering::Relaxed) == DENIED
    }

    /// Whether the topic was shown, so that there is nothing new to be remembered.
    pub(in crate::delivery) fn is_shown(&self) -> bool {
        self.state.load(Ordering::Relaxed) == SHOWN
    }

    /// The brokers answer and do not show the topic.
    pub(in crate::delivery) fn missing(&self) {
        if let Some(Remembered { topic, .. }) = &self.spool
            && self.state.compare_exchange(NOT_ASKED, DENIED, Ordering::Relaxed, Ordering::Relaxed)
                == Ok(NOT_ASKED)
        {
            tracing::error!(
                %topic,
                "the brokers do not show the topic and never did: posts get 503 until they do"
            );
        }
    }

    /// The brokers show the topic. Blocks where it is the first time, for a sync of the disk.
    pub(in crate::delivery) fn shown(&self) {
        if self.state.swap(SHOWN, Ordering::Relaxed) == SHOWN {
            return;
        }
        let Some(Remembered { topic, shown }) = &self.spool else { return };
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = shown.add(topic) {
            // The next look tries again; until then posts are taken, as it is shown now.
            self.state.store(NOT_ASKED, Ordering::Relaxed);
            tracing::debug!(%error, %topic, "the spool cannot remember that the topic was shown");
        }
    }
}
