//! Rows that go one by one, because a batch with them in it was refused.
//!
//! Promise: only a row that was refused while it was alone is quarantined, and never for its time: then
//! it is tried with another. A refusal costs one round trip and no producer: these rows have one
//! that, unlike the drain's own, outlives it, since nothing is behind them that could overtake.

use crate::delivery::drain::Drain;
use crate::delivery::drain::quarantine_log::QuarantineReason;
use crate::delivery::drain::restart_reason::RestartReason;
use crate::delivery::gate::GateState;
use crate::delivery::kafka::delivery_error::DeliveryError;
use crate::delivery::kafka::producer::{Headers, Producer, ProducerError, Purpose};
use crate::delivery::kafka::question::Question;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::kafka::time_question;
use crate::delivery::record_times::time_span::TimeSpan;
use crate::delivery::record_times::{Retry, SendTime};
use crate::delivery::spool::row::{Row, RowId};
use std::io;
use tokio::task::spawn_blocking;

/// The producer of single rows, and the one that is tried.
pub(super) struct Suspects {
    producer: Producer,
    trial: Option<Trial>,
    /// Under way: which times the broker takes that has refused the trial's.
    question: Question<Option<TimeSpan>>,
    /// The answer to it.
    answer: Option<TimeAnswer>,
}

/// What a broker said; none if nothing.
struct TimeAnswer(Option<TimeSpan>);

/// A row under way.
struct Trial {
    row: Row,
    time: SendTime,
}

impl Suspects {
    fn new(settings: &Settings, batch_size: u32) -> Result<Self, ProducerError> {
        let producer = Producer::new(settings, Purpose::Suspects, batch_size)?;
        Ok(Self { producer, trial: None, question: Question::default(), answer: None })
    }

    pub(super) fn producer(&self) -> &Producer {
        &self.producer
    }

    /// This row was handed over.
    pub(super) fn tries(&mut self, row: Row, time: SendTime) {
        self.trial = Some(Trial { row, time });
    }

    /// Waits until reports of the row, or the answer to the question, may have come. Cancel-safe.
    async fn raised(&mut self) -> io::Result<()> {
        if !self.question.is_asked() {
            return self.producer.raised().await;
        }
        self.answer = Some(TimeAnswer(self.question.answer().await.flatten()));
        Ok(())
    }

    /// Ends the producer; what it reports then is not waited for by anybody, and it takes no longer
    /// than a client's end may.
    pub(super) async fn end(self) {
        drop(spawn_blocking(move || drop(self)).await);
    }

    /// Its producer, to be retired.
    pub(super) fn into_producer(self) -> Producer {
        self.producer
    }
}

impl Drain {
    /// The producer of single rows, made when the first of them goes.
    pub(super) fn suspects(&mut self) -> Result<&Suspects, ProducerError> {
        let suspects = match self.suspects.take() {
            Some(suspects) => suspects,
            None => Suspects::new(&self.settings, self.batch_size())?,
        };
        Ok(self.suspects.insert(suspects))
    }

    /// Once posts go directly, no row is left that could be one.
    pub(super) async fn let_suspects_go(&mut self) {
        if self.gate.status().state == GateState::Direct
            && let Some(suspects) = self.suspects.take()
        {
            suspects.end().await;
        }
    }

    /// The row that was alone was refused: it is sent again with another time, or set aside. Gives
    /// what is to be done if neither can be.
    pub(super) fn refused_alone(
        &mut self,
        error: DeliveryError,
        row: RowId,
    ) -> Option<RestartReason> {
        let reason = RestartReason::Refused(error, row);
        let Some(suspects) = &mut self.suspects else { return Some(reason) };
        if !error.is_about_time() {
            if error.is_about_size() {
                self.topic.limit.doubt();
            }
            let trial = suspects.trial.take().filter(|trial| trial.row.id == row);
            let Some(trial) = trial else { return Some(reason) };
            self.set_aside(row, &trial.row.record, QuarantineReason::Refused(error));
            return None;
        }
        let trial = suspects.trial.as_ref().filter(|trial| trial.row.id == row);
        let Some(trial) = trial else { return Some(RestartReason::Unacked(error)) };
        let record = &trial.row.record;
        match self.topic.times.again(record, trial.time) {
            Retry::Time(time) => return self.try_again(time),
            // The clocks or the topic may be mended meanwhile.
            Retry::Nothing => return Some(RestartReason::Unacked(error)),
            Retry::Ask => {}
        }
        let (settings, record) = (self.settings.clone(), record.clone());
        let placement = self.topic.placement(&record, Some(trial.time));
        suspects.question.ask(move || time_question::ask(&settings, &record, placement));
        None
    }

    /// Takes in what the broker says of the times that it takes.
    pub(super) fn heed_answer(&mut self) -> Option<RestartReason> {
        let suspects = self.suspects.as_mut()?;
        let TimeAnswer(span) = suspects.answer.take()?;
        let trial = suspects.trial.as_ref()?;
        let next = match span {
            Some(span) => Some(trial.time.inside(span)),
            None => self.topic.times.guess(&trial.row.record, trial.time),
        };
        match next {
            Some(time) => self.try_again(time),
            None => Some(RestartReason::Unacked(DeliveryError::refused_time())),
        }
    }

    /// Sends the row that is alone with this time.
    fn try_again(&mut self, time: SendTime) -> Option<RestartReason> {
        let suspects = self.suspects.as_mut()?;
        let trial = suspects.trial.as_mut()?;
        let (row, record) = (trial.row.id, &trial.row.record);
        let placement = self.topic.placement(record, Some(time));
        match suspects.producer.enqueue(record, Headers::of(record), placement, row.ticket()) {
            Ok(()) => {
                trial.time = time;
                self.window.sent_again(row, time);
                None
            }
            Err(error) => Some(RestartReason::Unacked(error)),
        }
    }
}

/// Waits until reports of a single row may have come; none will while there is no producer for them.
pub(super) async fn raised(suspects: Option<&mut Suspects>) -> io::Result<()> {
    match suspects {
        Some(suspects) => suspects.raised().await,
        None => std::future::pending().await,
    }
}
