//! Posts of which no time was taken that is known: the broker is asked which it takes.
//!
//! Promise: one question at a time, off the event loop, since librdkafka blocks for it; each post waits
//! for no more than its deadline. Where the broker does not say, posts go by guesses, and for a while
//! without a question.

use crate::delivery::kafka::delivery_error::DeliveryError;
use crate::delivery::kafka::question::Question;
use crate::delivery::kafka::time_question;
use crate::delivery::publisher::in_flight::stage::RecordEvent;
use crate::delivery::publisher::{Publisher, PublisherState};
use crate::delivery::record_times::time_span::TimeSpan;
use crate::delivery::ticket::Ticket;
use crate::delivery::undelivered::Undelivered;
use std::mem;
use std::time::{Duration, Instant};

/// Behind a question that came to nothing.
const REST: Duration = Duration::from_secs(5);

/// Who waits for the answer.
#[derive(Debug, Default)]
pub(super) struct Untimely {
    /// With why each was refused.
    tickets: Vec<(Ticket, DeliveryError)>,
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
    pub(super) fn ask_or_guess(
        &self,
        state: &mut PublisherState,
        ticket: Ticket,
        error: DeliveryError,
    ) -> bool {
        if state.untimely.rest_until.is_some_and(|until| Instant::now() < until) {
            return self.guess(state, ticket);
        }
        state.untimely.tickets.push((ticket, error));
        true
    }

    /// Sends a record again as if no broker said which times it takes; says whether it may.
    fn guess(&self, state: &mut PublisherState, ticket: Ticket) -> bool {
        let entry = state.in_flight.get(ticket);
        let known = entry.record().zip(entry.send_time);
        let next = known.and_then(|(record, sent)| self.topic.times.guess(record, sent));
        next.is_some_and(|time| self.resend(state, ticket, time))
    }

    /// Asks with the first record that is still kept.
    pub(super) fn ask_times(&self, question: &mut Question<Option<TimeSpan>>) {
        let state = self.state.lock();
        let known = state.untimely.tickets.iter().find_map(|(ticket, _)| {
            let entry = state.in_flight.get(*ticket);
            entry.record().cloned().zip(entry.send_time)
        });
        drop(state);
        let Some((record, sent)) = known else {
            return self.heed_answer(None);
        };
        let (settings, placement) =
            (self.settings.clone(), self.topic.placement(&record, Some(sent)));
        question.ask(move || time_question::ask(&settings, &record, placement));
    }

    /// Sends on, with a time that is taken, those who have waited.
    pub(super) fn heed_answer(&self, span: Option<TimeSpan>) {
        let now = Instant::now();
        let mut state = self.state.lock();
        state.untimely.rest_until = span.is_none().then_some(now + REST);
        let tickets = mem::take(&mut state.untimely.tickets);
        drop(state);
        for (ticket, error) in tickets {
            let mut state = self.state.lock();
            let sent = state.in_flight.get(ticket).send_time;
            let leaves = match span.zip(sent) {
                Some((span, sent)) => self.resend(&mut state, ticket, sent.inside(span)),
                None => self.guess(&mut state, ticket),
            };
            if leaves {
                continue;
            }
            let event = RecordEvent::Reported(Err(Undelivered::Failed(error)));
            let follow_up = state.in_flight.apply(ticket, event, now);
            drop(state);
            self.perform(ticket, follow_up);
        }
    }
}
