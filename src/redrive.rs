//! Dead letters back to the topic of notifications: `hookbridge redrive`.
//!
//! Promise: a dead letter is done with, and committed, only once the record that it has become is
//! acked: the notification on the one topic, or itself again at the end of the other. So an end at
//! any moment loses nothing, and what was not committed is read again by the next one. It ends where
//! the topic ended at the start. A topic that keeps one record of each key gets none, unless the
//! operator insists.
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
mod redrive_run;

use crate::delivery::kafka::group_reader::GroupReader;
use crate::delivery::kafka::probe::config_of;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::topic::topic_config::{Compaction, TopicConfig, UnfitTopic};
use crate::redrive::letter::Letter;
use crate::redrive::redrive_error::RedriveError;
use crate::redrive::redrive_run::RedriveRun;
use crate::redrive::selection::Selection;
use crate::redrive::tally::{Survey, Tally};
use crate::webhook::notification::contract::Contract;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// What is to be done.
pub struct RedriveOptions {
    /// `--brokers` and its like
    pub kafka: Settings,
    /// `--topic`
    pub topic: Arc<str>,
    /// `--allow-compacted-topic`
    pub compaction: Compaction,
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

/// See the module.
pub struct Redrive {
    options: RedriveOptions,
    reader: GroupReader,
    /// Of both topics, as far as they are known.
    configs: Vec<(Arc<str>, TopicConfig)>,
}

impl Redrive {
    /// Looks where the group is, and how the topics are set. Must be called inside a runtime.
    pub async fn open(options: RedriveOptions) -> Result<Self, RedriveError> {
        let RedriveOptions { kafka, topic, dead_letter_topic, group, stall_timeout, .. } = &options;
        let reader = GroupReader::open(kafka, dead_letter_topic, group, *stall_timeout).await?;
        // Else each that passes would wait for it, and others lose a round meanwhile.
        reader.must_see(topic).await?;
        let mut configs = Vec::new();
        for topic in [topic, dead_letter_topic] {
            match config_of(kafka, topic).await {
                Some(config) => configs.push((topic.clone(), config)),
                None => {
                    tracing::warn!(%topic, "the settings of the topic are not known, and records keep their times");
                }
            }
        }
        let is_unfit = configs.iter().any(|(of, config)| of == topic && config.is_compacted_only());
        if is_unfit && options.compaction == Compaction::Refused {
            return Err(UnfitTopic::new(topic).into());
        }
        Ok(Self { options, reader, configs })
    }

    /// How many dead letters are to be looked at, about.
    pub fn len(&self) -> u64 {
        self.reader.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// Whether nothing is remembered of the group: all that is on the topic is looked at.
    pub fn begins_anew(&self) -> bool {
        self.reader.begins_anew()
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
        self,
        stop: &CancellationToken,
        show: impl FnMut(u64, u64),
    ) -> (Tally, Result<RedriveEnd, RedriveError>) {
        if self.is_empty() {
            return (Tally::default(), Ok(RedriveEnd::Done));
        }
        let Self { options, reader, configs } = self;
        match RedriveRun::new(options, reader, configs) {
            Ok(run) => run.run(stop, show).await,
            Err(error) => (Tally::default(), Err(error)),
        }
    }
}
