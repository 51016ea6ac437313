//! What the publisher's loop does when reports come, or do not come in time.

use crate::delivery::gate::admission::Way;
use crate::delivery::kafka::delivery_error::{DeliveryError, Meaning};
use crate::delivery::kafka::producer::DeliveryReport;
use crate::delivery::kafka::question::Question;
use crate::delivery::publisher::in_flight::stage::RecordEvent;
use crate::delivery::publisher::{Publisher, PublisherState, SPOOL_TIMEOUT};
use crate::delivery::record_times::time_span::TimeSpan;
use crate::delivery::record_times::{Retry, SendTime};
use crate::delivery::ticket::Ticket;
use crate::delivery::undelivered::Undelivered;
use std::mem;
use std::time::{Duration, Instant};

/// What the reports of one turn say together.
#[derive(Default)]
struct Batch {
    acked: u64,
    /// The last time that a record was acked with.
    acked_time: Option<SendTime>,
    /// A record that may not be on Kafka, and when it was sent.
    unacked: Option<(Instant, DeliveryError)>,
    /// The last refusal, and when its record was sent, as far as that counts.
    refused: Option<(Option<Instant>, DeliveryError)>,
    refusals: u64,
}

impl Batch {
    fn failed(&mut self, error: DeliveryError, sent_at: Option<Instant>) {
        match error.meaning {
            Meaning::Unacked => self.unacked = sent_at.map(|at| (at, error)).or(self.unacked),
            // The brokers are there, and the record may be innocent.
            Meaning::NotProof | Meaning::Refused => {
                self.refusals += 1;
                self.refused = Some((sent_at, error));
            }
            Meaning::Innocent | Meaning::Local => {}
        }
    }
}

impl Publisher {
    /// Takes in Kafka's reports, and asks for a time that is taken where none is known.
    pub(super) fn take_in(
        &self,
        reports: &mut Vec<DeliveryReport>,
        times: &mut Question<Option<TimeSpan>>,
    ) {
        let now = Instant::now();
        let mut batch = Batch::default();
        let mut state = self.state.lock();
        for DeliveryReport { ticket, result } in reports.drain(..) {
            let entry = state.in_flight.get(ticket);
            let (key, sent, sent_at) = (entry.key, entry.send_time, entry.sent_at());
            state.accumulator.completed(key);
            if let Err(error) = result
                && self.send_again(&mut state, ticket, error)
            {
                continue;
            }
            let reported = RecordEvent::Reported(result.map_err(Undelivered::Failed));
            let follow_up = state.in_flight.apply(ticket, reported, now);
            match result {
                Ok(_) => {
                    batch.acked += 1;
                    if let Some(sent) = sent {
                        batch.acked_time = Some(sent);
                        if sent.is_another() {
                            self.topic.times.acked(&self.topic.name, sent);
                        }
                    }
                    if let Some(since) = sent_at {
                        let took = now.saturating_duration_since(since);
                        self.metrics.ack_seconds.observe(took.as_secs_f64());
                    }
                }
                Err(error) => batch.failed(error, sent_at),
            }
            self.perform(ticket, follow_up);
        }
        if batch.acked > 0 {
            state.renewal.acked();
        } else if batch.unacked.is_some() {
            state.renewal.failed(now);
        }
        let asks = state.untimely.asks();
        if let Some((_, error)) = batch.refused
            && let Some(before) = state.refused.note_all(batch.refusals, now)
        {
            let records = before + batch.refusals;
            tracing::warn!(%error, records, "batches were refused");
        }
        drop(state);
        self.heed(&batch);
        if asks && !times.is_asked() {
            self.ask_times(times);
        }
    }

    /// What a batch says of the topic and of Kafka.
    fn heed(&self, batch: &Batch) {
        if batch.refused.is_some_and(|(_, error)| error.is_about_size()) {
            self.topic.limit.doubt();
        }
        if let Some(sent) = batch.acked_time {
            self.topic.times.acked(&self.topic.name, sent);
        }
        if batch.acked > 0 {
            self.availability.acked();
        }
        if let Some((since, error)) = batch.unacked {
            self.availability.unacked(since, &error.to_string());
        }
        // Whoever sends what is too large says nothing of other posts.
        if let Some((Some(since), error)) = batch.refused
            && !error.is_about_size()
        {
            self.availability.refused(since, &error.to_string());
        }
    }

    /// A record that was refused for its time, or for a neighbour's error, leaves again; says
    /// whether it does.
    fn send_again(&self, state: &mut PublisherState, ticket: Ticket, error: DeliveryError) -> bool {
        let entry = state.in_flight.get(ticket);
        let Some((sent, record)) = entry.send_time.zip(entry.record()) else {
            return false;
        };
        let next = match error.meaning {
            Meaning::Innocent => Retry::Time(sent),
            Meaning::NotProof if error.may_be_about_time() => self.topic.times.again(record, sent),
            Meaning::NotProof | Meaning::Refused | Meaning::Unacked | Meaning::Local => {
                Retry::Nothing
            }
        };
        match next {
            Retry::Time(time) => self.resend(state, ticket, time),
            Retry::Ask => self.ask_or_guess(state, ticket, error),
            Retry::Nothing => false,
        }
    }

    /// Sends a record again with this time, if it still may be; says whether it does.
    pub(super) fn resend(
        &self,
        state: &mut PublisherState,
        ticket: Ticket,
        time: SendTime,
    ) -> bool {
        let again = state.in_flight.resend(ticket, time);
        if again {
            self.accumulate(state, ticket);
        }
        again
    }

    /// The gate has ended catching up: parked records go on.
    pub(super) fn unpark(&self) {
        let Some(gate) = &self.gate else { return };
        let parked = mem::take(&mut self.state.lock().parked);
        for ticket in parked {
            let (way, now) = (gate.unpark(), Instant::now());
            let mut state = self.state.lock();
            let follow_up = state.in_flight.apply(ticket, RecordEvent::LetGo(way), now);
            match way {
                Way::Direct => self.accumulate(&mut state, ticket),
                Way::Spool => {}
            }
            drop(state);
            self.perform(ticket, follow_up);
        }
    }

    /// Sends records that waited too long to the spool, or answers their senders; gives the next
    /// deadline.
    pub(super) fn expire(&self, now: Instant, timeout: Duration) -> Option<Instant> {
        let mut overdue = None;
        loop {
            let mut state = self.state.lock();
            let Some((ticket, since)) = state.in_flight.next_overdue(now, timeout) else { break };
            let follow_up = state.in_flight.apply(ticket, RecordEvent::Overdue, now);
            drop(state);
            overdue = overdue.or(Some(since));
            self.perform(ticket, follow_up);
        }
        if let Some(since) = overdue {
            self.availability.unacked(since, "no ack in time");
        }
        let mut state = self.state.lock();
        let stuck = state.in_flight.time_out_spool(now, SPOOL_TIMEOUT);
        let next = state.in_flight.earliest_sent().map(|since| since + timeout);
        drop(state);
        // The drain does so too, unless it waits for the disk.
        let closing = self.gate.as_ref().and_then(|gate| gate.tick());
        let next = [next, closing].into_iter().flatten().min();
        if stuck > 0 {
            tracing::error!(posts = stuck, "the disk of the spool does not answer");
        }
        next
    }
}
