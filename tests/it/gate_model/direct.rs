//! The direct producer: records under way, in no order at all, and late copies.

use crate::gate_model::Violation;
use crate::gate_model::ledger::{PostId, PostLedger};

#[derive(Debug)]
struct ModelRecord {
    id: PostId,
    on_topic: bool,
    given_up: GivenUp,
}

/// Whether the bridge's own timer has struck.
#[derive(Debug, PartialEq, Eq)]
enum GivenUp {
    No,
    Yes,
}

#[derive(Debug, Default)]
pub(super) struct Direct {
    records: Vec<ModelRecord>,
    /// Reported as failed, or of a process that crashed, and perhaps still on their way.
    late: Vec<PostId>,
}

impl Direct {
    pub(super) fn enqueue(&mut self, id: PostId) {
        self.records.push(ModelRecord { id, on_topic: false, given_up: GivenUp::No });
    }

    /// Some records are written to the topic; gives how many.
    pub(super) fn write(
        &mut self,
        tries: usize,
        rng: &mut fastrand::Rng,
        ledger: &mut PostLedger,
    ) -> Result<usize, Violation> {
        let mut written = 0;
        for _ in 0..tries {
            let Some(at) = self.any(rng).filter(|at| !self.records[*at].on_topic) else { continue };
            self.records[at].on_topic = true;
            ledger.appeared(self.records[at].id)?;
            written += 1;
        }
        Ok(written)
    }

    /// The acks of some come, perhaps after their time is over.
    pub(super) fn ack(
        &mut self,
        tries: usize,
        rng: &mut fastrand::Rng,
        ledger: &mut PostLedger,
    ) -> Result<usize, Violation> {
        let mut acked = 0;
        for _ in 0..tries {
            let Some(at) = self.any(rng).filter(|at| self.records[*at].on_topic) else { continue };
            ledger.accept(self.records.swap_remove(at).id)?;
            acked += 1;
        }
        Ok(acked)
    }

    /// The bridge's own timer strikes; the record stays under way.
    pub(super) fn time_out(&mut self, rng: &mut fastrand::Rng) -> Option<PostId> {
        let at = self.any(rng)?;
        let record = &mut self.records[at];
        let before = std::mem::replace(&mut record.given_up, GivenUp::Yes);
        (before == GivenUp::No).then_some(record.id)
    }

    /// A failure is reported, of a record that may be on the topic or get there later. Gives how
    /// many reports there were, and the post if it still waits.
    pub(super) fn fail(&mut self, rng: &mut fastrand::Rng) -> (usize, Option<PostId>) {
        let Some(at) = self.any(rng) else { return (0, None) };
        let record = self.records.swap_remove(at);
        if !record.on_topic {
            self.late.push(record.id);
        }
        (1, (record.given_up == GivenUp::No).then_some(record.id))
    }

    /// A late copy is written or vanishes.
    pub(super) fn write_late(
        &mut self,
        rng: &mut fastrand::Rng,
        ledger: &mut PostLedger,
    ) -> Result<usize, Violation> {
        if self.late.is_empty() {
            return Ok(0);
        }
        let id = self.late.swap_remove(rng.usize(..self.late.len()));
        if rng.bool() {
            ledger.appeared(id)?;
        }
        Ok(1)
    }

    /// The process ends; what was under way may still write.
    pub(super) fn crash(&mut self) {
        self.late.extend(self.records.drain(..).filter(|it| !it.on_topic).map(|it| it.id));
    }

    pub(super) fn is_idle(&self) -> bool {
        self.records.is_empty()
    }

    fn any(&self, rng: &mut fastrand::Rng) -> Option<usize> {
        (!self.records.is_empty()).then(|| rng.usize(..self.records.len()))
    }
}
