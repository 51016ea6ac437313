//! Which records in flight have waited too long: for Kafka's ack, or for the spool's answer.
//!
//! It gets the time. Promise: looking for Kafka's costs what is overdue, however many are in flight.

use crate::delivery::publisher::in_flight::stage::{RecordEvent, RecordStage};
use crate::delivery::publisher::in_flight::{Fallback, InFlight, InFlightRecord, Sender};
use crate::delivery::ticket::Ticket;
use std::time::{Duration, Instant};

impl InFlight {
    /// A record whose ack is `timeout` late, and when it was sent. Without a spool, one whose
    /// sender has left has time until the report.
    pub(in crate::delivery::publisher) fn next_overdue(
        &mut self,
        now: Instant,
        timeout: Duration,
    ) -> Option<(Ticket, Instant)> {
        while let Some((since, ticket)) = self.sent_order.front().copied()
            && since + timeout <= now
        {
            self.sent_order.pop_front();
            let Some(entry) = self.slab.get(ticket.number()) else { continue };
            let is_waited_for =
                self.fallback == Fallback::Spool || matches!(entry.sender, Sender::Waits(_));
            if entry.sent_at() == Some(since) && is_waited_for {
                return Some((ticket, since));
            }
        }
        None
    }

    /// When the next record was sent that somebody may still wait for.
    pub(in crate::delivery::publisher) fn earliest_sent(&mut self) -> Option<Instant> {
        while let Some((since, ticket)) = self.sent_order.front().copied() {
            if self.slab.get(ticket.number()).is_some_and(|entry| entry.since == since) {
                return Some(since);
            }
            self.sent_order.pop_front();
        }
        None
    }

    /// Answers all who have waited for the spool longer than `timeout`; gives how many.
    pub(in crate::delivery::publisher) fn time_out_spool(
        &mut self,
        now: Instant,
        timeout: Duration,
    ) -> usize {
        let is_stuck = |entry: &InFlightRecord| {
            matches!(entry.stage, RecordStage::Late | RecordStage::Appended)
                && entry.since + timeout <= now
                && matches!(entry.sender, Sender::Waits(_))
        };
        let stuck = self.slab.iter().filter(|(_, entry)| is_stuck(entry));
        let tickets: Vec<_> = stuck.map(|(number, _)| Ticket::of(number)).collect();
        for ticket in &tickets {
            // A sender that waits records its outcome itself: there is nothing to do next.
            drop(self.apply(*ticket, RecordEvent::SpoolSilent, now));
        }
        tickets.len()
    }
}
