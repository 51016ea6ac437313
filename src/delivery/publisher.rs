//! Kafka within the deadline, else the spool: a record in, a
//! [`Receipt`](crate::delivery::publisher::publish::Receipt) out.
//!
//! Promise: a publish, once begun, is carried through whether or not its sender stays. The record and
//! its post belong to the publisher. Where there is a spool, a record without an ack goes to the disk,
//! and so do all that come after it, until [`crate::delivery::gate`] lets them through again.
//!
//! The deadline is the publisher's own, since librdkafka may report late
//! (`findings/librdkafka-message-timeout-while-it-backs-off.sh`). One publisher belongs to one event
//! loop and costs a post neither a task nor a timer: its records are numbered in a slab, their
//! deadlines are in one queue, and [`Publisher::run`] reads reports in batches. librdkafka retries.

pub mod gate_role;
mod in_flight;
mod spool_results;
mod accumulator;
pub mod publish;
mod renewal;
mod reports;
mod untimely;

use crate::delivery::availability::Availability;
use crate::delivery::kafka::delivery_error::Meaning;
use crate::delivery::kafka::producer::{Headers, Producer, ProducerError, Purpose};
use crate::delivery::kafka::producer_renewal::ProducerRenewal;
use crate::delivery::kafka::question::Question;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::publisher::accumulator::{Accumulator, Pending};
use crate::delivery::publisher::gate_role::GateRole;
use crate::delivery::publisher::in_flight::stage::{RecordEvent, RecordStage};
use crate::delivery::publisher::in_flight::{FollowUp, InFlight};
use crate::delivery::publisher::publish::{Publish, end};
use crate::delivery::publisher::spool_results::SpoolResults;
use crate::delivery::publisher::untimely::Untimely;
use crate::delivery::record::Record;
use crate::delivery::shared_gate::SharedGate;
use crate::delivery::ticket::Ticket;
use crate::delivery::topic::Topic;
use crate::delivery::topic::partitions::refresher::Refresher;
use crate::delivery::undelivered::{LimitSource, Undelivered};
use crate::lock::Lock;
use crate::metrics::Metrics;
use crate::post::PostOutcome;
use crate::rare_line::LineQuota;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

/// The longest sleep of the loop that reads reports: how late it sees a dead producer.
const TICK: Duration = Duration::from_secs(1);
/// Between two lines on batches that were refused.
const REFUSED_LINE: Duration = Duration::from_secs(60);
/// How long a post waits for the disk: beyond any healthy one, and together with the default
/// `--ack-timeout` within the five seconds that comparable senders wait.
const SPOOL_TIMEOUT: Duration = Duration::from_millis(2500);

/// Publishes the posts of one event loop.
pub struct Publisher {
    state: Lock<PublisherState>,
    settings: Settings,
    availability: Arc<Availability>,
    metrics: Arc<Metrics>,
    topic: Topic,
    /// Where there is a spool.
    gate: Option<Arc<SharedGate>>,
    role: GateRole,
    spool_results: Arc<SpoolResults>,
    /// Rings when the accumulator has something for the end of this turn.
    flush_due: Notify,
}

/// What the tasks of the event loop share.
struct PublisherState {
    producer: Arc<Producer>,
    in_flight: InFlight,
    accumulator: Accumulator,
    /// The tickets of records that wait for the gate.
    parked: Vec<Ticket>,
    renewal: ProducerRenewal,
    untimely: Untimely,
    /// Lines on batches that were refused.
    refused: LineQuota,
}

impl Publisher {
    /// Makes the producer, without waiting for a broker. Must be called inside the runtime of its
    /// event loop.
    pub fn new(
        settings: Settings,
        availability: Arc<Availability>,
        metrics: Arc<Metrics>,
        topic: Topic,
        gate: Option<Arc<SharedGate>>,
        role: GateRole,
    ) -> Result<Self, ProducerError> {
        let batch_size = settings.batch_size(topic.limit.bytes());
        let producer = Arc::new(Producer::new(&settings, Purpose::Posts, batch_size)?);
        let in_flight = InFlight::new(role.fallback(gate.as_deref()));
        let (accumulator, parked, renewal, untimely) = Default::default();
        let refused = LineQuota::every(REFUSED_LINE);
        let state =
            PublisherState { producer, in_flight, accumulator, parked, renewal, untimely, refused };
        let (state, spool_results, flush_due) = (Lock::new(state), Arc::default(), Notify::new());
        Ok(Self {
            state,
            settings,
            availability,
            metrics,
            topic,
            gate,
            role,
            spool_results,
            flush_due,
        })
    }

    /// Sends the record on its way now; the returned future gives its delivery result. The outcome
    /// of the post is recorded when that is known, also where the future was dropped before.
    pub fn publish(&self, record: Record, post: PostOutcome) -> Publish<'_> {
        let ticket = self.admit(record);
        Publish { publisher: self, ticket, post: Some(post) }
    }

    /// Sends the record to Kafka or to the spool, or has it wait for the gate; gives its ticket.
    fn admit(&self, record: Record) -> Result<Ticket, Undelivered> {
        if self.gate.is_some() && self.topic.first_sight.is_denied() {
            return Err(self.role.unseen());
        }
        if self.gate.is_none() && !self.availability.admits() {
            return Err(self.role.away());
        }
        if let Some(too_large) = self.over_limit(&record) {
            // It may have been raised since it was asked for.
            self.topic.limit.doubt();
            return Err(too_large);
        }
        match &self.gate {
            Some(gate) => self.pass_gate(gate, record),
            None => Ok(self.send(record)),
        }
    }

    /// Whether the topic would refuse the record, as far as is known: from the spool its sender
    /// could not be answered any more.
    pub fn over_limit(&self, record: &Record) -> Option<Undelivered> {
        let limit = self.topic.limit.bytes()?;
        let is_over = usize::try_from(limit).is_ok_and(|limit| record.size() > limit);
        is_over.then(|| self.too_large(record, limit))
    }

    fn too_large(&self, record: &Record, limit: u32) -> Undelivered {
        let size = u32::try_from(record.size()).unwrap_or(u32::MAX);
        let is_set = self.settings.message_max_bytes().is_some();
        let whose = if is_set { LimitSource::Flag } else { LimitSource::Topic };
        Undelivered::TooLarge { size, limit, whose }
    }

    /// Puts the record into the accumulator, which the loop empties at the end of this turn.
    fn send(&self, record: Record) -> Ticket {
        let mut state = self.state.lock();
        let ticket = state.in_flight.insert(RecordStage::Sent, Some(record), Instant::now());
        self.accumulate(&mut state, ticket);
        ticket
    }

    fn accumulate(&self, state: &mut PublisherState, ticket: Ticket) {
        let entry = state.in_flight.get(ticket);
        let Some(record) = entry.record() else { return };
        let (key, headers) = (entry.key, Headers::of(record));
        if state.accumulator.append(Pending { ticket, key, headers }) {
            self.flush_due.notify_one();
        }
    }

    /// Hands over what has gathered and need not be held back. `ready` is empty before and after.
    fn send_accumulated(&self, ready: &mut Vec<Pending>) {
        let (mut state, now) = (self.state.lock(), Instant::now());
        state.accumulator.drain(ready);
        for pending in ready.drain(..) {
            let ticket = pending.ticket;
            let follow_up = self.enqueue(&mut state, pending, now);
            self.perform(ticket, follow_up);
        }
    }

    /// Hands the record of a post to Kafka.
    fn enqueue(&self, state: &mut PublisherState, pending: Pending, now: Instant) -> FollowUp {
        let Pending { ticket, key, headers } = pending;
        let entry = state.in_flight.get(ticket);
        let Some(record) = entry.record() else {
            // It was overdue before it was sent.
            state.accumulator.completed(key);
            let event = RecordEvent::Reported(Err(Undelivered::Late));
            return state.in_flight.apply(ticket, event, now);
        };
        let placement = self.topic.placement(record, entry.send_time);
        let Err(error) = state.producer.enqueue(record, headers, placement, ticket) else {
            state.in_flight.set_send_time(ticket, placement.time);
            return FollowUp::Nothing;
        };
        state.accumulator.completed(key);
        match error.meaning {
            Meaning::Refused => {
                // The client has no limit but the operator's.
                let limit = self.settings.message_max_bytes().unwrap_or(u32::MAX);
                let event = RecordEvent::Refused(self.too_large(record, limit));
                return state.in_flight.apply(ticket, event, now);
            }
            Meaning::NotProof | Meaning::Innocent | Meaning::Local => {}
            Meaning::Unacked => self.availability.unacked(now, &error.to_string()),
        }
        state.in_flight.apply(ticket, RecordEvent::Reported(Err(Undelivered::Failed(error))), now)
    }

    /// Does what a record in flight asks for next.
    fn perform(&self, ticket: Ticket, follow_up: FollowUp) {
        match (follow_up, &self.gate) {
            (FollowUp::Nothing, _) => {}
            (FollowUp::End(post, result), _) => end(post, result),
            (FollowUp::Append(record), Some(gate)) => self.append(gate, ticket, record),
            (FollowUp::FallBack(record), Some(gate)) => {
                self.fall_back(gate, ticket, record);
            }
            (FollowUp::Append(_) | FollowUp::FallBack(_), None) => {
                unreachable!("a record is kept only where there is a spool")
            }
        }
    }

    /// Reads reports and keeps deadlines, until `stop` and then until nothing is under way.
    pub async fn run(&self, stop: CancellationToken) -> io::Result<()> {
        let timeout = self.settings.ack_timeout();
        // At most the time-out: then each new deadline lies behind the next look at them all.
        let tick = TICK.min(timeout);
        let mut sleep = pin!(sleep_until((Instant::now() + tick).into()));
        // Without a spool it never changes; the sender is kept so that it does not end either.
        let (_never, mut catch_ups) = watch::channel(0);
        if let Some(gate) = &self.gate {
            catch_ups = gate.catch_ups();
        }
        let (mut reports, mut ready) = (Vec::new(), Vec::new());
        let mut limit = self.topic.limit.changes();
        let (mut retiring, mut times) = (Question::default(), Question::default());
        let mut refresher = Refresher::new(&self.topic);
        while !(stop.is_cancelled() && self.under_way() == 0) {
            let producer = self.state.lock().producer.clone();
            // Whichever of them is ready, it wakes the turn below, which looks at everything.
            tokio::select! {
                raised = producer.raised() => raised?,
                last = retiring.answer() => if let Some(last) = last {
                    reports.extend::<Vec<_>>(last);
                } else {
                    tracing::error!("the old Kafka producer did not end");
                },
                span = times.answer() => self.heed_answer(span.flatten()),
                () = limit.changed() => {}
                () = refresher.turn(&producer) => {}
                () = self.flush_due.notified() => {}
                () = self.spool_results.arrived() => {}
                Ok(()) = catch_ups.changed() => self.unpark(),
                () = sleep.as_mut() => {}
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
            self.heed_gate();
            producer.take_reports(&mut reports);
            self.take_in(&mut reports, &mut times);
            self.take_spool_results();
            // Behind the reports: after a pause of the whole process they say what is not late.
            if sleep.is_elapsed() {
                let now = Instant::now();
                let next = self.expire(now, timeout);
                let wake = next.map_or(now + tick, |deadline| deadline.min(now + tick));
                sleep.as_mut().reset(wake.into());
            }
            self.send_accumulated(&mut ready);
            drop(producer);
            if !retiring.is_asked()
                && !refresher.is_asking()
                && let Some(old) = self.renew()
            {
                retiring.ask(move || old.retire());
                refresher.renewed();
            }
        }
        Ok(())
    }

    /// How many records still wait for a report, or their senders for word of it.
    pub fn under_way(&self) -> usize {
        self.state.lock().in_flight.len()
    }
}
