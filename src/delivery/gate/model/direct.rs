//! The direct producer: records under way, in no order at all, and late copies.

use crate::delivery::gate::model::Violation;
use crate::delivery::gate::model::ledger::{Ledger, PostId};

#[derive(Debug)]
struct Flight {
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
    flights: Vec<Flight>,
    /// Reported as failed, or of a process that crashed, and perhaps still on their way.
    late: Vec<PostId>,
}

impl Direct {
    pub(super) fn enqueue(&mut self, id: PostId) {
        self.flights.push(Flight { id, on_topic: false, given_up: GivenUp::No });
    }

    /// Some records are written to the topic; gives how many.
    pub(super) fn land(
        &mut self,
        tries: usize,
        rng: &mut fastrand::Rng,
        ledger: &mut Ledger,
    ) -> Result<usize, Violation> {
        let mut landed = 0;
        for _ in 0..tries {
            let Some(at) = self.any(rng).filter(|at| !self.flights[*at].on_topic) else { continue };
            self.flights[at].on_topic = true;
            ledger.appeared(self.flights[at].id)?;
            landed += 1;
        }
        Ok(landed)
    }

    /// The acks of some come, perhaps after their time is over.
    pub(super) fn ack(
        &mut self,
        tries: usize,
        rng: &mut fastrand::Rng,
        ledger: &mut Ledger,
    ) -> Result<usize, Violation> {
        let mut acked = 0;
        for _ in 0..tries {
            let Some(at) = self.any(rng).filter(|at| self.flights[*at].on_topic) else { continue };
            ledger.accept(self.flights.swap_remove(at).id)?;
            acked += 1;
        }
        Ok(acked)
    }

    /// The bridge's own timer strikes; the record stays under way.
    pub(super) fn time_out(&mut self, rng: &mut fastrand::Rng) -> Option<PostId> {
        let at = self.any(rng)?;
        let flight = &mut self.flights[at];
        let before = std::mem::replace(&mut flight.given_up, GivenUp::Yes);
        (before == GivenUp::No).then_some(flight.id)
    }

    /// A failure is reported, of a record that may be on the topic or get there later. Gives how
    /// many reports there were, and the post if it still waits.
    pub(super) fn fail(&mut self, rng: &mut fastrand::Rng) -> (usize, Option<PostId>) {
        let Some(at) = self.any(rng) else { return (0, None) };
        let flight = self.flights.swap_remove(at);
        if !flight.on_topic {
            self.late.push(flight.id);
        }
        (1, (flight.given_up == GivenUp::No).then_some(flight.id))
    }

    /// A late copy lands or vanishes.
    pub(super) fn land_late(
        &mut self,
        rng: &mut fastrand::Rng,
        ledger: &mut Ledger,
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

    /// The process ends; what was under way may still land.
    pub(super) fn crash(&mut self) {
        self.late.extend(self.flights.drain(..).filter(|it| !it.on_topic).map(|it| it.id));
    }

    pub(super) fn is_idle(&self) -> bool {
        self.flights.is_empty()
    }

    fn any(&self, rng: &mut fastrand::Rng) -> Option<usize> {
        (!self.flights.is_empty()).then(|| rng.usize(..self.flights.len()))
    }
}
