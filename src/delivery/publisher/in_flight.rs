//! The records under way: who waits for each, since when, and what may still tell its delivery.
//!
//! Promise: a entry has one delivery, and its sender, or the account of a sender that left, is answer
//! it once; the first proof wins, be it Kafka's ack or the disk's. A ticket is given anew only
//! when neither Kafka nor the disk can still report on it. A plain value without I/O; the
//! publisher feeds it.

mod again;
pub(super) mod next;

use crate::delivery::publisher::accumulator::KeyHash;
use crate::delivery::publisher::in_flight::next::{Action, Overdue, Reported};
use crate::delivery::receipt::Place;
use crate::delivery::record::Record;
use crate::delivery::record_times::topic_times::SendTime;
use crate::delivery::undelivered::Undelivered;
use crate::post::Post;
use slab::Slab;
use std::collections::VecDeque;
use std::mem;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Departures that are kept without a look at whether they have completed.
const SENT_ORDER_LEAST: usize = 1024;

/// What is answer of a record at the end.
pub(super) type DeliveryResult = Result<Place, Undelivered>;

/// All in_flight of one event loop.
pub(super) struct InFlight {
    fallback: Fallback,
    slab: Slab<InFlightRecord>,
    /// Departures to Kafka in order of time; the front is the next to be late. Those that have
    /// completed meanwhile are dropped when they come to the front.
    sent_order: VecDeque<(Instant, usize)>,
}

/// What a record without an ack falls back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fallback {
    Disk,
    Nothing,
}

struct InFlightRecord {
    /// When it left for where it now is bound.
    since: Instant,
    kafka: Attempt,
    disk: Attempt,
    /// Kept until the delivery is known: it may have to be spooled, or sent again.
    record: Option<Record>,
    key: KeyHash,
    /// What it was sent with last; none before it left.
    sent: Option<SendTime>,
    /// How often it was sent again.
    resends: u8,
    delivery: Option<DeliveryResult>,
    sender: Sender,
}

/// Whether a report is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Open,
    Closed,
}

enum Sender {
    Waits(Option<Waker>),
    /// Its account is closed when the delivery is known. Boxed: few leave, and else every entry would
    /// have room for one.
    Left(Box<Post>),
    /// Nobody is to be answer any more.
    Answered,
}

impl InFlight {
    pub(super) fn new(fallback: Fallback) -> Self {
        Self { fallback, slab: Slab::default(), sent_order: VecDeque::default() }
    }

    /// A record is to leave for Kafka now.
    pub(super) fn send(&mut self, now: Instant, record: Record) -> usize {
        let ticket = self.insert(now, Attempt::Open, Attempt::Closed, Some(record));
        self.note_sent_at(now, ticket);
        ticket
    }

    fn note_sent_at(&mut self, now: Instant, ticket: usize) {
        self.sent_order.push_back((now, ticket));
        // One that never lands would keep all that have completed behind it for the whole time-out.
        if self.sent_order.len() > SENT_ORDER_LEAST + 2 * self.slab.len() {
            let slab = &self.slab;
            self.sent_order.retain(|(since, ticket)| {
                slab.get(*ticket).is_some_and(|entry| entry.since == *since)
            });
        }
    }

    /// A record leaves for the disk now.
    pub(super) fn append(&mut self, now: Instant) -> usize {
        self.insert(now, Attempt::Closed, Attempt::Open, None)
    }

    /// A record waits for the gate.
    pub(super) fn park(&mut self, now: Instant, record: Record) -> usize {
        self.insert(now, Attempt::Closed, Attempt::Closed, Some(record))
    }

    fn insert(
        &mut self,
        since: Instant,
        kafka: Attempt,
        disk: Attempt,
        record: Option<Record>,
    ) -> usize {
        let sender = Sender::Waits(None);
        let key = record.as_ref().map_or_else(KeyHash::default, |record| KeyHash::of(record.key()));
        let (sent, resends, delivery) = (None, 0, None);
        self.slab.insert(InFlightRecord {
            since,
            kafka,
            disk,
            record,
            key,
            sent,
            resends,
            delivery,
            sender,
        })
    }

    /// The gate lets a parked record go to Kafka now.
    pub(super) fn send_parked(&mut self, ticket: usize, now: Instant) {
        let entry = &mut self.slab[ticket];
        (entry.since, entry.kafka) = (now, Attempt::Open);
        self.note_sent_at(now, ticket);
    }

    /// The gate sends a parked record to the disk.
    pub(super) fn append_parked(&mut self, ticket: usize, now: Instant) -> Option<Record> {
        let entry = &mut self.slab[ticket];
        (entry.since, entry.disk) = (now, Attempt::Open);
        entry.record.take()
    }

    /// The record, while it is kept.
    pub(super) fn record(&self, ticket: usize) -> Option<&Record> {
        self.slab[ticket].record.as_ref()
    }

    /// The key as the accumulator knows it.
    pub(super) fn key(&self, ticket: usize) -> KeyHash {
        self.slab[ticket].key
    }

    /// It did not leave for Kafka after all, and goes nowhere else.
    pub(super) fn refused(&mut self, ticket: usize, undelivered: Undelivered) -> Action {
        self.slab[ticket].kafka = Attempt::Closed;
        self.decide(ticket, Err(undelivered))
    }

    /// Kafka's report came, or none will.
    pub(super) fn reported(
        &mut self,
        ticket: usize,
        acked: DeliveryResult,
        now: Instant,
    ) -> Reported {
        let entry = &mut self.slab[ticket];
        entry.kafka = Attempt::Closed;
        let late = entry.delivery.is_some() || entry.disk == Attempt::Open;
        let on_time = (!late).then_some(entry.since);
        let next = match acked {
            Ok(place) => self.decide(ticket, Ok(place)),
            Err(why) => self.fall_back(ticket, why, now),
        };
        Reported { on_time, next }
    }

    /// The disk's report came.
    pub(super) fn spooled(&mut self, ticket: usize, stored: DeliveryResult) -> Action {
        self.slab[ticket].disk = Attempt::Closed;
        self.decide(ticket, stored)
    }

    /// No ack came: the disk's turn, if there is one and it has not had it.
    fn fall_back(&mut self, ticket: usize, why: Undelivered, now: Instant) -> Action {
        let entry = &mut self.slab[ticket];
        match (entry.delivery, entry.record.take()) {
            (None, Some(record)) if self.fallback == Fallback::Disk => {
                (entry.since, entry.disk) = (now, Attempt::Open);
                Action::Append(record)
            }
            (None, _) if entry.disk == Attempt::Open => Action::Nothing,
            (_, _) => self.decide(ticket, Err(why)),
        }
    }

    /// The first proof wins; a failure counts only where no proof came.
    fn decide(&mut self, ticket: usize, delivery: DeliveryResult) -> Action {
        let entry = &mut self.slab[ticket];
        if !matches!(entry.delivery, Some(Ok(_))) {
            entry.delivery = Some(delivery);
            entry.record = None;
        }
        let next = match mem::replace(&mut entry.sender, Sender::Answered) {
            Sender::Waits(waker) => {
                entry.sender = Sender::Waits(None);
                if let Some(waker) = waker {
                    waker.wake();
                }
                Action::Nothing
            }
            Sender::Left(post) => Action::CloseAccount(*post, delivery),
            Sender::Answered => Action::Nothing,
        };
        self.free(ticket);
        next
    }

    /// The sender looks.
    pub(super) fn poll(&mut self, ticket: usize, cx: &Context<'_>) -> Poll<DeliveryResult> {
        let entry = &mut self.slab[ticket];
        if let Some(delivery) = entry.delivery {
            entry.sender = Sender::Answered;
            self.free(ticket);
            return Poll::Ready(delivery);
        }
        if let Sender::Waits(waker) = &mut entry.sender {
            match waker {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *waker = Some(cx.waker().clone()),
            }
        }
        Poll::Pending
    }

    /// The sender leaves.
    pub(super) fn abandon(&mut self, ticket: usize, post: Post) -> Action {
        let entry = &mut self.slab[ticket];
        if let Some(delivery) = entry.delivery {
            entry.sender = Sender::Answered;
            self.free(ticket);
            return Action::CloseAccount(post, delivery);
        }
        entry.sender = Sender::Left(Box::new(post));
        Action::Nothing
    }

    /// Gives the ticket back once nothing can ask or report about it.
    fn free(&mut self, ticket: usize) {
        let entry = &self.slab[ticket];
        let over = (entry.kafka, entry.disk) == (Attempt::Closed, Attempt::Closed);
        if over && matches!(entry.sender, Sender::Answered) {
            self.slab.remove(ticket);
        }
    }

    /// One entry whose ack is `timeout` late: it goes to the disk, or its sender is answer. A sender
    /// that left without a disk behind it has time until the report.
    pub(super) fn next_overdue(&mut self, now: Instant, timeout: Duration) -> Option<Overdue> {
        while let Some((since, ticket)) = self.sent_order.front().copied()
            && since + timeout <= now
        {
            self.sent_order.pop_front();
            let Some(entry) = self.slab.get(ticket) else { continue };
            let open =
                entry.since == since && entry.kafka == Attempt::Open && entry.delivery.is_none();
            let to_disk = self.fallback == Fallback::Disk && entry.record.is_some();
            if open && (to_disk || matches!(entry.sender, Sender::Waits(_))) {
                let next = self.fall_back(ticket, Undelivered::Late, now);
                return Some(Overdue { ticket, since, next });
            }
        }
        None
    }

    /// When the next entry was handed to Kafka that somebody may still wait for.
    pub(super) fn earliest_sent(&mut self) -> Option<Instant> {
        while let Some((since, ticket)) = self.sent_order.front().copied() {
            if self.slab.get(ticket).is_some_and(|entry| entry.since == since) {
                return Some(since);
            }
            self.sent_order.pop_front();
        }
        None
    }

    /// Tells all who have waited for the disk longer than `timeout`; gives how many.
    pub(super) fn time_out_spool(&mut self, now: Instant, timeout: Duration) -> usize {
        let stuck = |entry: &InFlightRecord| {
            entry.disk == Attempt::Open
                && entry.delivery.is_none()
                && entry.since + timeout <= now
                && matches!(entry.sender, Sender::Waits(_))
        };
        let tickets: Vec<usize> =
            self.slab.iter().filter(|(_, entry)| stuck(entry)).map(|(t, _)| t).collect();
        for ticket in &tickets {
            // A sender that waits has its account itself: there is nothing to do next.
            drop(self.decide(*ticket, Err(Undelivered::DiskSilent)));
        }
        tickets.len()
    }

    /// How many reports are still to come, and senders to look.
    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }
}

#[cfg(test)]
mod tests;
