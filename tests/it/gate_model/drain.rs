//! The drain: rows to the topic, oldest first, in a window, deleted after their acks.

use crate::gate_model::Violation;
use crate::gate_model::design::Design;
use crate::gate_model::disk::ModelSpool;
use crate::gate_model::ledger::{PostId, PostLedger};
use std::collections::VecDeque;

/// Rows sent and not yet deleted.
const WINDOW: usize = 256;

#[derive(Debug, Default)]
pub(super) struct ModelDrain {
    /// In order: first those acked, then those that are on the topic, then those that do not.
    sent: VecDeque<(u64, PostId)>,
    written: usize,
    acked: usize,
    /// The next row to send has at least this number.
    cursor: u64,
    /// What earlier incarnations had under way and may still write, each in its order.
    ghosts: Vec<VecDeque<PostId>>,
}

impl ModelDrain {
    /// Sends the next row; gives its number.
    pub(super) fn send(&mut self, disk: &ModelSpool) -> Option<u64> {
        if self.sent.len() >= WINDOW {
            return None;
        }
        let (number, id) = disk.next_row(self.cursor)?;
        self.sent.push_back((number, id));
        self.cursor = number + 1;
        Some(number)
    }

    /// What was sent is written to the topic, in order; gives how much.
    pub(super) fn write(
        &mut self,
        most: usize,
        ledger: &mut PostLedger,
    ) -> Result<usize, Violation> {
        let from = self.written;
        self.written = self.sent.len().min(from.saturating_add(most));
        for (_, id) in self.sent.range(from..self.written) {
            ledger.appeared(*id)?;
        }
        Ok(self.written - from)
    }

    /// The acks of what was written come in; gives how many.
    pub(super) fn ack(&mut self) -> usize {
        let acked = self.written - self.acked;
        self.acked = self.written;
        acked
    }

    /// The acked rows are released; gives how many.
    pub(super) fn delete(
        &mut self,
        disk: &mut ModelSpool,
        ledger: &mut PostLedger,
    ) -> Result<usize, Violation> {
        let acked = std::mem::take(&mut self.acked);
        self.written -= acked;
        for (number, id) in self.sent.drain(..acked) {
            disk.delete(number);
            ledger.deleted(id)?;
        }
        Ok(acked)
    }

    /// The row that was sent last is deleted: a mistake. Its record is still under way.
    pub(super) fn delete_sent(
        &mut self,
        disk: &mut ModelSpool,
        ledger: &mut PostLedger,
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

    /// All that was sent is unsent, and what was under way may still write.
    pub(super) fn crash(&mut self) {
        let under_way = self.sent.drain(..).skip(self.written).map(|(_, id)| id).collect();
        self.ghosts.push(under_way);
        (self.written, self.acked, self.cursor) = (0, 0, 0);
    }

    /// One record fails by itself and is sent again, behind newer ones: a mistake.
    fn time_out(&mut self, rng: &mut fastrand::Rng) {
        if self.written < self.sent.len() {
            let late = self.sent.remove(rng.usize(self.written..self.sent.len()));
            self.sent.extend(late);
        }
    }

    /// The oldest row was sent alone and refused; gives its number.
    pub(super) fn quarantined(
        &mut self,
        disk: &mut ModelSpool,
        ledger: &mut PostLedger,
    ) -> Result<Option<u64>, Violation> {
        let Some((number, id)) = disk.next_row(0).filter(|_| self.sent.is_empty()) else {
            return Ok(None);
        };
        ledger.quarantined(id);
        disk.delete(number);
        ledger.deleted(id)?;
        Ok(Some(number))
    }

    /// A late copy of an earlier incarnation is written, or the rest of them vanishes.
    pub(super) fn haunt(
        &mut self,
        rng: &mut fastrand::Rng,
        ledger: &mut PostLedger,
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
