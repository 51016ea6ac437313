//! What the events do that concern more than one part of the world. Each gives how many things
//! happened.

use crate::gate_model::Violation;
use crate::gate_model::design::Design;
use crate::gate_model::driver::Driver;
use crate::gate_model::ledger::PostId;
use crate::gate_model::parked_posts::ParkedPosts;
use crate::gate_model::world::{Kafka, Stopping, World};
use hookbridge::delivery::gate::admission::{Admission, Way};

impl World {
    pub(super) fn post(&mut self) -> Result<usize, Violation> {
        let id = self.ledger.open(&mut self.rng);
        match self.driver.post(self.now) {
            Admission::Go(way) => self.go(id, way)?,
            Admission::Park => {
                self.event_loops.park(id, self.driver.gate(), self.now, &mut self.rng);
            }
        }
        Ok(1)
    }

    /// Parked posts go on.
    pub(super) fn unpark(&mut self, free: Vec<PostId>) -> Result<usize, Violation> {
        let count = free.len();
        for id in free {
            let way = self.driver.unpark(self.now);
            self.go(id, way)?;
        }
        Ok(count)
    }

    /// A record was not acked in time, or at all.
    pub(super) fn unacked(&mut self, id: Option<PostId>) -> Result<usize, Violation> {
        let Some(id) = id else { return Ok(0) };
        self.driver.unacked(self.now);
        self.go(id, Way::Spool)?;
        Ok(1)
    }

    pub(super) fn turn(&mut self, kafka: Kafka) -> usize {
        let before = std::mem::replace(&mut self.kafka, kafka);
        usize::from(before != self.kafka)
    }

    /// The bridge hears whether Kafka answers, which says nothing of the next moment.
    pub(super) fn probe(&mut self) -> usize {
        match self.kafka {
            Kafka::Up => self.driver.known_back(self.now),
            Kafka::Down => self.driver.known_away(self.now),
        }
        1
    }

    /// The gate and the senders hear of the oldest commit that is done.
    pub(super) fn report_commit(&mut self) -> Result<usize, Violation> {
        let group = self.disk.report_commit();
        if !group.is_empty() {
            self.driver.committed(group.len() as u64, self.now);
        }
        for id in &group {
            self.ledger.accept(*id)?;
        }
        Ok(group.len())
    }

    pub(super) fn fail_commit(&mut self, batch: usize) -> usize {
        let group = self.disk.fail(batch, &mut self.rng);
        if !group.is_empty() {
            self.driver.append_failed(group.len() as u64, self.now);
        }
        for id in &group {
            self.ledger.refuse(*id);
        }
        group.len()
    }

    pub(super) fn send(&mut self, batch: usize) -> Result<usize, Violation> {
        let mut sent = 0;
        while sent < batch
            && let Some(row) = self.drain.send(&self.disk)
        {
            sent += 1;
            self.driver.sent(row, self.now);
            if self.design == Design::DeletedWhenSent {
                self.drain.delete_sent(&mut self.disk, &mut self.ledger)?;
                self.driver.released(1, self.now);
            }
        }
        Ok(sent)
    }

    pub(super) fn ack_drain(&mut self) -> usize {
        let acked = self.drain.ack();
        if acked > 0 {
            self.driver.drain_acked(self.now);
        }
        acked
    }

    pub(super) fn delete(&mut self) -> Result<usize, Violation> {
        let deleted = self.drain.delete(&mut self.disk, &mut self.ledger)?;
        if deleted > 0 {
            self.driver.released(deleted as u64, self.now);
        }
        Ok(deleted)
    }

    pub(super) fn fail_drain(&mut self) -> usize {
        self.drain.start_over(self.design, &mut self.rng);
        self.driver.drain_fault(self.now);
        1
    }

    pub(super) fn quarantined(&mut self) -> Result<usize, Violation> {
        let Some(row) = self.drain.quarantined(&mut self.disk, &mut self.ledger)? else {
            return Ok(0);
        };
        self.driver.sent(row, self.now);
        self.driver.released(1, self.now);
        Ok(1)
    }

    pub(super) fn stop(&mut self) -> usize {
        self.stopping = Stopping::Yes;
        self.driver.stop();
        1
    }

    /// The process ends at once, and another opens what it left.
    pub(super) fn crash(&mut self) -> usize {
        self.disk.crash(&mut self.rng, &mut self.ledger);
        self.direct.crash();
        self.drain.crash();
        self.ledger.crash();
        self.event_loops = ParkedPosts::default();
        self.driver = Driver::start(self.design, self.disk.rows());
        (self.catch_ups_ended, self.looked) = (0, None);
        self.stopping = Stopping::No;
        1
    }

    fn go(&mut self, id: PostId, way: Way) -> Result<(), Violation> {
        match way {
            Way::Direct => self.direct.enqueue(id),
            Way::Spool => self.disk.append(id),
        }
        if self.design == Design::AnsweredWhenAppended && way == Way::Spool {
            self.ledger.accept(id)?;
        }
        Ok(())
    }
}
