//! What a publisher and the gate are to each other.
//!
//! Promise: a topic beside that of the notifications turns no notification to the disk. Its records
//! go to disk where notifications do; while those go to Kafka, what its own topic does not take is
//! refused.

use crate::delivery::gate::GateState;
use crate::delivery::gate::admission::{Admission, Way};
use crate::delivery::publisher::Publisher;
use crate::delivery::publisher::in_flight::Fallback;
use crate::delivery::publisher::in_flight::stage::RecordStage;
use crate::delivery::record::Record;
use crate::delivery::shared_gate::SharedGate;
use crate::delivery::ticket::Ticket;
use crate::delivery::undelivered::Undelivered;
use std::sync::Arc;
use std::time::Instant;

/// Whether what a publisher learns of Kafka moves the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateRole {
    /// The publisher of the notifications: what is not acked has all that follow go to disk.
    Leads,
    /// The publisher of dead letters: they go to disk once notifications do.
    Follows,
}

impl GateRole {
    /// What a record without an ack falls back on as of now.
    pub(super) fn fallback(self, gate: Option<&SharedGate>) -> Fallback {
        match (self, gate) {
            (_, None) => Fallback::Nothing,
            (Self::Leads, Some(_)) => Fallback::Spool,
            (Self::Follows, Some(gate)) => match gate.status().state {
                GateState::Direct => Fallback::Nothing,
                GateState::Spooling | GateState::CatchingUp { .. } => Fallback::Spool,
            },
        }
    }

    /// Why a record is not taken whose topic was never seen.
    pub(super) fn unseen(self) -> Undelivered {
        match self {
            Self::Leads => Undelivered::NoTopic,
            Self::Follows => Undelivered::NoDeadLetterTopic,
        }
    }

    /// Why a record is not tried that has nowhere else to go.
    pub(super) fn away(self) -> Undelivered {
        match self {
            Self::Leads => Undelivered::KnownAway,
            Self::Follows => Undelivered::NoDeadLetterTopic,
        }
    }
}

impl Publisher {
    /// Sends the record the way that posts go now; gives its ticket.
    pub(super) fn pass_gate(
        &self,
        gate: &Arc<SharedGate>,
        record: Record,
    ) -> Result<Ticket, Undelivered> {
        let is_away = !self.availability.admits();
        if is_away && self.role == GateRole::Leads {
            gate.known_away();
        }
        match gate.post() {
            Admission::Go(Way::Direct) if is_away && self.role == GateRole::Follows => {
                Err(self.role.away())
            }
            Admission::Go(Way::Direct) => Ok(self.send(record)),
            Admission::Go(Way::Spool) => {
                let ticket =
                    self.state.lock().in_flight.insert(RecordStage::Appended, None, Instant::now());
                self.append(gate, ticket, record);
                Ok(ticket)
            }
            Admission::Park => {
                let mut state = self.state.lock();
                let ticket =
                    state.in_flight.insert(RecordStage::Parked, Some(record), Instant::now());
                state.parked.push(ticket);
                Ok(ticket)
            }
        }
    }

    /// A record has no ack: it goes to the spool, and what is posted from now on does if it is for the
    /// publisher that leads.
    pub(super) fn fall_back(&self, gate: &Arc<SharedGate>, ticket: Ticket, record: Record) {
        let way = match self.role {
            GateRole::Leads => {
                gate.unacked();
                Way::Spool
            }
            GateRole::Follows => gate.way(),
        };
        match way {
            Way::Spool => self.append(gate, ticket, record),
            // The gate has turned back since.
            Way::Direct => self.spool_results.put(ticket, Err(self.role.away())),
        }
    }

    /// The gate may have moved, and with it what records without an ack fall back on.
    pub(super) fn heed_gate(&self) {
        match self.role {
            GateRole::Leads => {}
            GateRole::Follows => {
                let fallback = self.role.fallback(self.gate.as_deref());
                self.state.lock().in_flight.fallback = fallback;
            }
        }
    }
}
