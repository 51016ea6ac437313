//! Kafka within the deadline: a record in, a [`crate::delivery::receipt::Receipt`] out.
//!
//! Promise: a publish, once begun, is carried through whether or not its sender stays: the record
//! belongs to librdkafka and its account to the publisher. The deadline is the publisher's own;
//! librdkafka may report a second late. One publisher belongs to one event loop and costs a post
//! neither a task nor a timer: its records are numbered in a slab, their deadlines stand in one
//! queue, and [`Publisher::run`] reads reports in batches. It does not retry: librdkafka does.

mod flights;
mod publish;

use crate::delivery::availability::Availability;
use crate::delivery::kafka::fault::Verdict;
use crate::delivery::kafka::producer::{Producer, ProducerError, Report};
use crate::delivery::kafka::settings::Settings;
use crate::delivery::publisher::flights::Flights;
use crate::delivery::publisher::publish::{Publish, Stage, close};
use crate::delivery::record::Record;
use crate::metrics::{Metrics, Outcome};
use crate::post::Post;
use std::io;
use std::mem;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

/// The longest sleep of the loop that reads reports: how late it sees a dead producer.
const TICK: Duration = Duration::from_secs(1);

/// A record did not become durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undelivered {
    /// No ack came in time, or Kafka is known to be away. It may be on Kafka nevertheless.
    Unavailable,
    /// The record is over the topic's limit and was not sent.
    RecordRefused,
}

impl Undelivered {
    /// The outcome of its post.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Unavailable => Outcome::Unavailable,
            Self::RecordRefused => Outcome::RecordRefused,
        }
    }
}

/// Publishes the posts of one event loop.
pub struct Publisher {
    lane: Mutex<Lane>,
    settings: Settings,
    availability: Arc<Availability>,
    metrics: Arc<Metrics>,
    /// The topic's largest record, once it is known.
    limit: watch::Receiver<Option<u32>>,
}

/// What the tasks of the event loop share.
struct Lane {
    producer: Arc<Producer>,
    flights: Flights,
}

impl Publisher {
    /// Makes the producer, without waiting for a broker. Must be called inside the runtime of its
    /// event loop.
    pub fn new(
        settings: Settings,
        availability: Arc<Availability>,
        metrics: Arc<Metrics>,
        limit: watch::Receiver<Option<u32>>,
    ) -> Result<Self, ProducerError> {
        let batch_size = settings.batch_size(*limit.borrow());
        let producer = Arc::new(Producer::new(&settings, batch_size)?);
        let lane = Mutex::new(Lane { producer, flights: Flights::default() });
        Ok(Self { lane, settings, availability, metrics, limit })
    }

    /// Hands the record over now; the returned future tells its fate and gives the account back.
    /// If the future is dropped, the publisher closes the account when the fate is known.
    pub fn publish(&self, record: &Record, post: Post) -> Publish<'_> {
        let stage = if !self.availability.admits() {
            Stage::Over(Undelivered::Unavailable)
        } else if self.is_over_limit(record) {
            Stage::Over(Undelivered::RecordRefused)
        } else {
            self.hand_over(record)
        };
        Publish { publisher: self, stage, post: Some(post) }
    }

    /// Whether the topic would refuse the record, as far as is known.
    fn is_over_limit(&self, record: &Record) -> bool {
        let limit = self.limit.borrow().and_then(|limit| usize::try_from(limit).ok());
        limit.is_some_and(|limit| record.size() > limit)
    }

    fn hand_over(&self, record: &Record) -> Stage {
        let now = Instant::now();
        let mut lane = self.lock();
        let ticket = lane.flights.depart(now);
        let Err(fault) = lane.producer.enqueue(record, ticket) else {
            return Stage::UnderWay { ticket };
        };
        lane.flights.cancel(ticket);
        drop(lane);
        match fault.verdict {
            Verdict::Refused => Stage::Over(Undelivered::RecordRefused),
            Verdict::NotProof | Verdict::Local => Stage::Over(Undelivered::Unavailable),
            Verdict::Unacked => {
                self.availability.unacked(now, &fault.to_string());
                Stage::Over(Undelivered::Unavailable)
            }
        }
    }

    /// Reads reports and keeps deadlines, until `stop` and then until nothing is under way.
    pub async fn run(&self, stop: CancellationToken) -> io::Result<()> {
        let timeout = self.settings.ack_timeout();
        // At most the time-out: then each new deadline lies behind the next look at them all.
        let tick = TICK.min(timeout);
        let mut sleep = pin!(sleep_until((Instant::now() + tick).into()));
        let mut reports = Vec::new();
        let mut limit = self.limit.clone();
        let mut retiring: Option<JoinHandle<Vec<Report>>> = None;
        while !(stop.is_cancelled() && self.under_way() == 0) {
            let producer = self.lock().producer.clone();
            tokio::select! {
                raised = producer.raised() => raised?,
                Some(last) = last_reports(&mut retiring) => {
                    retiring = None;
                    reports.extend(last);
                }
                Ok(()) = limit.changed() => {}
                () = sleep.as_mut() => {
                    let now = Instant::now();
                    let next = self.expire(now, timeout);
                    let wake = next.map_or(now + tick, |deadline| deadline.min(now + tick));
                    sleep.as_mut().reset(wake.into());
                }
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
            producer.take_reports(&mut reports);
            self.land(&mut reports);
            drop(producer);
            if retiring.is_none() {
                retiring = self.renew();
            }
        }
        Ok(())
    }

    /// How many records have no report yet.
    pub fn under_way(&self) -> usize {
        self.lock().flights.len()
    }

    fn land(&self, reports: &mut Vec<Report>) {
        if reports.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut acked = 0;
        let mut failed = None;
        let mut refused = (None, 0);
        let mut lane = self.lock();
        for Report { ticket, result } in reports.drain(..) {
            let fate = result.map_err(|_| Undelivered::Unavailable);
            let landing = lane.flights.land(ticket, fate);
            if let Some(orphan) = landing.orphan {
                close(orphan, fate);
            }
            match result {
                Ok(_) => {
                    acked += 1;
                    if let Some(since) = landing.on_time {
                        let took = now.saturating_duration_since(since);
                        self.metrics.ack_seconds.observe(took.as_secs_f64());
                    }
                }
                Err(fault) => match fault.verdict {
                    Verdict::Unacked => failed = landing.on_time.map(|s| (s, fault)).or(failed),
                    // The brokers are there; the record's own sender is told.
                    Verdict::NotProof | Verdict::Refused => {
                        refused.1 += 1;
                        refused.0 = Some(fault);
                    }
                    Verdict::Local => {}
                },
            }
        }
        drop(lane);
        if let (Some(fault), records) = refused {
            tracing::warn!(error = %fault, records, "batches were refused");
        }
        if acked > 0 {
            self.availability.acked();
        }
        if let Some((since, fault)) = failed {
            self.availability.unacked(since, &fault.to_string());
        }
    }

    /// Tells those who waited too long; gives the next deadline.
    fn expire(&self, now: Instant, timeout: Duration) -> Option<Instant> {
        let mut lane = self.lock();
        let overdue = lane.flights.expire(now, timeout);
        let next = lane.flights.earliest_departure().map(|since| since + timeout);
        drop(lane);
        if let Some(since) = overdue {
            self.availability.unacked(since, "no ack in time");
        }
        next
    }

    /// Makes a new producer where the old one is dead, or makes batches that are too large for the
    /// topic and has nothing under way. The old one ends beside the loop, since that may block.
    fn renew(&self) -> Option<JoinHandle<Vec<Report>>> {
        let old = self.replace_producer()?;
        let old = Arc::into_inner(old).expect("only the loop that calls this clones it");
        Some(spawn_blocking(move || old.retire()))
    }

    /// Gives the old producer, if a new one took its place.
    fn replace_producer(&self) -> Option<Arc<Producer>> {
        let mut lane = self.lock();
        let dead = lane.producer.is_dead();
        let batch_size = self.settings.batch_size(*self.limit.borrow());
        let outdated = lane.producer.batch_size() != batch_size && lane.flights.len() == 0;
        if !dead && !outdated {
            return None;
        }
        match Producer::new(&self.settings, batch_size) {
            Ok(new) => {
                if dead {
                    tracing::warn!("the Kafka producer had a fatal error and was replaced");
                }
                Some(mem::replace(&mut lane.producer, Arc::new(new)))
            }
            Err(error) => {
                tracing::error!(%error, "cannot replace the Kafka producer");
                None
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last reports of a producer that was replaced; none while there is no such.
async fn last_reports(retiring: &mut Option<JoinHandle<Vec<Report>>>) -> Option<Vec<Report>> {
    match retiring.as_mut()?.await {
        Ok(last) => Some(last),
        Err(error) => {
            tracing::error!(%error, "the old Kafka producer did not end");
            Some(Vec::new())
        }
    }
}
