//! The spool to Kafka, oldest first.
//!
//! Promise: rows reach Kafka in row order, nothing overtaking; a row is released only after its own
//! ack, or quarantined: when it was refused while it was alone, and its neighbours go through, or
//! when its topic stays missing. After an error the drain starts over with a new producer from the
//! oldest row that is left: its producer is gapless, so that behind a failed batch nothing was
//! written. While rows are released, the next ones are under way already. It decides nothing about
//! posts: the gate does.

mod dead_letters;
mod feed;
mod missing_topics;
mod outage_log;
mod progress;
mod proven_keys;
mod release;
mod start_over;
mod quarantine_log;
mod restart_reason;
mod topic_check;
mod suspects;
mod too_large;
mod window;

use crate::delivery::availability::Availability;
use crate::delivery::availability::health_report::HealthReport;
use crate::delivery::drain::dead_letters::{DeadLetterTopic, letter_raised};
use crate::delivery::drain::missing_topics::MissingTopics;
use crate::delivery::drain::outage_log::OutageLog;
use crate::delivery::drain::release::answer;
use crate::delivery::drain::restart_reason::RestartReason;
use crate::delivery::drain::suspects::{Suspects, raised};
use crate::delivery::drain::too_large::TooLarge;
use crate::delivery::drain::topic_check::TopicCheck;
use crate::delivery::drain::window::Window;
use crate::delivery::gate::GateState;
use crate::delivery::kafka::producer::{Producer, ProducerError, Purpose};
use crate::delivery::kafka::producer_renewal::ProducerRenewal;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::shared_gate::SharedGate;
use crate::delivery::spool::error::AccessError;
use crate::delivery::topic::Topic;
use crate::delivery::topic::partitions::refresher::Refresher;
use std::io;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Between looks at the gate's clock and at what is known of Kafka, while posts do not go there
/// directly: a quarter of the time that catching up may take.
const TICK: Duration = Duration::from_millis(50);
/// The same while they do, and nothing waits.
const IDLE_TICK: Duration = Duration::from_secs(1);
/// After an error of the disk: it or the operator gets time to mend it.
const REST: Duration = Duration::from_millis(500);
/// How long a stop waits for acks of what was sent: many round trips. A row whose ack is not waited
/// for is sent again by the next process.
const LAST_ACKS: Duration = Duration::from_millis(500);

/// The task that drains.
pub struct Drain {
    gate: Arc<SharedGate>,
    availability: Arc<Availability>,
    settings: Settings,
    topic: Topic,
    producer: Arc<Producer>,
    refresher: Refresher,
    /// While rows go one by one, or have done so since posts last went directly.
    suspects: Option<Suspects>,
    missing: MissingTopics,
    dead_letters: Option<DeadLetterTopic>,
    topic_check: TopicCheck,
    /// The topic that rows wait for, where the brokers do not show it.
    unshown: Option<Arc<str>>,
    too_large: TooLarge,
    window: Window,
    /// What is to be expected of the next read.
    more: More,
    /// The answer to the release that is under way.
    releasing: Option<oneshot::Receiver<Result<(), AccessError>>>,
    /// Nothing is read, sent or released before.
    rest_until: Option<Instant>,
    renewal: ProducerRenewal,
    /// Kafka was away when it was looked at last.
    away: bool,
    log: OutageLog,
}

/// What is to be expected of the next read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum More {
    Perhaps,
    No,
}

/// The drain cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// No producer can be made.
    #[error("cannot make the drain's producer")]
    Producer(#[from] ProducerError),
    /// It cannot wait for reports.
    #[error("cannot wait for the drain's reports")]
    Reports(#[from] io::Error),
    /// The spool's thread has ended.
    #[error("the spool is closed")]
    SpoolClosed,
}

impl DrainError {
    /// Whether the properties of the client are at fault.
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Producer(error) => error.is_configuration(),
            Self::Reports(_) | Self::SpoolClosed => false,
        }
    }
}

impl Drain {
    /// Makes the producer now, since its first ack takes half a second. Rows of another topic than
    /// this are quarantined once it is missing for `missing_topic_timeout`. Must be called inside
    /// the runtime that will run it.
    pub fn new(
        gate: Arc<SharedGate>,
        availability: Arc<Availability>,
        settings: Settings,
        topic: Topic,
        missing_topic_timeout: Duration,
    ) -> Result<Self, ProducerError> {
        let batch_size = settings.batch_size(topic.limit.bytes());
        let producer = Arc::new(Producer::new(&settings, Purpose::Drain, batch_size)?);
        let refresher = Refresher::new(&topic);
        let missing = MissingTopics::new(topic.name.clone(), missing_topic_timeout);
        let status = gate.status();
        // Before the first probe, which must not call Kafka well while nothing of it is acked.
        availability.waiting(status.owed());
        let log = OutageLog::new(status.state, Instant::now());
        Ok(Self {
            gate,
            availability,
            settings,
            topic,
            producer,
            refresher,
            suspects: None,
            missing,
            dead_letters: None,
            topic_check: TopicCheck::default(),
            unshown: None,
            too_large: TooLarge::default(),
            window: Window::default(),
            more: More::Perhaps,
            releasing: None,
            rest_until: None,
            renewal: ProducerRenewal::default(),
            away: false,
            log,
        })
    }

    /// Drains until `stop`, and then releases what is acked in a moment: whoever stops it sets the
    /// deadline for that. Rows that are left stay.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), DrainError> {
        while stop.run_until_cancelled(self.turn()).await.transpose()?.is_some() {}
        self.finish().await
    }

    /// Cancel-safe: at worst, rows are sent again by the next process.
    async fn turn(&mut self) -> Result<(), DrainError> {
        let tick = self.look_around()?;
        let mut reason = None;
        if self.is_rested() && !self.availability.holds_back() {
            self.heed_limit().await?;
            self.let_suspects_go().await;
            self.let_letters_go().await;
            reason = self.fill().await?;
            self.send_letter().await?;
            self.begin_release()?;
        }
        tokio::select! {
            raised = self.producer.raised() => raised?,
            () = self.refresher.turn(&self.producer) => {}
            raised = raised(self.suspects.as_mut()) => raised?,
            raised = letter_raised(self.dead_letters.as_ref()) => raised?,
            answer = self.topic_check.question.answer() => self.topic_checked(answer),
            () = self.gate.rows_came(), if self.more == More::No => self.more = More::Perhaps,
            released = answer(&mut self.releasing) => self.end_release(released)?,
            () = sleep(tick) => {}
        }
        let taken = self.take_in();
        reason = reason.map_or(taken, |reason| Some(reason.or_worse(taken)));
        let suspects = self.suspects.as_ref().map(Suspects::producer);
        if reason.is_none()
            && self.renewal.is_due(Instant::now())
            && [Some(&*self.producer), suspects].into_iter().flatten().any(Producer::is_dead)
        {
            reason = Some(RestartReason::Dead);
        }
        if reason.is_none() && self.producer.has_old_keys() {
            reason = Some(RestartReason::OldKeys);
        }
        // Behind the rows that were sent in this turn: none more is before it starts over.
        self.look_at_dead_letters(Instant::now()).await;
        let first = self.window.topic();
        if first.is_some_and(|topic| self.missing.given_up(topic, Instant::now()).is_some()) {
            reason = reason.or(Some(RestartReason::GivenUp));
        }
        if let Some(reason) = reason {
            self.start_over(reason).await?;
        }
        Ok(())
    }

    /// The gate's clock, and what is known of Kafka; gives when to look again.
    fn look_around(&mut self) -> Result<Duration, DrainError> {
        if self.gate.spool().is_closed() {
            return Err(DrainError::SpoolClosed);
        }
        let report = self.availability.report();
        match report {
            HealthReport::Away { .. } => self.gate.known_away(),
            // Where nothing waits, no ack can come but of a post that is tried.
            HealthReport::Up | HealthReport::Unproven { .. } => self.gate.known_back(),
            HealthReport::Untried | HealthReport::Doubted { .. } => {}
        }
        let away = matches!(report, HealthReport::Away { .. });
        if mem::replace(&mut self.away, away) && !away {
            self.renewal.hope();
            self.rest_until = None;
        }
        self.gate.tick();
        if self.more == More::No && !self.window.is_open() {
            self.window.emptied();
            self.gate.recount();
            if self.gate.counted() > Some(0) {
                // They are below the cursor, or not there any more.
                self.window.rewind();
                self.more = More::Perhaps;
            }
        }
        let (status, now) = (self.gate.status(), Instant::now());
        self.availability.waiting(status.owed());
        self.log.log(status, self.window.topic(), &report, now);
        let answers = matches!(report, HealthReport::Up | HealthReport::Unproven { .. });
        if answers {
            self.look_for_topic(now);
        }
        self.name_missing(status.backlog, now);
        if self.window.is_under_way() && answers && self.unshown.is_none() {
            self.log.under_way(self.window.topic(), status.backlog, now);
        } else {
            self.log.not_stuck();
        }
        Ok(match status.state {
            GateState::Direct => IDLE_TICK,
            GateState::Spooling | GateState::CatchingUp { .. } => TICK,
        })
    }

    fn is_rested(&self) -> bool {
        self.rest_until.is_none_or(|until| until <= Instant::now())
    }

    fn rest(&mut self, pause: Duration) {
        self.rest_until = Some(Instant::now() + pause);
    }

    /// Takes in Kafka's reports.
    fn take_in(&mut self) -> Option<RestartReason> {
        self.take_in_letter();
        let mut reports = Vec::new();
        self.producer.take_reports(&mut reports);
        if let Some(suspects) = &self.suspects {
            suspects.producer().take_reports(&mut reports);
        }
        self.look_for_missing(&reports);
        let taken = self.window.take_in(reports);
        for (topic, time) in taken.times {
            self.missing.shown(&topic);
            self.topic.times.acked(&topic, time);
        }
        if taken.acks {
            // In this order: between the two, the gate would hear from a post that Kafka is away.
            self.availability.acked();
            self.gate.drain_acked();
            self.renewal.acked();
        }
        match taken.reason {
            Some(RestartReason::Refused(error, row)) if self.window.is_alone() => {
                self.refused_alone(error, row)
            }
            Some(reason) => Some(reason),
            None => self.heed_answer(),
        }
    }
}
