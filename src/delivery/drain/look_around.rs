//! What the drain sees before it goes on: the gate's clock, what is known of Kafka, and what holds rows
//! up.
//!
//! Promise: where the disk or a missing topic holds rows up, operators read that, and nothing is held
//! against Kafka for it.

use crate::delivery::availability::health_report::HealthReport;
use crate::delivery::drain::{Drain, DrainError, More, REST};
use crate::delivery::gate::GateState;
use crate::delivery::shared_gate::Hindrance;
use crate::delivery::spool::error::AccessError;
use crate::error_chain::error_chain;
use std::mem;
use std::time::{Duration, Instant};

/// Between looks at the gate's clock and at what is known of Kafka, while posts do not go there
/// directly: a quarter of the time that catching up may take.
const TICK: Duration = Duration::from_millis(50);
/// The same while they do, and nothing waits.
const IDLE_TICK: Duration = Duration::from_secs(1);

/// What the drain wants of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Rows.
    Read,
    /// That rows are released, or quarantined.
    Release,
}

impl Attempt {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Release => "release",
        }
    }
}

impl Drain {
    /// Looks, and gives when to look again.
    pub(super) fn look_around(&mut self) -> Result<Duration, DrainError> {
        if self.gate.spool().is_closed() {
            return Err(DrainError::SpoolClosed);
        }
        let kafka = self.availability.report();
        self.heed_kafka(&kafka);
        self.gate.tick();
        self.look_for_rows();
        let (status, now) = (self.gate.status(), Instant::now());
        match &self.disk_fault {
            None => self.availability.waiting(status.owed()),
            Some(_) => self.availability.held_up(status.owed()),
        }
        self.log.log(status, self.window.topic(), &kafka, now);
        let answers = matches!(kafka, HealthReport::Up | HealthReport::Unproven { .. });
        if answers {
            self.look_for_topic(now);
        }
        self.name_missing(status.backlog, now);
        self.gate.hindered_by(self.hindrance());
        if self.window.is_under_way() && answers && self.unshown.is_none() {
            self.log.under_way(self.window.topic(), status.backlog, now);
        } else {
            self.log.not_stuck();
        }
        Ok(match status.state {
            GateState::Direct => IDLE_TICK,
            GateState::Spooling | GateState::CatchingUp { .. } => TICK,
        })
    }

    fn heed_kafka(&mut self, kafka: &HealthReport) {
        match kafka {
            HealthReport::Away { .. } => self.gate.known_away(),
            // Where nothing waits, no ack can come but of a post that is tried.
            HealthReport::Up | HealthReport::Unproven { .. } => self.gate.known_back(),
            HealthReport::Untried | HealthReport::Doubted { .. } => {}
        }
        let away = matches!(kafka, HealthReport::Away { .. });
        if mem::replace(&mut self.away, away) && !away {
            self.renewal.hope();
            self.rest_until = None;
        }
    }

    /// Once all that was read is released: rows that are counted are below the cursor, or not there any
    /// more.
    fn look_for_rows(&mut self) {
        if self.more == More::No && !self.window.is_open() {
            self.window.emptied();
            self.gate.recount();
            if self.gate.counted() > Some(0) {
                self.window.rewind();
                self.more = More::Perhaps;
            }
        }
    }

    fn hindrance(&self) -> Option<Hindrance> {
        let disk = self.disk_fault.clone().map(|(_, why)| Hindrance::Disk(why));
        disk.or_else(|| self.unshown.clone().map(Hindrance::Topic))
    }

    /// The disk has failed in the attempt to do this: it is tried again after a rest.
    pub(super) fn disk_failed(
        &mut self,
        error: &AccessError,
        attempt: Attempt,
    ) -> Result<(), DrainError> {
        if matches!(error, AccessError::Closed) {
            return Err(DrainError::SpoolClosed);
        }
        self.log.disk_failed(error, attempt.as_str());
        let why = format!("cannot {}: {}", attempt.as_str(), error_chain(error));
        self.disk_fault = Some((attempt, why));
        self.rest(REST);
        Ok(())
    }

    /// It has done this. What it has failed at is still to be done: a disk that can be read may be full.
    pub(super) fn disk_worked(&mut self, attempt: Attempt) {
        self.disk_fault.take_if(|(failed, _)| *failed == attempt);
    }
}
