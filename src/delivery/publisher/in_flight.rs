//! The records in flight: who waits for each, since when, and who may still report on it.
//!
//! Promise: a record has one delivery result, and its sender, or the post of a sender that left,
//! gets it once. The first proof wins, be it Kafka's ack or the spool's; a failure counts only
//! where no proof came. A ticket is given anew only when neither Kafka nor the spool can still
//! report on it. A plain value without I/O; the publisher feeds it. The life of a record, state by
//! event, is the table in [`stage`].

mod deadlines;
pub(super) mod stage;

use crate::delivery::publisher::accumulator::KeyHash;
use crate::delivery::publisher::in_flight::stage::{
    AwaitedReport, RecordEvent, RecordStage, StageStep,
};
use crate::delivery::record::Record;
use crate::delivery::record_times::SendTime;
use crate::delivery::ticket::Ticket;
use crate::delivery::undelivered::Undelivered;
use crate::post::Location;
use crate::post::PostOutcome;
use slab::Slab;
use std::collections::VecDeque;
use std::mem;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Entries of the send order that are kept without a look at whether they are still waited for.
const SENT_ORDER_LEAST: usize = 1024;

/// How often a record is sent again: more often than there are times to try.
const MAX_RESENDS: u8 = 64;

/// What is known of a record at the end.
pub(super) type RecordResult = Result<Location, Undelivered>;

/// All records in flight of one event loop.
pub(super) struct InFlight {
    pub(super) fallback: Fallback,
    slab: Slab<InFlightRecord>,
    /// What was sent to Kafka in order of time; the front is the next to be overdue. Those that
    /// need no deadline any more are dropped when they come to the front.
    sent_order: VecDeque<(Instant, Ticket)>,
}

/// What a record without an ack falls back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fallback {
    Spool,
    Nothing,
}

/// One of them.
pub(super) struct InFlightRecord {
    pub(super) key: KeyHash,
    /// What it was sent with last; none before the client had it.
    pub(super) send_time: Option<SendTime>,
    /// When its stage began, as far as that has a deadline.
    since: Instant,
    stage: RecordStage,
    /// Kept while it may have to be spooled, or sent again.
    record: Option<Record>,
    resends: u8,
    result: Option<RecordResult>,
    sender: Sender,
}

/// What the publisher has to do next: a step of the table ([`stage`]) with the record or the post
/// that it is done with.
#[must_use]
pub(super) enum FollowUp {
    Nothing,
    /// Record the outcome of a post whose sender left.
    End(PostOutcome, RecordResult),
    /// Append the record to the spool.
    Append(Record),
    /// Count the record at the gate, and append it to the spool.
    FallBack(Record),
}

enum Sender {
    Waits(Option<Waker>),
    /// The outcome is recorded when the result is known. Boxed: few leave, and else every entry
    /// would have room for one.
    Left(Box<PostOutcome>),
    /// Nobody waits for the result any more.
    Answered,
}

impl InFlightRecord {
    /// The record, while it is kept.
    pub(super) fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// When it was sent, unless it is known to be overdue, or is not on its way to Kafka alone.
    pub(super) fn sent_at(&self) -> Option<Instant> {
        (self.stage == RecordStage::Sent).then_some(self.since)
    }
}

impl InFlight {
    pub(super) fn new(fallback: Fallback) -> Self {
        Self { fallback, slab: Slab::default(), sent_order: VecDeque::default() }
    }

    /// A record enters at this stage; gives its ticket. It comes along unless it is appended.
    pub(super) fn insert(
        &mut self,
        stage: RecordStage,
        record: Option<Record>,
        since: Instant,
    ) -> Ticket {
        let key = record.as_ref().map_or_else(KeyHash::default, |record| KeyHash::of(record.key()));
        let (send_time, resends, result) = (None, 0, None);
        let sender = Sender::Waits(None);
        let entry =
            InFlightRecord { key, send_time, since, stage, record, resends, result, sender };
        let ticket = Ticket::of(self.slab.insert(entry));
        if stage == RecordStage::Sent {
            self.note_sent(since, ticket);
        }
        ticket
    }

    /// Its deadline runs from now on.
    fn note_sent(&mut self, now: Instant, ticket: Ticket) {
        self.sent_order.push_back((now, ticket));
        // One that is never reported would keep all behind it for the whole time-out.
        if self.sent_order.len() > SENT_ORDER_LEAST + 2 * self.slab.len() {
            let slab = &self.slab;
            self.sent_order.retain(|(since, ticket)| {
                slab.get(ticket.number()).is_some_and(|entry| entry.since == *since)
            });
        }
    }

    /// What is known of it.
    pub(super) fn get(&self, ticket: Ticket) -> &InFlightRecord {
        &self.slab[ticket.number()]
    }

    fn entry(&mut self, ticket: Ticket) -> &mut InFlightRecord {
        &mut self.slab[ticket.number()]
    }

    /// This happens to it now.
    pub(super) fn apply(&mut self, ticket: Ticket, event: RecordEvent, now: Instant) -> FollowUp {
        let entry = &mut self.slab[ticket.number()];
        let (stage, step) = entry.stage.after(event, self.fallback);
        entry.stage = stage;
        match step {
            StageStep::Wait => FollowUp::Nothing,
            StageStep::Settle(result) => self.settle(ticket, result),
            StageStep::Leave => {
                entry.since = now;
                self.note_sent(now, ticket);
                FollowUp::Nothing
            }
            StageStep::Append => {
                entry.since = now;
                entry.record.take().map_or(FollowUp::Nothing, FollowUp::Append)
            }
            StageStep::FallBack => {
                entry.since = now;
                entry.record.take().map_or(FollowUp::Nothing, FollowUp::FallBack)
            }
        }
    }

    /// It is sent with this time.
    pub(super) fn set_send_time(&mut self, ticket: Ticket, time: SendTime) {
        self.entry(ticket).send_time = Some(time);
    }

    /// It was refused for its time, or for a neighbour's, and is sent again with this one; says
    /// whether it may. Its deadline stays that of the first time.
    pub(super) fn resend(&mut self, ticket: Ticket, time: SendTime) -> bool {
        let entry = self.entry(ticket);
        let may = entry.stage == RecordStage::Sent && entry.resends < MAX_RESENDS;
        if may {
            entry.resends += 1;
            entry.send_time = Some(time);
        }
        may
    }

    /// The first proof wins; a failure counts only where no proof came.
    fn settle(&mut self, ticket: Ticket, result: RecordResult) -> FollowUp {
        let entry = self.entry(ticket);
        if !matches!(entry.result, Some(Ok(_))) {
            entry.result = Some(result);
            entry.record = None;
        }
        let follow_up = match mem::replace(&mut entry.sender, Sender::Answered) {
            Sender::Waits(waker) => {
                entry.sender = Sender::Waits(None);
                if let Some(waker) = waker {
                    waker.wake();
                }
                FollowUp::Nothing
            }
            Sender::Left(post) => FollowUp::End(*post, result),
            Sender::Answered => FollowUp::Nothing,
        };
        self.free(ticket);
        follow_up
    }

    /// The sender looks.
    pub(super) fn poll(&mut self, ticket: Ticket, cx: &Context<'_>) -> Poll<RecordResult> {
        if let Some(result) = self.take_result(ticket) {
            return Poll::Ready(result);
        }
        if let Sender::Waits(waker) = &mut self.entry(ticket).sender {
            match waker {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *waker = Some(cx.waker().clone()),
            }
        }
        Poll::Pending
    }

    /// The sender leaves.
    pub(super) fn abandon(&mut self, ticket: Ticket, post: PostOutcome) -> FollowUp {
        if let Some(result) = self.take_result(ticket) {
            return FollowUp::End(post, result);
        }
        self.entry(ticket).sender = Sender::Left(Box::new(post));
        FollowUp::Nothing
    }

    /// The result, once it is known: the sender has it then.
    fn take_result(&mut self, ticket: Ticket) -> Option<RecordResult> {
        let entry = self.entry(ticket);
        let result = entry.result?;
        entry.sender = Sender::Answered;
        self.free(ticket);
        Some(result)
    }

    /// Gives the ticket back once nothing can ask or report about it.
    fn free(&mut self, ticket: Ticket) {
        let entry = self.get(ticket);
        if entry.stage == RecordStage::Known(AwaitedReport::Nobody)
            && matches!(entry.sender, Sender::Answered)
        {
            self.slab.remove(ticket.number());
        }
    }

    /// How many reports are still to come, and senders to look.
    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }
}

#[cfg(test)]
mod tests;
