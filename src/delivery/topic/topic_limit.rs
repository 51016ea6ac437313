//! The topic's largest record, `max.message.bytes`: found by the probe, heeded by the producers.
//!
//! Promise: a limit that refuses a record, or that a broker's answer contradicts, is asked for anew at once, and
//! how old it is is known. It asks nothing itself.

use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Notify, watch};

/// What is known of the limit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TopicLimit {
    known: watch::Sender<KnownLimit>,
    doubt: Arc<Notify>,
}

/// See [`TopicLimit::changes`].
#[derive(Debug)]
pub struct LimitChanges {
    known: watch::Receiver<KnownLimit>,
    _limit: TopicLimit,
}

#[derive(Debug, Clone, Copy)]
struct KnownLimit {
    /// None while it is not known.
    bytes: Option<u32>,
    /// When the brokers were asked for it; none where it is the operator's word, or a guess.
    asked: Option<Instant>,
}

impl TopicLimit {
    /// A limit that the operator may have set; else it is to be found.
    pub fn new(bytes: Option<u32>) -> Self {
        Self { known: watch::Sender::new(KnownLimit { bytes, asked: None }), doubt: Arc::default() }
    }

    /// In bytes; none while it is not known.
    pub fn bytes(&self) -> Option<u32> {
        self.known.borrow().bytes
    }

    /// In bytes, and when the brokers were asked for it; none where they have not said it.
    pub fn asked(&self) -> Option<(u32, Instant)> {
        let KnownLimit { bytes, asked } = *self.known.borrow();
        bytes.zip(asked)
    }

    /// Changes of it, from here on.
    pub fn changes(&self) -> LimitChanges {
        LimitChanges { known: self.known.subscribe(), _limit: self.clone() }
    }

    /// A record was refused: by a broker, though within it, or here, though it may have been raised. Or
    /// the topic's settings are wanted for another reason: they are asked for together.
    pub fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// The limit, and when the brokers were asked for it; says whether that is news.
    pub fn found(&self, bytes: u32, asked: Option<Instant>) -> bool {
        let found = KnownLimit { bytes: Some(bytes), asked };
        self.known.send_if_modified(|known| std::mem::replace(known, found).bytes != found.bytes)
    }

    /// Waits until it is doubted. Cancel-safe.
    pub async fn doubted(&self) {
        self.doubt.notified().await;
    }
}

impl LimitChanges {
    /// Waits until it has changed. Cancel-safe.
    pub async fn changed(&mut self) {
        self.known.changed().await.expect("the limit is kept beside its changes");
    }
}
