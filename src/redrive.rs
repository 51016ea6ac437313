//! Dead letters back to the topic of notifications: `hookbridge redrive`.
//!
//! Promise: a dead letter is done with, and committed, only once the record that it has become is
//! acked: the notification on the one topic, or itself again at the end of the other. So an end at
//! any moment loses nothing, and what was not committed is read again by the next one. It ends where
//! the topic ended at the start.
//!
//! ```text
//!              passes the rules of today ──▶ --topic, with its old id and time of receipt
//!  dead letter ─┤ does not                ──▶ the end of its topic, with its rounds + 1
//!              ├ does not, for the last time ─▶ stays where it is
//!              └ is not selected          ──▶ the end of its topic, as it is
//! ```

pub mod redrive_error;
pub mod selection;
pub mod tally;

mod committed;
mod letter;

use crate::delivery::kafka::group_reader::GroupReader;
use crate::delivery::kafka::group_reader::read_record::{Position, ReadRecord};
use crate::delivery::kafka::settings::Settings;
use crate::delivery::outbox::{Fate, Outbox};
use crate::redrive::committed::Committed;
use crate::redrive::letter::{Letter, Verdict};
use crate::redrive::redrive_error::RedriveError;
use crate::redrive::selection::Selection;
use crate::redrive::tally::{Survey, Tally};
use crate::webhook::notification::contract::Contract;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Between two commits, at most.
const COMMIT: Duration = Duration::from_secs(1);
/// Dead letters between two commits, at most: as many are repeated behind a sudden end.
const COMMIT_RECORDS: usize = 2000;
/// Offsets from the first that is not done to the last that was begun, at most: as many are repeated,
/// too.
const SPREAD: i64 = 2000;
/// Between looks at how far it is.
const LOOK: Duration = Duration::from_millis(50);
/// How long an end that was asked for waits for acks: many round trips.
const LAST_ACKS: Duration = Duration::from_secs(5);

/// What is to be done.
pub struct RedriveOptions {
    /// `--brokers` and its like
    pub kafka: Settings,
    /// `--topic`
    pub topic: Arc<str>,
    /// `--dead-letter-topic`
    pub dead_letter_topic: Arc<str>,
    /// `--group`
    pub group: String,
    /// `--validation`, `--unknown-events`
    pub contract: Contract,
    /// `--code`, `--app-id`, `--since`
    pub selection: Selection,
    /// `--rounds`
    pub rounds: NonZeroU32,
    /// `--timeout`
    pub stall_timeout: Duration,
}

/// Why it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedriveEnd {
    /// All were looked at.
    Done,
    /// It was asked to.
    Asked,
}

/// What a record in the outbox stands for.
#[derive(Debug)]
enum Sent {
    /// A dead letter that passes: on its way as a notification.
    Notification(Box<Letter>),
    /// One that does not, on its way to the end of its topic.
    Left,
    /// The same of one that is not selected.
    PassedOver,
}

/// See the module.
pub struct Redrive {
    options: RedriveOptions,
    reader: GroupReader,
    outbox: Outbox<(Position, Sent)>,
    committed: Committed,
    tally: Tally,
    /// When something has last moved.
    moved: Instant,
}

impl Redrive {
    /// Looks where the group is. Must be called inside a runtime.
    pub async fn open(options: RedriveOptions) -> Result<Self, RedriveError> {
        let RedriveOptions { kafka, dead_letter_topic, group, .. } = &options;
        let reader = GroupReader::open(kafka, dead_letter_topic, group).await?;
        let outbox = Outbox::new(kafka)?;
        let (committed, tally) = Default::default();
        Ok(Self { options, reader, outbox, committed, tally, moved: Instant::now() })
    }

    /// How many dead letters are to be looked at, about.
    pub fn len(&self) -> u64 {
        self.reader.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// Counts what a redrive would do, and changes nothing; `show` is told how far it is.
    pub async fn survey(
        mut self,
        stop: &CancellationToken,
        mut show: impl FnMut(u64, u64),
    ) -> Result<(Survey, RedriveEnd), RedriveError> {
        let (mut survey, len, mut done) = (Survey::default(), self.len(), 0);
        self.reader.assign()?;
        loop {
            let stall = self.options.stall_timeout;
            let next = stop.run_until_cancelled(timeout(stall, self.reader.next())).await;
            let Some(next) = next else { return Ok((survey, RedriveEnd::Asked)) };
            let Some(record) = next.map_err(|_| RedriveError::Stalled(stall))?? else {
                return Ok((survey, RedriveEnd::Done));
            };
            done += 1;
            if let Some(letter) = Letter::of(record)
                && self.options.selection.takes(&letter)
            {
                survey.add(&letter, letter.judge(self.options.contract));
            }
            show(done.min(len), len);
        }
    }

    /// Redrives until all were looked at that were there at the start, or until `stop`. Gives what it
    /// has done, however it ended.
    pub async fn run(
        mut self,
        stop: &CancellationToken,
        show: impl FnMut(u64, u64),
    ) -> (Tally, Result<RedriveEnd, RedriveError>) {
        let ended = self.redrive(stop, show).await;
        (self.tally, ended)
    }

    async fn redrive(
        &mut self,
        stop: &CancellationToken,
        mut show: impl FnMut(u64, u64),
    ) -> Result<RedriveEnd, RedriveError> {
        if self.is_empty() {
            return Ok(RedriveEnd::Done);
        }
        let joined = stop.run_until_cancelled(self.reader.join()).await;
        let Some(()) = joined.transpose()? else { return Ok(RedriveEnd::Asked) };
        self.moved = Instant::now();
        let len = self.len();
        let ended = self.work(stop, &mut |done| show(done.min(len), len)).await;
        // Whatever has ended it: what is acked is done with.
        self.settle().await;
        let committed = self.reader.commit(&self.committed.due()).await;
        let end = ended?;
        committed?;
        Ok(end)
    }

    async fn work(
        &mut self,
        stop: &CancellationToken,
        show: &mut impl FnMut(u64),
    ) -> Result<RedriveEnd, RedriveError> {
        let (mut is_read, mut next_commit) = (false, Instant::now() + COMMIT);
        while !(is_read && self.outbox.is_empty()) {
            tokio::select! {
                () = stop.cancelled() => return Ok(RedriveEnd::Asked),
                next = self.reader.next(), if !is_read && self.has_room() => match next? {
                    Some(record) => self.take(record),
                    None => is_read = true,
                },
                raised = self.outbox.raised() => raised.map_err(RedriveError::Reports)?,
                () = sleep(LOOK) => {}
            }
            self.take_fates()?;
            show(self.tally.looked_at());
            if next_commit <= Instant::now() || self.committed.pending() >= COMMIT_RECORDS {
                self.reader.commit(&self.committed.due()).await?;
                next_commit = Instant::now() + COMMIT;
            }
            let stall = self.options.stall_timeout;
            if self.moved.elapsed() >= stall {
                return Err(RedriveError::Stalled(stall));
            }
        }
        Ok(RedriveEnd::Done)
    }

    fn has_room(&self) -> bool {
        self.outbox.has_room() && self.committed.spread() < SPREAD
    }

    /// Sends a dead letter on, or leaves it.
    fn take(&mut self, record: ReadRecord) {
        self.moved = Instant::now();
        let position = record.position;
        self.committed.begun(position);
        let Some(letter) = Letter::of(record) else {
            self.tally.foreign += 1;
            return self.committed.done(position);
        };
        if !self.options.selection.takes(&letter) {
            let record = letter.again(self.options.dead_letter_topic.clone(), letter.rounds());
            return self.outbox.send((position, Sent::PassedOver), record);
        }
        match letter.judge(self.options.contract) {
            Verdict::Passes => match letter.redriven(&self.options) {
                Some(record) => {
                    self.outbox.send((position, Sent::Notification(Box::new(letter))), record);
                }
                None => self.leave(position, &letter),
            },
            Verdict::Fails => self.leave(position, &letter),
        }
    }

    /// It goes to the end of its topic, unless this was its last round.
    fn leave(&mut self, position: Position, letter: &Letter) {
        let rounds = letter.rounds().saturating_add(1);
        if rounds >= self.options.rounds.get() {
            self.tally.for_good += 1;
            return self.committed.done(position);
        }
        let record = letter.again(self.options.dead_letter_topic.clone(), rounds);
        self.outbox.send((position, Sent::Left), record);
    }

    fn take_fates(&mut self) -> Result<(), RedriveError> {
        for ((position, sent), fate) in self.outbox.take() {
            self.moved = Instant::now();
            match (sent, fate) {
                (sent, Fate::Failed(error)) => {
                    let topic = match sent {
                        Sent::Notification(_) => &self.options.topic,
                        Sent::Left | Sent::PassedOver => &self.options.dead_letter_topic,
                    };
                    return Err(RedriveError::Unacked { topic: topic.clone(), error });
                }
                (Sent::Notification(letter), Fate::Refused(error)) => {
                    tracing::debug!(%error, ?position, "the topic does not take a dead letter");
                    self.leave(position, &letter);
                    continue;
                }
                // It stays where it is.
                (Sent::Left | Sent::PassedOver, Fate::Refused(error)) => {
                    let topic = &*self.options.dead_letter_topic;
                    tracing::warn!(topic, %error, ?position, "a dead letter stays where it is for good");
                    self.tally.for_good += 1;
                }
                (Sent::Notification(_), Fate::Acked) => self.tally.published += 1,
                (Sent::Left, Fate::Acked) => self.tally.left += 1,
                (Sent::PassedOver, Fate::Acked) => self.tally.passed_over += 1,
            }
            self.committed.done(position);
        }
        Ok(())
    }

    /// Waits a moment for what is under way.
    async fn settle(&mut self) {
        let acks = async {
            while !self.outbox.is_empty() {
                if self.outbox.raised().await.is_err() || self.take_fates().is_err() {
                    return;
                }
            }
        };
        // What has no ack by then is looked at again by the next redrive.
        drop(timeout(LAST_ACKS, acks).await);
    }
}
