//! What a run has seen, so that a silent model cannot pass.

use crate::gate_model::weather::WorldEvent;
use hookbridge::delivery::gate::GateState;
use std::collections::BTreeMap;

/// The gate's states, and the moves that it makes between them.
const MOVES: [(&str, &str); 5] = [
    ("direct", "spooling"),
    ("spooling", "catching up"),
    ("catching up", "direct"),
    ("catching up", "spooling"),
    ("spooling", "direct"),
];

/// Counts of events and of the gate's moves.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    events: BTreeMap<WorldEvent, u64>,
    moves: BTreeMap<(&'static str, &'static str), u64>,
}

impl Tally {
    /// An event was drawn, and this many things happened by it.
    pub(super) fn count(&mut self, event: WorldEvent, happened: usize) {
        if happened > 0 {
            *self.events.entry(event).or_default() += 1;
        }
    }

    pub(super) fn moved(&mut self, from: GateState, to: GateState) {
        if name(from) != name(to) {
            *self.moves.entry((name(from), name(to))).or_default() += 1;
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (event, count) in &other.events {
            *self.events.entry(*event).or_default() += count;
        }
        for (step, count) in &other.moves {
            *self.moves.entry(*step).or_default() += count;
        }
    }

    /// How many events in all did something.
    pub(super) fn events(&self) -> u64 {
        self.events.values().sum()
    }

    pub(super) fn of(&self, event: WorldEvent) -> u64 {
        self.events.get(&event).copied().unwrap_or_default()
    }

    pub(super) fn moves_never_made(&self) -> Vec<(&'static str, &'static str)> {
        MOVES.into_iter().filter(|step| !self.moves.contains_key(step)).collect()
    }
}

fn name(state: GateState) -> &'static str {
    match state {
        GateState::Direct => "direct",
        GateState::Spooling => "spooling",
        GateState::CatchingUp { .. } => "catching up",
    }
}
