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
    known: watch::Receiver<KnownLimit>,
    doubt: Arc<Notify>,
}

/// The side that finds out.
#[derive(Debug)]
pub struct LimitFinder {
    known: watch::Sender<KnownLimit>,
    doubt: Arc<Notify>,
}

#[derive(Debug, Clone, Copy)]
struct KnownLimit {
    /// None while it is not known.
    bytes: Option<u32>,
    /// When the brokers were asked for it; none where it is the operator's word, or a guess.
    asked: Option<Instant>,
}

impl TopicLimit {
    /// A limit that the operator may have set, and the side that is to find it out if not.
    pub fn starting_with(bytes: Option<u32>) -> (LimitFinder, Self) {
        let (sender, known) = watch::channel(KnownLimit { bytes, asked: None });
        let doubt = Arc::new(Notify::new());
        (LimitFinder { known: sender, doubt: doubt.clone() }, Self { known, doubt })
    }

    /// In bytes; none while it is not known.
    pub fn bytes(&self) -> Option<u32> {
        self.known.borrow().bytes
    }

    /// In bytes, and when the brokers were asked for it; none where they did not tell it.
    pub fn told(&self) -> Option<(u32, Instant)> {
        let KnownLimit { bytes, asked } = *self.known.borrow();
        bytes.zip(asked)
    }

    /// Waits until it is known to have changed; for ever, once nobody finds out any more.
    /// Cancel-safe.
    pub async fn changed(&mut self) {
        if self.known.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// A record was refused: by a broker, though within it, or here, though it may have been raised. Or
    /// the topic's settings are wanted for another reason: they are asked for together.
    pub fn doubt(&self) {
        self.doubt.notify_one();
    }
}

impl LimitFinder {
    /// Whether any limit is known.
    pub fn is_known(&self) -> bool {
        self.known.borrow().bytes.is_some()
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
