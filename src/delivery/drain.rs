//! The spool to Kafka, oldest first.
//!
//! Promise: rows reach Kafka in row order, nothing overtaking; a row is released only after its own
//! ack, or quarantined: when it was refused while it was alone, and its neighbours go through, or
//! when its topic stays missing. After an error the drain starts over with a new producer from the
//! oldest row that is left: its producer is gapless, so that behind a failed batch nothing was
//! written. While rows are released, the next ones are under way already. It decides nothing about
//! posts: the gate does.

mod dead_letters;
mod letter_sender;
mod feed;
mod look_around;
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
use crate::delivery::drain::dead_letters::letter_raised;
use crate::delivery::drain::letter_sender::LetterSender;
use crate::delivery::drain::look_around::Attempt;
use crate::delivery::drain::missing_topics::MissingTopics;
use crate::delivery::drain::outage_log::OutageLog;
use crate::delivery::drain::release::answer;
use crate::delivery::drain::restart_reason::RestartReason;
use crate::delivery::drain::suspects::{Suspects, raised};
use crate::delivery::drain::too_large::TooLarge;
use crate::delivery::drain::topic_check::TopicCheck;
use crate::delivery::drain::window::Window;
use crate::delivery::kafka::producer::{Producer, ProducerError, Purpose};
use crate::delivery::kafka::producer_renewal::ProducerRenewal;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::shared_gate::SharedGate;
use crate::delivery::spool::error::AccessError;
use crate::delivery::topic::Topic;
use crate::delivery::topic::partitions::refresher::Refresher;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

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
    dead_letters: Option<LetterSender>,
    topic_check: TopicCheck,
    /// The topic that rows wait for, where the brokers do not show it.
    unshown: Option<Arc<str>>,
    /// Why the disk does not give rows, or does not let go of them, where that is so.
    disk_fault: Option<(Attempt, String)>,
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
            disk_fault: None,
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
        let not_sent = if self.is_rested() && !self.availability.holds_back() {
            self.move_rows().await?
        } else {
            None
        };
        self.wait_for_news(tick).await?;
        let failed = self.take_in();
        let reason = not_sent.map_or(failed, |reason| Some(reason.or_worse(failed)));
        let reason = reason.or_else(|| self.end_of_producer());
        // Behind the rows that were sent in this turn: none more is before it starts over.
        self.look_at_dead_letters(Instant::now()).await;
        match reason.or_else(|| self.given_up()) {
            Some(reason) => self.start_over(reason).await,
            None => Ok(()),
        }
    }

    /// Sends what there is room for, and begins to release what was acked. Gives why rows cannot be
    /// sent, if so.
    async fn move_rows(&mut self) -> Result<Option<RestartReason>, DrainError> {
        self.heed_limit().await?;
        self.let_suspects_go().await;
        self.let_letters_go().await;
        let not_sent = self.fill().await?;
        self.send_letter().await?;
        self.begin_release()?;
        Ok(not_sent)
    }

    /// Waits for whatever comes first, and for `tick` at most.
    async fn wait_for_news(&mut self, tick: Duration) -> Result<(), DrainError> {
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
        Ok(())
    }

    /// Whether a producer is at its end, which no report may say.
    fn end_of_producer(&self) -> Option<RestartReason> {
        let suspects = self.suspects.as_ref().map(Suspects::producer);
        let mut producers = [Some(&*self.producer), suspects].into_iter().flatten();
        if self.renewal.is_due(Instant::now()) && producers.any(Producer::is_dead) {
            return Some(RestartReason::Dead);
        }
        self.producer.has_old_keys().then_some(RestartReason::OldKeys)
    }

    /// Whether the topic of the first row under way is not waited for any more.
    fn given_up(&self) -> Option<RestartReason> {
        let given_up = self.missing.given_up(self.window.topic()?, Instant::now());
        given_up.map(|_| RestartReason::GivenUp)
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
