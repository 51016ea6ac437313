//! The topic's largest record, `max.message.bytes`: told by the probe, heeded by the producers.
//!
//! Promise: a limit that refuses a record, or that a broker's answer contradicts, is asked for anew at once. It asks nothing
//! itself.

use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// What is known of the limit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TopicLimit {
    known: watch::Receiver<Option<u32>>,
    doubt: Arc<Notify>,
}

/// The side that finds out.
#[derive(Debug)]
pub struct LimitFinder {
    known: watch::Sender<Option<u32>>,
    doubt: Arc<Notify>,
}

impl TopicLimit {
    /// A limit that the operator may have set, and the side that is to find it out if not.
    pub fn starting_with(bytes: Option<u32>) -> (LimitFinder, Self) {
        let (sender, known) = watch::channel(bytes);
        let doubt = Arc::new(Notify::new());
        (LimitFinder { known: sender, doubt: doubt.clone() }, Self { known, doubt })
    }

    /// In bytes; none while it is not known.
    pub fn bytes(&self) -> Option<u32> {
        *self.known.borrow()
    }

    /// Waits until it is known to have changed; for ever, once nobody finds out any more.
    /// Cancel-safe.
    pub async fn changed(&mut self) {
        if self.known.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// A record was refused: by a broker, though within it, or here, though it may have been raised.
    pub fn doubt(&self) {
        self.doubt.notify_one();
    }
}

impl LimitFinder {
    /// Whether any limit is known.
    pub fn is_known(&self) -> bool {
        self.known.borrow().is_some()
    }

    /// Tells the limit; says whether that is news.
    pub fn found(&self, bytes: u32) -> bool {
        self.known.send_if_modified(|known| known.replace(bytes) != Some(bytes))
    }

    /// Waits until it is doubted. Cancel-safe.
    pub async fn doubted(&self) {
        self.doubt.notified().await;
    }
}
