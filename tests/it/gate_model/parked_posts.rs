//! The event loops: who keeps parked posts, and lets them go a little after the gate does.

use crate::gate_model::ledger::PostId;
use hookbridge::delivery::gate::Gate;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// More than one, so that some event loops know and others do not.
const LOOPS: usize = 3;

#[derive(Debug, Default)]
struct LoopPosts {
    parked: VecDeque<(PostId, Instant)>,
    /// What [`Gate::catch_ups_ended`] was when the first of them was parked.
    catch_ups: u64,
}

#[derive(Debug, Default)]
pub(super) struct ParkedPosts([LoopPosts; LOOPS]);

impl ParkedPosts {
    pub(super) fn park(&mut self, id: PostId, gate: &Gate, now: Instant, rng: &mut fastrand::Rng) {
        let event_loop = &mut self.0[rng.usize(..LOOPS)];
        if event_loop.parked.is_empty() {
            event_loop.catch_ups = gate.catch_ups_ended();
        }
        event_loop.parked.push_back((id, now));
    }

    /// One event loop looks at the gate; gives the posts that it lets go.
    pub(super) fn look(&mut self, gate: &Gate, rng: &mut fastrand::Rng) -> Vec<PostId> {
        self.0[rng.usize(..LOOPS)].look(gate)
    }

    /// All of them look.
    pub(super) fn look_all(&mut self, gate: &Gate) -> Vec<PostId> {
        self.0.iter_mut().flat_map(|event_loop| event_loop.look(gate)).collect()
    }

    /// Who has waited longer than `limit`.
    pub(super) fn waits_longer(&self, limit: Duration, now: Instant) -> Option<PostId> {
        let oldest = self.0.iter().filter_map(|event_loop| event_loop.parked.front());
        oldest.copied().find(|(_, since)| *since + limit < now).map(|(id, _)| id)
    }

    pub(super) fn parked(&self) -> usize {
        self.0.iter().map(|event_loop| event_loop.parked.len()).sum()
    }
}

impl LoopPosts {
    fn look(&mut self, gate: &Gate) -> Vec<PostId> {
        if self.catch_ups == gate.catch_ups_ended() {
            return Vec::new();
        }
        self.parked.drain(..).map(|(id, _)| id).collect()
    }
}
