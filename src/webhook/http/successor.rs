//! Who has a port's listening socket after this process.
//!
//! Promise: where somebody is there, what waits in the socket's queue is left to them; where nobody is,
//! it is lost with the socket, and served before. It says nothing of how they came by the socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by all who serve the socket; they look when it is time to stop.
#[derive(Debug, Clone, Default)]
pub struct Successor(Arc<AtomicBool>);

impl Successor {
    /// Somebody keeps the socket, whatever becomes of this process.
    pub fn somebody() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// Whether there is somebody.
    pub(super) fn is_there(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
