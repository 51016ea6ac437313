//! Kafka within the deadline, else the spool: a record in, a
//! [`Receipt`](crate::delivery::receipt::Receipt) out.
//!
//! Promise: a publish, once begun, is carried through whether or not its sender stays: the record and
//! its account belong to the publisher. The deadline is the publisher's own; librdkafka may report a
//! second late. Where there is a spool, a record without an ack goes to the disk, and so do all that
//! come after it, until [`crate::delivery::gate`] lets them through again. One publisher belongs to one
//! event loop and costs a post neither a task nor a timer: its records are numbered in a slab, their
//! deadlines stand in one queue, and [`Publisher::run`] reads reports in batches. librdkafka retries.

mod in_flight;
mod spool_results;
mod accumulator;
mod publish;
mod reports;
mod untimely;

use crate::delivery::availability::Availability;
use crate::delivery::shared_gate::Crossing;
use crate::delivery::gate::admission::{Admission, Way};
use crate::delivery::kafka::fault::Verdict;
use crate::delivery::kafka::producer::{Headers, Producer, ProducerError, Purpose};
use crate::delivery::kafka::renewal::Renewal;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::partitions::refresher::Refresher;
use crate::delivery::publisher::in_flight::next::Next;
use crate::delivery::publisher::in_flight::{Fallback, Flights};
use crate::delivery::publisher::spool_results::Inbox;
use crate::delivery::publisher::accumulator::{Letter, Outbox, Turn};
use crate::delivery::publisher::publish::{Publish, close};
use crate::delivery::publisher::reports::RefusedLog;
use crate::delivery::publisher::reports::last_reports;
use crate::delivery::publisher::untimely::{Untimely, told};
use crate::delivery::record::Record;
use crate::delivery::topic::Topic;
use crate::delivery::undelivered::{Limit, Undelivered};
use crate::metrics::Metrics;
use crate::post::Post;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

/// The longest sleep of the loop that reads reports: how late it sees a dead producer.
const TICK: Duration = Duration::from_secs(1);
/// How long a post waits for the disk: beyond any healthy one, and together with the default
/// `--ack-timeout` within the five seconds that comparable senders wait.
const DISK_PATIENCE: Duration = Duration::from_millis(2500);

/// Publishes the posts of one event loop.
pub struct Publisher {
    lane: Mutex<Lane>,
    settings: Settings,
    availability: Arc<Availability>,
    metrics: Arc<Metrics>,
    topic: Topic,
    /// Where there is a spool.
    crossing: Option<Arc<Crossing>>,
    inbox: Arc<Inbox>,
    /// Rings when the outbox has something for the end of this turn.
    bell: Notify,
}

/// What the tasks of the event loop share.
struct Lane {
    producer: Arc<Producer>,
    flights: Flights,
    outbox: Outbox,
    /// The tickets of records that wait for the gate.
    parked: Vec<usize>,
    renewal: Renewal,
    untimely: Untimely,
    refused: RefusedLog,
}

impl Publisher {
    /// Makes the producer, without waiting for a broker. Must be called inside the runtime of its
    /// event loop.
    pub fn new(
        settings: Settings,
        availability: Arc<Availability>,
        metrics: Arc<Metrics>,
        topic: Topic,
        crossing: Option<Arc<Crossing>>,
    ) -> Result<Self, ProducerError> {
        let batch_size = settings.batch_size(topic.limit.bytes());
        let producer = Arc::new(Producer::new(&settings, Purpose::Posts, batch_size)?);
        let fallback = if crossing.is_some() { Fallback::Disk } else { Fallback::Nothing };
        let flights = Flights::new(fallback);
        let (outbox, parked, renewal, untimely, refused) = Default::default();
        let lane = Lane { producer, flights, outbox, parked, renewal, untimely, refused };
        let (lane, inbox, bell) = (Mutex::new(lane), Arc::default(), Notify::new());
        Ok(Self { lane, settings, availability, metrics, topic, crossing, inbox, bell })
    }

    /// Sends the record on its way now; the returned future tells its fate. The account of the
    /// post is closed when that is known, also where the future was dropped before.
    pub fn publish(&self, record: Record, post: Post) -> Publish<'_> {
        let begun = match &self.crossing {
            Some(_) if self.topic.first_sight.is_denied() => Err(Undelivered::NoTopic),
            None if !self.availability.admits() => Err(Undelivered::KnownAway),
            crossing => match (self.over_limit(&record), crossing) {
                (Some(too_large), _) => {
                    // It may have been raised since it was asked for.
                    self.topic.limit.doubt();
                    Err(too_large)
                }
                (None, Some(crossing)) => Ok(self.cross(crossing, record)),
                (None, None) => Ok(self.hand_over(record)),
            },
        };
        Publish::new(self, begun, post)
    }

    /// Whether the topic would refuse the record, as far as is known: from the spool its sender
    /// could not be told any more.
    fn over_limit(&self, record: &Record) -> Option<Undelivered> {
        let limit = self.topic.limit.bytes()?;
        let is_over = usize::try_from(limit).is_ok_and(|limit| record.size() > limit);
        is_over.then(|| self.too_large(record, limit))
    }

    fn too_large(&self, record: &Record, limit: u32) -> Undelivered {
        let size = u32::try_from(record.size()).unwrap_or(u32::MAX);
        let is_set = self.settings.message_max_bytes().is_some();
        let whose = if is_set { Limit::Flag } else { Limit::Topic };
        Undelivered::TooLarge { size, limit, whose }
    }

    fn cross(&self, crossing: &Arc<Crossing>, record: Record) -> usize {
        if !self.availability.admits() {
            crossing.known_away();
        }
        match crossing.post() {
            Admission::Go(Way::Direct) => self.hand_over(record),
            Admission::Go(Way::Spool) => {
                let ticket = self.lock().flights.append(Instant::now());
                self.append(crossing, ticket, record);
                ticket
            }
            Admission::Park => {
                let mut lane = self.lock();
                let ticket = lane.flights.park(Instant::now(), record);
                lane.parked.push(ticket);
                ticket
            }
        }
    }

    /// Puts the record into the outbox, which the loop empties at the end of this turn.
    fn hand_over(&self, record: Record) -> usize {
        let mut lane = self.lock();
        let ticket = lane.flights.depart(Instant::now(), record);
        self.post_letter(&mut lane, ticket);
        ticket
    }

    fn post_letter(&self, lane: &mut Lane, ticket: usize) {
        let Some(record) = lane.flights.record(ticket) else { return };
        let (key, headers) = (lane.flights.key(ticket), Headers::of(record));
        match lane.outbox.put(Letter { ticket, key, headers }) {
            Turn::Begun => self.bell.notify_one(),
            Turn::GoesOn => {}
        }
    }

    /// Hands over what has gathered and need not be held back. `leaving` is empty before and after.
    fn empty_outbox(&self, leaving: &mut Vec<Letter>) {
        let (mut lane, now) = (self.lock(), Instant::now());
        lane.outbox.take(leaving);
        for letter in leaving.drain(..) {
            let ticket = letter.ticket;
            let next = self.enqueue(&mut lane, letter, now);
            self.follow(ticket, next);
        }
    }

    /// Hands the record of a flight to Kafka.
    fn enqueue(&self, lane: &mut Lane, letter: Letter, now: Instant) -> Next {
        let Letter { ticket, key, headers } = letter;
        let Some(record) = lane.flights.record(ticket) else {
            // It was late before it left.
            lane.outbox.landed(key);
            return lane.flights.land(ticket, Err(Undelivered::Late), now).next;
        };
        let placement = self.topic.placement(record, lane.flights.sent(ticket));
        let Err(fault) = lane.producer.enqueue(record, headers, placement, ticket) else {
            lane.flights.note_sent(ticket, placement.0);
            return Next::Nothing;
        };
        lane.outbox.landed(key);
        match fault.verdict {
            Verdict::Refused => {
                // The client has no limit but the operator's.
                let limit = self.settings.message_max_bytes().unwrap_or(u32::MAX);
                let too_large = lane.flights.record(ticket).map(|it| self.too_large(it, limit));
                return lane
                    .flights
                    .ground(ticket, too_large.unwrap_or(Undelivered::Failed(fault)));
            }
            Verdict::NotProof | Verdict::Innocent | Verdict::Local => {}
            Verdict::Unacked => self.availability.unacked(now, &fault.to_string()),
        }
        lane.flights.land(ticket, Err(Undelivered::Failed(fault)), now).next
    }

    fn append(&self, crossing: &Arc<Crossing>, ticket: usize, record: Record) {
        if self.topic.first_sight.is_denied() {
            // What it was tried for is known meanwhile.
            crossing.not_appended();
            return self.inbox.put(ticket, Err(Undelivered::NoTopic));
        }
        let inbox = self.inbox.clone();
        let stored = move |place: Option<_>| {
            inbox.put(ticket, place.ok_or(Undelivered::NotStored));
        };
        if crossing.append(record, stored).is_err() {
            self.inbox.put(ticket, Err(Undelivered::NotStored));
        }
    }

    /// Does what a flight asks for next.
    fn follow(&self, ticket: usize, next: Next) {
        match (next, &self.crossing) {
            (Next::Nothing, _) => {}
            (Next::Close(post, fate), _) => close(post, fate),
            (Next::Spool(record), Some(crossing)) => {
                crossing.unacked();
                self.append(crossing, ticket, record);
            }
            (Next::Spool(_), None) => unreachable!("a record is kept only where there is a spool"),
        }
    }

    /// Reads reports and keeps deadlines, until `stop` and then until nothing is under way.
    pub async fn run(&self, stop: CancellationToken) -> io::Result<()> {
        let timeout = self.settings.ack_timeout();
        // At most the time-out: then each new deadline lies behind the next look at them all.
        let tick = TICK.min(timeout);
        let mut sleep = pin!(sleep_until((Instant::now() + tick).into()));
        // Without a spool it never changes; the sender is kept so that it does not end either.
        let (_never, mut closings) = watch::channel(0);
        if let Some(crossing) = &self.crossing {
            closings = crossing.closings();
        }
        let (mut reports, mut leaving) = (Vec::new(), Vec::new());
        let mut limit = self.topic.limit.clone();
        let (mut retiring, mut asking) = (None, None);
        let mut refresher = Refresher::new(&self.topic.partitions, self.topic.name.clone());
        while !(stop.is_cancelled() && self.under_way() == 0) {
            let producer = self.lock().producer.clone();
            tokio::select! {
                raised = producer.raised() => raised?,
                Some(last) = last_reports(&mut retiring) => {
                    retiring = None;
                    reports.extend(last);
                }
                span = told(&mut asking) => self.heed_told(span),
                () = limit.changed() => {}
                () = refresher.turn(&producer) => {}
                () = self.bell.notified() => {}
                () = self.inbox.rung() => {}
                Ok(()) = closings.changed() => self.unpark(),
                () = sleep.as_mut() => {}
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
            producer.take_reports(&mut reports);
            self.land(&mut reports, &mut asking);
            self.store();
            // Behind the reports: after a pause of the whole process they tell what is not late.
            if sleep.is_elapsed() {
                let now = Instant::now();
                let next = self.expire(now, timeout);
                let wake = next.map_or(now + tick, |deadline| deadline.min(now + tick));
                sleep.as_mut().reset(wake.into());
            }
            self.empty_outbox(&mut leaving);
            drop(producer);
            if retiring.is_none() && !refresher.is_asking() {
                retiring = self.renew();
                if retiring.is_some() {
                    refresher.renewed();
                }
            }
        }
        Ok(())
    }

    /// How many records still wait for a report, or their senders for word of it.
    pub fn under_way(&self) -> usize {
        self.lock().flights.len()
    }

    fn lock(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
