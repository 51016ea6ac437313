//! Posts of which no time was taken that is known: the broker is asked which it takes.
//!
//! Promise: one question at a time, off the event loop, since librdkafka blocks for it; each post waits
//! for no more than its deadline. Where the broker does not say, posts go by guesses, and for a while
//! without a question.

use crate::delivery::kafka::fault::Fault;
use crate::delivery::kafka::time_question;
use crate::delivery::publisher::{Lane, Publisher};
use crate::delivery::record_times::time_span::TimeSpan;
use crate::delivery::record_times::topic_times::Next;
use crate::delivery::undelivered::Undelivered;
use std::mem;
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, spawn_blocking};

/// Behind a question that came to nothing.
const REST: Duration = Duration::from_secs(5);

/// The question that is under way.
pub(super) type Asking = Option<JoinHandle<Option<TimeSpan>>>;

/// Who waits for the answer.
#[derive(Debug, Default)]
pub(super) struct Untimely {
    /// With why each was refused.
    tickets: Vec<(usize, Fault)>,
    rest_until: Option<Instant>,
}

impl Untimely {
    /// Whether anybody waits.
    pub(super) fn asks(&self) -> bool {
        !self.tickets.is_empty()
    }
}

impl Publisher {
    /// The record waits for the answer to a question, or goes by a guess where one has just come to
    /// nothing; says whether either may help.
    pub(super) fn ask_or_guess(&self, lane: &mut Lane, ticket: usize, fault: Fault) -> bool {
        if lane.untimely.rest_until.is_some_and(|until| Instant::now() < until) {
            return self.guess(lane, ticket);
        }
        lane.untimely.tickets.push((ticket, fault));
        true
    }

    /// Sends a record again as if no broker said which times it takes; says whether it may.
    fn guess(&self, lane: &mut Lane, ticket: usize) -> bool {
        let known = lane.flights.record(ticket).zip(lane.flights.sent(ticket));
        let next = known.map(|(record, sent)| self.topic.times.again(record, sent.unanswered()));
        match next {
            Some(Next::Time(time)) => self.leave_again(lane, ticket, time),
            Some(Next::Ask | Next::Nothing) | None => false,
        }
    }

    /// Asks with the first record that is still kept.
    pub(super) fn ask_times(&self) -> Asking {
        let lane = self.lock();
        let known = lane.untimely.tickets.iter().find_map(|(ticket, _)| {
            lane.flights.record(*ticket).cloned().zip(lane.flights.sent(*ticket))
        });
        drop(lane);
        let Some((record, sent)) = known else {
            self.heed_told(None);
            return None;
        };
        let (settings, placement) =
            (self.settings.clone(), self.topic.placement(&record, Some(sent)));
        Some(spawn_blocking(move || time_question::ask(&settings, &record, placement)))
    }

    /// Sends on, with a time that is taken, those who have waited.
    pub(super) fn heed_told(&self, span: Option<TimeSpan>) {
        let now = Instant::now();
        let mut lane = self.lock();
        lane.untimely.rest_until = span.is_none().then_some(now + REST);
        let tickets = mem::take(&mut lane.untimely.tickets);
        drop(lane);
        for (ticket, fault) in tickets {
            let mut lane = self.lock();
            let sent = lane.flights.sent(ticket);
            let leaves = match span.zip(sent) {
                Some((span, sent)) => self.leave_again(&mut lane, ticket, sent.inside(span)),
                None => self.guess(&mut lane, ticket),
            };
            if leaves {
                continue;
            }
            let next = lane.flights.land(ticket, Err(Undelivered::Failed(fault)), now).next;
            drop(lane);
            self.follow(ticket, next);
        }
    }
}

/// The answer to the question that is under way; none comes while there is none. Cancel-safe.
pub(super) async fn told(asking: &mut Asking) -> Option<TimeSpan> {
    let Some(asked) = asking else { return std::future::pending().await };
    let span = asked.await.ok().flatten();
    *asking = None;
    span
}
