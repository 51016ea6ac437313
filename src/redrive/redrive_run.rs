//! The work of a redrive: each dead letter is sent on, and done with once that is acked.
//!
//! Promise: that of [`crate::redrive`]. What it has done is told, however it ends. One that was to be
//! passed over and is not taken again ends the run, and is not done with: it was not meant.

use crate::delivery::kafka::group_reader::GroupReader;
use crate::delivery::kafka::group_reader::read_record::{Position, ReadRecord};
use crate::delivery::outbox::{Fate, Outbox};
use crate::delivery::topic::topic_config::TopicConfig;
use crate::redrive::committed::Committed;
use crate::redrive::letter::{Letter, Verdict};
use crate::redrive::redrive_error::RedriveError;
use crate::redrive::tally::Tally;
use crate::redrive::{RedriveEnd, RedriveOptions};
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
pub(super) struct RedriveRun {
    options: RedriveOptions,
    reader: GroupReader,
    outbox: Outbox<(Position, Sent)>,
    committed: Committed,
    tally: Tally,
    /// When something has last moved.
    moved: Instant,
}

impl RedriveRun {
    /// Makes the producer. Must be called inside a runtime.
    pub(super) fn new(
        options: RedriveOptions,
        reader: GroupReader,
        configs: Vec<(Arc<str>, TopicConfig)>,
    ) -> Result<Self, RedriveError> {
        let outbox = Outbox::new(&options.kafka, configs)?;
        let (committed, tally) = Default::default();
        Ok(Self { options, reader, outbox, committed, tally, moved: Instant::now() })
    }

    /// See [`crate::redrive::Redrive::run`].
    pub(super) async fn run(
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
        let joined = stop.run_until_cancelled(self.reader.join()).await;
        let Some(()) = joined.transpose()? else { return Ok(RedriveEnd::Asked) };
        self.moved = Instant::now();
        let len = self.reader.len();
        let ended = self.work(stop, &mut |done| show(done.min(len), len)).await;
        // Whatever has ended it: what is acked is done with.
        self.settle().await;
        let committed = self.commit().await;
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
                self.commit().await?;
                next_commit = Instant::now() + COMMIT;
            }
            let stall = self.options.stall_timeout;
            if self.moved.elapsed() >= stall {
                return Err(RedriveError::Stalled(stall));
            }
        }
        Ok(RedriveEnd::Done)
    }

    async fn commit(&mut self) -> Result<(), RedriveError> {
        let due = self.committed.due();
        self.reader.commit(&due).await?;
        self.committed.was_committed(&due);
        Ok(())
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

    /// Takes in what became of records: of all of them, also where one has failed.
    fn take_fates(&mut self) -> Result<(), RedriveError> {
        let mut first = Ok(());
        for ((position, sent), fate) in self.outbox.take() {
            self.moved = Instant::now();
            let taken = self.take_fate(position, sent, fate);
            first = first.and(taken);
        }
        first
    }

    fn take_fate(
        &mut self,
        position: Position,
        sent: Sent,
        fate: Fate,
    ) -> Result<(), RedriveError> {
        let dead_letters = || self.options.dead_letter_topic.clone();
        match (sent, fate) {
            (Sent::Notification(_), Fate::Failed(error)) => {
                return Err(RedriveError::Unacked { topic: self.options.topic.clone(), error });
            }
            (Sent::Left | Sent::PassedOver, Fate::Failed(error)) => {
                return Err(RedriveError::Unacked { topic: dead_letters(), error });
            }
            (Sent::Notification(letter), Fate::Refused(error)) => {
                tracing::debug!(%error, ?position, "the topic does not take a dead letter");
                self.leave(position, &letter);
                return Ok(());
            }
            (Sent::PassedOver, Fate::Refused(error)) => {
                return Err(RedriveError::NotTakenAgain { topic: dead_letters(), position, error });
            }
            // It stays where it is.
            (Sent::Left, Fate::Refused(error)) => {
                let topic = &*self.options.dead_letter_topic;
                tracing::warn!(topic, %error, ?position, "a dead letter stays where it is for good");
                self.tally.not_taken += 1;
            }
            (Sent::Notification(_), Fate::Acked) => self.tally.published += 1,
            (Sent::Left, Fate::Acked) => self.tally.left += 1,
            (Sent::PassedOver, Fate::Acked) => self.tally.passed_over += 1,
        }
        self.committed.done(position);
        Ok(())
    }

    /// Waits a moment for what is under way.
    async fn settle(&mut self) {
        let acks = async {
            while !self.outbox.is_empty() && self.outbox.raised().await.is_ok() {
                if let Err(error) = self.take_fates() {
                    tracing::debug!(%error, "a record has no ack in the end");
                }
            }
        };
        // What has no ack by then is looked at again by the next redrive.
        drop(timeout(LAST_ACKS, acks).await);
    }
}
