//! The spool's disk: rows in order, groups that commit or fail, and what a crash leaves.

use crate::gate_model::design::Design;
use crate::gate_model::ledger::{PostId, PostLedger};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug)]
pub(super) struct ModelSpool {
    design: Design,
    /// Rows by number.
    rows: BTreeMap<u64, PostId>,
    last_number: u64,
    /// Decided and not in a group yet. Unanswered, so their order is open.
    appending: Vec<PostId>,
    /// Groups that are durable and visible to the drain, and of which nobody has heard.
    unreported: VecDeque<Vec<PostId>>,
    /// The group of a failed commit. It may yet be found by a restart, until another is written
    /// over it.
    failed: Vec<PostId>,
}

impl ModelSpool {
    pub(super) fn new(design: Design) -> Self {
        let (rows, appending, unreported) = (BTreeMap::new(), Vec::new(), VecDeque::new());
        Self { design, rows, last_number: 0, appending, unreported, failed: Vec::new() }
    }

    pub(super) fn append(&mut self, id: PostId) {
        self.appending.push(id);
    }

    /// A group becomes durable; gives its size.
    pub(super) fn commit(
        &mut self,
        most: usize,
        rng: &mut fastrand::Rng,
        ledger: &mut PostLedger,
    ) -> usize {
        let group = self.take_group(most, rng);
        let size = group.len();
        if size > 0 {
            self.failed.clear();
            self.write(&group, ledger);
            self.unreported.push_back(group);
        }
        size
    }

    /// The next group to be heard of.
    pub(super) fn report_commit(&mut self) -> Vec<PostId> {
        self.unreported.pop_front().unwrap_or_default()
    }

    /// The commit of a group fails.
    pub(super) fn fail(&mut self, most: usize, rng: &mut fastrand::Rng) -> Vec<PostId> {
        let group = self.take_group(most, rng);
        if !group.is_empty() {
            self.failed.clone_from(&group);
        }
        group
    }

    /// The process ends at once. A commit may have been under way.
    pub(super) fn crash(&mut self, rng: &mut fastrand::Rng, ledger: &mut PostLedger) {
        let left = match rng.u8(..3) {
            0 => Vec::new(),
            1 => std::mem::take(&mut self.failed),
            _ => self.take_group(usize::MAX, rng),
        };
        self.write(&left, ledger);
        self.failed.clear();
        self.appending.clear();
        self.unreported.clear();
    }

    /// The lowest row that is not below a number.
    pub(super) fn next_row(&self, from: u64) -> Option<(u64, PostId)> {
        self.rows.range(from..).next().map(|(number, id)| (*number, *id))
    }

    pub(super) fn delete(&mut self, number: u64) {
        self.rows.remove(&number);
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Rows, and appends that will become rows.
    pub(super) fn backlog(&self) -> u64 {
        self.rows() + self.appending.len() as u64
    }

    /// Appends whose end nobody has heard of.
    pub(super) fn pending(&self) -> u64 {
        (self.appending.len() + self.unreported.iter().map(Vec::len).sum::<usize>()) as u64
    }

    fn take_group(&mut self, most: usize, rng: &mut fastrand::Rng) -> Vec<PostId> {
        let most = most.min(self.appending.len());
        let size = if most == 0 { 0 } else { rng.usize(1..=most) };
        (0..size).map(|_| self.appending.swap_remove(rng.usize(..self.appending.len()))).collect()
    }

    fn write(&mut self, group: &[PostId], ledger: &mut PostLedger) {
        for id in group {
            self.last_number += 1;
            let by_arrival = self.design == Design::NumberedOnArrival;
            let number = if by_arrival { *id as u64 } else { self.last_number };
            self.rows.insert(number, *id);
            ledger.stored(*id);
        }
    }
}
