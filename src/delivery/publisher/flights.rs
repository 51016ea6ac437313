//! The records under way to Kafka: who waits for each, and since when.
//!
//! Promise: every flight ends with its report, and only then is its ticket given anew; whoever
//! waits is told by the deadline. A plain value without I/O; the publisher feeds it.

use crate::delivery::kafka::producer::Acked;
use crate::delivery::publisher::Undelivered;
use crate::post::Post;
use slab::Slab;
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Departures that are kept without a look at whether they have landed.
const DEPARTURES_LEAST: usize = 1024;

/// What is told of a record at the end.
pub(super) type Fate = Result<Acked, Undelivered>;

/// All flights of one event loop.
#[derive(Default)]
pub(super) struct Flights {
    flights: Slab<Flight>,
    /// Departures in order of time; the front is the next to be late. Those that have landed
    /// meanwhile are dropped when they come to the front.
    departures: VecDeque<(Instant, usize)>,
}

struct Flight {
    since: Instant,
    state: State,
}

enum State {
    /// The sender waits.
    Waiting(Option<Waker>),
    /// The report is here; the sender has not looked yet.
    Landed(Fate),
    /// The deadline has passed; the sender has not looked yet.
    Late,
    /// The sender was told that there was no ack; only the report is still to come.
    GivenUp,
    /// The sender left; its account is closed by the report.
    Orphan(Post),
}

/// A report was taken in.
pub(super) struct Landing {
    /// When its record was handed over, unless it was known to be late already.
    pub(super) on_time: Option<Instant>,
    /// The account to close, where the sender had left.
    pub(super) orphan: Option<Post>,
}

impl Flights {
    /// A record leaves now; the ticket names it until its report has come.
    pub(super) fn depart(&mut self, now: Instant) -> usize {
        let ticket = self.flights.insert(Flight { since: now, state: State::Waiting(None) });
        // One that never lands would keep all that have landed behind it for the whole time-out.
        if self.departures.len() > DEPARTURES_LEAST + 2 * self.flights.len() {
            let flights = &self.flights;
            self.departures.retain(|(since, ticket)| {
                flights.get(*ticket).is_some_and(|flight| flight.since == *since)
            });
        }
        self.departures.push_back((now, ticket));
        ticket
    }

    /// It did not leave after all.
    pub(super) fn cancel(&mut self, ticket: usize) {
        self.flights.remove(ticket);
        self.departures.pop_back();
    }

    /// The report came.
    pub(super) fn land(&mut self, ticket: usize, fate: Fate) -> Landing {
        let flight = &mut self.flights[ticket];
        let since = flight.since;
        match std::mem::replace(&mut flight.state, State::Landed(fate)) {
            State::Waiting(waker) => {
                if let Some(waker) = waker {
                    waker.wake();
                }
                Landing { on_time: Some(since), orphan: None }
            }
            State::Late => Landing { on_time: None, orphan: None },
            State::GivenUp => {
                self.flights.remove(ticket);
                Landing { on_time: None, orphan: None }
            }
            State::Orphan(post) => {
                self.flights.remove(ticket);
                Landing { on_time: Some(since), orphan: Some(post) }
            }
            State::Landed(_) => unreachable!("a record has one report"),
        }
    }

    /// The sender looks.
    pub(super) fn poll(&mut self, ticket: usize, cx: &Context<'_>) -> Poll<Fate> {
        let flight = &mut self.flights[ticket];
        match &mut flight.state {
            State::Waiting(waker) => {
                match waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => *waker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            State::Landed(fate) => {
                let fate = *fate;
                self.flights.remove(ticket);
                Poll::Ready(fate)
            }
            State::Late => {
                flight.state = State::GivenUp;
                Poll::Ready(Err(Undelivered::Unavailable))
            }
            State::GivenUp | State::Orphan(_) => unreachable!("nobody waits any more"),
        }
    }

    /// The sender leaves. Its account comes back with its fate, if that is known.
    pub(super) fn abandon(&mut self, ticket: usize, post: Post) -> Option<(Post, Fate)> {
        let flight = &mut self.flights[ticket];
        if let State::Landed(fate) = flight.state {
            self.flights.remove(ticket);
            return Some((post, fate));
        }
        flight.state = State::Orphan(post);
        None
    }

    /// Tells all senders whose records left `timeout` ago; gives the earliest such departure.
    pub(super) fn expire(&mut self, now: Instant, timeout: Duration) -> Option<Instant> {
        let mut earliest = None;
        while let Some((since, ticket)) = self.departures.front().copied()
            && since + timeout <= now
        {
            self.departures.pop_front();
            if let Some(flight) = self.flights.get_mut(ticket)
                && flight.since == since
                && let State::Waiting(waker) = &mut flight.state
            {
                if let Some(waker) = waker.take() {
                    waker.wake();
                }
                flight.state = State::Late;
                earliest = earliest.or(Some(since));
            }
        }
        earliest
    }

    /// When the next flight was handed over that somebody may still wait for.
    pub(super) fn earliest_departure(&mut self) -> Option<Instant> {
        while let Some((since, ticket)) = self.departures.front().copied() {
            if self.flights.get(ticket).is_some_and(|flight| flight.since == since) {
                return Some(since);
            }
            self.departures.pop_front();
        }
        None
    }

    /// How many reports are still to come, and senders to look.
    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Build, Metrics};
    use std::sync::Arc;

    const TIMEOUT: Duration = Duration::from_millis(2500);
    const ACKED: Fate = Ok(Acked { partition: 1, offset: 2 });
    const TOLD: Poll<Fate> = Poll::Ready(Err(Undelivered::Unavailable));

    fn post() -> Post {
        let build = Build { version: "0", commit: "0", librdkafka: "0".to_owned() };
        Post::open(&Arc::new(Metrics::new(&build)))
    }

    fn look(flights: &mut Flights, ticket: usize) -> Poll<Fate> {
        flights.poll(ticket, &Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_sender_is_told_its_fate_and_the_ticket_is_free_again() {
        let mut flights = Flights::default();
        let ticket = flights.depart(Instant::now());
        assert_eq!(look(&mut flights, ticket), Poll::Pending);
        flights.land(ticket, ACKED);
        assert_eq!(look(&mut flights, ticket), Poll::Ready(ACKED));
        assert_eq!(flights.len(), 0);
    }

    #[test]
    fn a_late_sender_is_told_by_the_deadline_and_the_report_is_still_awaited() {
        let (mut flights, start) = (Flights::default(), Instant::now());
        let ticket = flights.depart(start);
        assert_eq!(flights.expire(start + TIMEOUT / 2, TIMEOUT), None);
        assert_eq!(flights.expire(start + TIMEOUT, TIMEOUT), Some(start));
        assert_eq!(look(&mut flights, ticket), TOLD);
        assert_eq!(flights.len(), 1);
        assert!(flights.land(ticket, ACKED).orphan.is_none());
        assert_eq!(flights.len(), 0);
    }

    #[test]
    fn an_ack_between_the_deadline_and_the_look_still_counts() {
        let (mut flights, start) = (Flights::default(), Instant::now());
        let ticket = flights.depart(start);
        flights.expire(start + TIMEOUT, TIMEOUT);
        flights.land(ticket, ACKED);
        assert_eq!(look(&mut flights, ticket), Poll::Ready(ACKED));
    }

    #[test]
    fn the_account_of_a_sender_that_left_is_closed_by_the_report() {
        let mut flights = Flights::default();
        let ticket = flights.depart(Instant::now());
        assert!(flights.abandon(ticket, post()).is_none());
        let post = flights.land(ticket, ACKED).orphan.expect("the account comes back");
        post.close(crate::metrics::Outcome::Published);
        assert_eq!(flights.len(), 0);
    }

    #[test]
    fn a_sender_that_leaves_after_the_report_gets_its_account_back() {
        let mut flights = Flights::default();
        let ticket = flights.depart(Instant::now());
        flights.land(ticket, ACKED);
        let (_post, fate) = flights.abandon(ticket, post()).expect("the fate is known");
        assert_eq!(fate, ACKED);
        assert_eq!(flights.len(), 0);
    }

    #[test]
    fn a_ticket_given_anew_is_not_late_by_its_forerunner_s_departure() {
        let (mut flights, start) = (Flights::default(), Instant::now());
        let first = flights.depart(start);
        flights.land(first, ACKED);
        assert_eq!(look(&mut flights, first), Poll::Ready(ACKED));
        let later = start + TIMEOUT / 2;
        let second = flights.depart(later);
        assert_eq!(second, first);
        assert_eq!(flights.expire(start + TIMEOUT, TIMEOUT), None);
        assert_eq!(flights.earliest_departure(), Some(later));
    }
}
