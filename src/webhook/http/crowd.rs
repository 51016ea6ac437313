//! The connections of a port where a new one need not wait for room.
//!
//! Promise: of those that are open, the one that has said nothing for longest, or has taken longest
//! over its head, makes room; one whose request is being answered never does.

use crate::webhook::http::timeout_stream::ConnectionPhase;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// Those that may have to go. As many as the port takes at once, and some that have ended.
#[derive(Default)]
pub(super) struct Crowd(Vec<(Arc<ConnectionPhase>, AbortHandle)>);

impl Crowd {
    /// One more.
    pub(super) fn join(&mut self, phase: Arc<ConnectionPhase>, task: AbortHandle) {
        self.0.retain(|(_, task)| !task.is_finished());
        self.0.push((phase, task));
    }

    /// Sends one away, if one can be.
    pub(super) fn make_room(&mut self) {
        self.0.retain(|(_, task)| !task.is_finished());
        let waiting = self
            .0
            .iter()
            .enumerate()
            .filter_map(|(index, (phase, _))| Some((phase.waiting_since()?, index)));
        if let Some((_, index)) = waiting.min() {
            self.0.swap_remove(index).1.abort();
        }
    }
}
