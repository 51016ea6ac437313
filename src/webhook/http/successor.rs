//! Who has a port's listening socket after this process.
//!
//! Promise: where somebody is there, what waits in the socket's queue is left to them; where nobody is,
//! it is lost with the socket, and served before. It says nothing of how they came by the socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by all who serve the socket, and whoever passes it on; looked at when it is time to stop.
#[derive(Debug, Clone, Default)]
pub struct Successor(Arc<AtomicBool>);

impl Successor {
    /// Somebody keeps the socket, whatever becomes of this process.
    pub fn somebody() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// Somebody may have the socket.
    pub fn come(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Nobody has it any more.
    pub fn leave(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Whether there is somebody.
    pub(super) fn is_there(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
