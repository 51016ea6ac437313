//! The records under way: who waits for each, since when, and what may still tell its fate.
//!
//! Promise: a flight has one fate, and its sender, or the account of a sender that left, is told
//! it once; the first proof wins, be it Kafka's ack or the disk's. A ticket is given anew only
//! when neither Kafka nor the disk can still report on it. A plain value without I/O; the
//! publisher feeds it.

mod again;
pub(super) mod next;

use crate::delivery::publisher::in_flight::next::{Landing, Late, Next};
use crate::delivery::publisher::accumulator::KeyHash;
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

/// Departures that are kept without a look at whether they have landed.
const DEPARTURES_LEAST: usize = 1024;

/// What is told of a record at the end.
pub(super) type Fate = Result<Place, Undelivered>;

/// All flights of one event loop.
pub(super) struct Flights {
    fallback: Fallback,
    slab: Slab<Flight>,
    /// Departures to Kafka in order of time; the front is the next to be late. Those that have
    /// landed meanwhile are dropped when they come to the front.
    departures: VecDeque<(Instant, usize)>,
}

/// What a record without an ack falls back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fallback {
    Disk,
    Nothing,
}

struct Flight {
    /// When it left for where it now is bound.
    since: Instant,
    kafka: Leg,
    disk: Leg,
    /// Kept until the fate is known: it may have to be spooled, or sent again.
    record: Option<Record>,
    key: KeyHash,
    /// What it was sent with last; none before it left.
    sent: Option<SendTime>,
    /// How often it was sent again.
    repeats: u8,
    fate: Option<Fate>,
    sender: Sender,
}

/// Whether a report is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leg {
    Open,
    Closed,
}

enum Sender {
    Waits(Option<Waker>),
    /// Its account is closed when the fate is known. Boxed: few leave, and else every flight would
    /// have room for one.
    Left(Box<Post>),
    /// Nobody is to be told any more.
    Told,
}

impl Flights {
    pub(super) fn new(fallback: Fallback) -> Self {
        Self { fallback, slab: Slab::default(), departures: VecDeque::default() }
    }

    /// A record is to leave for Kafka now.
    pub(super) fn depart(&mut self, now: Instant, record: Record) -> usize {
        let ticket = self.insert(now, Leg::Open, Leg::Closed, Some(record));
        self.note_departure(now, ticket);
        ticket
    }

    fn note_departure(&mut self, now: Instant, ticket: usize) {
        self.departures.push_back((now, ticket));
        // One that never lands would keep all that have landed behind it for the whole time-out.
        if self.departures.len() > DEPARTURES_LEAST + 2 * self.slab.len() {
            let slab = &self.slab;
            self.departures.retain(|(since, ticket)| {
                slab.get(*ticket).is_some_and(|flight| flight.since == *since)
            });
        }
    }

    /// A record leaves for the disk now.
    pub(super) fn append(&mut self, now: Instant) -> usize {
        self.insert(now, Leg::Closed, Leg::Open, None)
    }

    /// A record waits for the gate.
    pub(super) fn park(&mut self, now: Instant, record: Record) -> usize {
        self.insert(now, Leg::Closed, Leg::Closed, Some(record))
    }

    fn insert(&mut self, since: Instant, kafka: Leg, disk: Leg, record: Option<Record>) -> usize {
        let sender = Sender::Waits(None);
        let key = record.as_ref().map_or_else(KeyHash::default, |record| KeyHash::of(record.key()));
        let (sent, repeats, fate) = (None, 0, None);
        self.slab.insert(Flight { since, kafka, disk, record, key, sent, repeats, fate, sender })
    }

    /// The gate lets a parked record go to Kafka now.
    pub(super) fn release(&mut self, ticket: usize, now: Instant) {
        let flight = &mut self.slab[ticket];
        (flight.since, flight.kafka) = (now, Leg::Open);
        self.note_departure(now, ticket);
    }

    /// The gate sends a parked record to the disk.
    pub(super) fn divert(&mut self, ticket: usize, now: Instant) -> Option<Record> {
        let flight = &mut self.slab[ticket];
        (flight.since, flight.disk) = (now, Leg::Open);
        flight.record.take()
    }

    /// The record, while it is kept.
    pub(super) fn record(&self, ticket: usize) -> Option<&Record> {
        self.slab[ticket].record.as_ref()
    }

    /// The key as the outbox knows it.
    pub(super) fn key(&self, ticket: usize) -> KeyHash {
        self.slab[ticket].key
    }

    /// It did not leave for Kafka after all, and goes nowhere else.
    pub(super) fn ground(&mut self, ticket: usize, undelivered: Undelivered) -> Next {
        self.slab[ticket].kafka = Leg::Closed;
        self.decide(ticket, Err(undelivered))
    }

    /// Kafka's report came, or none will.
    pub(super) fn land(&mut self, ticket: usize, acked: Fate, now: Instant) -> Landing {
        let flight = &mut self.slab[ticket];
        flight.kafka = Leg::Closed;
        let late = flight.fate.is_some() || flight.disk == Leg::Open;
        let on_time = (!late).then_some(flight.since);
        let next = match acked {
            Ok(place) => self.decide(ticket, Ok(place)),
            Err(why) => self.fall_back(ticket, why, now),
        };
        Landing { on_time, next }
    }

    /// The disk's report came.
    pub(super) fn store(&mut self, ticket: usize, stored: Fate) -> Next {
        self.slab[ticket].disk = Leg::Closed;
        self.decide(ticket, stored)
    }

    /// No ack came: the disk's turn, if there is one and it has not had it.
    fn fall_back(&mut self, ticket: usize, why: Undelivered, now: Instant) -> Next {
        let flight = &mut self.slab[ticket];
        match (flight.fate, flight.record.take()) {
            (None, Some(record)) if self.fallback == Fallback::Disk => {
                (flight.since, flight.disk) = (now, Leg::Open);
                Next::Spool(record)
            }
            (None, _) if flight.disk == Leg::Open => Next::Nothing,
            (_, _) => self.decide(ticket, Err(why)),
        }
    }

    /// The first proof wins; a failure counts only where no proof came.
    fn decide(&mut self, ticket: usize, fate: Fate) -> Next {
        let flight = &mut self.slab[ticket];
        if !matches!(flight.fate, Some(Ok(_))) {
            flight.fate = Some(fate);
            flight.record = None;
        }
        let next = match mem::replace(&mut flight.sender, Sender::Told) {
            Sender::Waits(waker) => {
                flight.sender = Sender::Waits(None);
                if let Some(waker) = waker {
                    waker.wake();
                }
                Next::Nothing
            }
            Sender::Left(post) => Next::Close(*post, fate),
            Sender::Told => Next::Nothing,
        };
        self.retire(ticket);
        next
    }

    /// The sender looks.
    pub(super) fn poll(&mut self, ticket: usize, cx: &Context<'_>) -> Poll<Fate> {
        let flight = &mut self.slab[ticket];
        if let Some(fate) = flight.fate {
            flight.sender = Sender::Told;
            self.retire(ticket);
            return Poll::Ready(fate);
        }
        if let Sender::Waits(waker) = &mut flight.sender {
            match waker {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *waker = Some(cx.waker().clone()),
            }
        }
        Poll::Pending
    }

    /// The sender leaves.
    pub(super) fn abandon(&mut self, ticket: usize, post: Post) -> Next {
        let flight = &mut self.slab[ticket];
        if let Some(fate) = flight.fate {
            flight.sender = Sender::Told;
            self.retire(ticket);
            return Next::Close(post, fate);
        }
        flight.sender = Sender::Left(Box::new(post));
        Next::Nothing
    }

    /// Gives the ticket back once nothing can ask or report about it.
    fn retire(&mut self, ticket: usize) {
        let flight = &self.slab[ticket];
        let over = (flight.kafka, flight.disk) == (Leg::Closed, Leg::Closed);
        if over && matches!(flight.sender, Sender::Told) {
            self.slab.remove(ticket);
        }
    }

    /// One flight whose ack is `timeout` late: it goes to the disk, or its sender is told. A sender
    /// that left without a disk behind it has time until the report.
    pub(super) fn next_late(&mut self, now: Instant, timeout: Duration) -> Option<Late> {
        while let Some((since, ticket)) = self.departures.front().copied()
            && since + timeout <= now
        {
            self.departures.pop_front();
            let Some(flight) = self.slab.get(ticket) else { continue };
            let open = flight.since == since && flight.kafka == Leg::Open && flight.fate.is_none();
            let to_disk = self.fallback == Fallback::Disk && flight.record.is_some();
            if open && (to_disk || matches!(flight.sender, Sender::Waits(_))) {
                let next = self.fall_back(ticket, Undelivered::Late, now);
                return Some(Late { ticket, since, next });
            }
        }
        None
    }

    /// When the next flight was handed to Kafka that somebody may still wait for.
    pub(super) fn earliest_departure(&mut self) -> Option<Instant> {
        while let Some((since, ticket)) = self.departures.front().copied() {
            if self.slab.get(ticket).is_some_and(|flight| flight.since == since) {
                return Some(since);
            }
            self.departures.pop_front();
        }
        None
    }

    /// Tells all who have waited for the disk longer than `patience`; gives how many.
    pub(super) fn give_up_on_disk(&mut self, now: Instant, patience: Duration) -> usize {
        let stuck = |flight: &Flight| {
            flight.disk == Leg::Open
                && flight.fate.is_none()
                && flight.since + patience <= now
                && matches!(flight.sender, Sender::Waits(_))
        };
        let tickets: Vec<usize> =
            self.slab.iter().filter(|(_, flight)| stuck(flight)).map(|(t, _)| t).collect();
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
