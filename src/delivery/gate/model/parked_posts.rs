//! The event loops: who keeps parked posts, and lets them go a little after the gate does.

use crate::delivery::gate::Gate;
use crate::delivery::gate::model::ledger::PostId;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// More than one, so that some lanes know and others do not.
const LANES: usize = 3;

#[derive(Debug, Default)]
struct Lane {
    parked: VecDeque<(PostId, Instant)>,
    /// What [`Gate::closings_ended`] was when the first of them was parked.
    closing: u64,
}

#[derive(Debug, Default)]
pub(super) struct Lanes([Lane; LANES]);

impl Lanes {
    pub(super) fn park(&mut self, id: PostId, gate: &Gate, now: Instant, rng: &mut fastrand::Rng) {
        let lane = &mut self.0[rng.usize(..LANES)];
        if lane.parked.is_empty() {
            lane.closing = gate.closings_ended();
        }
        lane.parked.push_back((id, now));
    }

    /// One lane looks at the gate; gives the posts that it lets go.
    pub(super) fn look(&mut self, gate: &Gate, rng: &mut fastrand::Rng) -> Vec<PostId> {
        self.0[rng.usize(..LANES)].look(gate)
    }

    /// All of them look.
    pub(super) fn look_all(&mut self, gate: &Gate) -> Vec<PostId> {
        self.0.iter_mut().flat_map(|lane| lane.look(gate)).collect()
    }

    /// Who has waited longer than `limit`.
    pub(super) fn waits_longer(&self, limit: Duration, now: Instant) -> Option<PostId> {
        let oldest = self.0.iter().filter_map(|lane| lane.parked.front());
        oldest.copied().find(|(_, since)| *since + limit < now).map(|(id, _)| id)
    }

    pub(super) fn parked(&self) -> usize {
        self.0.iter().map(|lane| lane.parked.len()).sum()
    }
}

impl Lane {
    fn look(&mut self, gate: &Gate) -> Vec<PostId> {
        if self.closing == gate.closings_ended() {
            return Vec::new();
        }
        self.parked.drain(..).map(|(id, _)| id).collect()
    }
}
