//! The drain: rows to the topic, oldest first, in a window, deleted after their acks.

use crate::delivery::gate::model::Violation;
use crate::delivery::gate::model::design::Design;
use crate::delivery::gate::model::disk::Disk;
use crate::delivery::gate::model::ledger::{Ledger, PostId};
use std::collections::VecDeque;

/// Rows sent and not yet deleted.
const WINDOW: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Drain {
    /// In order: first those acked, then those that stand on the topic, then those that do not.
    sent: VecDeque<(u64, PostId)>,
    landed: usize,
    acked: usize,
    /// The next row to send has at least this number.
    cursor: u64,
    /// What earlier incarnations had under way and may still land, each in its order.
    ghosts: Vec<VecDeque<PostId>>,
}

impl Drain {
    /// Sends the next row; gives its number.
    pub(super) fn send(&mut self, disk: &Disk) -> Option<u64> {
        if self.sent.len() >= WINDOW {
            return None;
        }
        let (number, id) = disk.next_row(self.cursor)?;
        self.sent.push_back((number, id));
        self.cursor = number + 1;
        Some(number)
    }

    /// What was sent is written to the topic, in order; gives how much.
    pub(super) fn land(&mut self, most: usize, ledger: &mut Ledger) -> Result<usize, Violation> {
        let from = self.landed;
        self.landed = self.sent.len().min(from.saturating_add(most));
        for (_, id) in self.sent.range(from..self.landed) {
            ledger.appeared(*id)?;
        }
        Ok(self.landed - from)
    }

    /// The acks of what landed come in; gives how many.
    pub(super) fn ack(&mut self) -> usize {
        let acked = self.landed - self.acked;
        self.acked = self.landed;
        acked
    }

    /// The acked rows are released; gives how many.
    pub(super) fn delete(
        &mut self,
        disk: &mut Disk,
        ledger: &mut Ledger,
    ) -> Result<usize, Violation> {
        let acked = std::mem::take(&mut self.acked);
        self.landed -= acked;
        for (number, id) in self.sent.drain(..acked) {
            disk.delete(number);
            ledger.deleted(id)?;
        }
        Ok(acked)
    }

    /// The row that was sent last is deleted: a mistake. Its record is still under way.
    pub(super) fn delete_sent(
        &mut self,
        disk: &mut Disk,
        ledger: &mut Ledger,
    ) -> Result<(), Violation> {
        let (number, id) = self.sent.pop_back().expect("one was sent");
        self.ghosts.push([id].into());
        disk.delete(number);
        ledger.deleted(id)
    }

    /// A fatal error or a report of failure: a new incarnation begins with the oldest row.
    pub(super) fn start_over(&mut self, design: Design, rng: &mut fastrand::Rng) {
        if design == Design::DrainTimesOut {
            self.time_out(rng);
        } else {
            self.crash();
        }
    }

    /// All that was sent is unsent, and what was under way may still land.
    pub(super) fn crash(&mut self) {
        let under_way = self.sent.drain(..).skip(self.landed).map(|(_, id)| id).collect();
        self.ghosts.push(under_way);
        (self.landed, self.acked, self.cursor) = (0, 0, 0);
    }

    /// One record fails by itself and is sent again, behind newer ones: a mistake.
    fn time_out(&mut self, rng: &mut fastrand::Rng) {
        if self.landed < self.sent.len() {
            let late = self.sent.remove(rng.usize(self.landed..self.sent.len()));
            self.sent.extend(late);
        }
    }

    /// The oldest row was sent alone and refused; gives its number.
    pub(super) fn quarantined(
        &mut self,
        disk: &mut Disk,
        ledger: &mut Ledger,
    ) -> Result<Option<u64>, Violation> {
        let Some((number, id)) = disk.next_row(0).filter(|_| self.sent.is_empty()) else {
            return Ok(None);
        };
        ledger.quarantined(id);
        disk.delete(number);
        ledger.deleted(id)?;
        Ok(Some(number))
    }

    /// A late copy of an earlier incarnation lands, or the rest of them vanishes.
    pub(super) fn haunt(
        &mut self,
        rng: &mut fastrand::Rng,
        ledger: &mut Ledger,
    ) -> Result<usize, Violation> {
        if self.ghosts.is_empty() {
            return Ok(0);
        }
        let ghost = rng.usize(..self.ghosts.len());
        match self.ghosts[ghost].pop_front() {
            Some(id) if rng.u8(..16) > 0 => ledger.appeared(id)?,
            Some(_) | None => drop(self.ghosts.swap_remove(ghost)),
        }
        Ok(1)
    }

    /// Whether nothing that was sent waits for its ack or its deletion.
    pub(super) fn is_idle(&self) -> bool {
        self.sent.is_empty()
    }
}
