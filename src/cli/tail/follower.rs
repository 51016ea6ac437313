//! Follows a topic, on a thread that may block, and says on stderr what there is to say meanwhile.
//!
//! Promise: it looks several times a second whether it is to end. That a broker is away is said once,
//! and again only after something has come.

use crate::args::tail::FromFlag;
use crate::cli::bar::{BarLook, BarState};
use crate::cli::stderr::Stderr;
use crate::cli::tail::TailError;
use crate::cli::tail::comparison::Comparison;
use crate::cli::tail::printer::Printer;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::kafka::topic_reader::read_error::ReadError;
use crate::delivery::kafka::topic_reader::{Read, ReadFrom, TopicReader};
use indicatif::HumanCount;
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// One wait for a record.
const WAIT: Duration = Duration::from_millis(100);
/// Silence behind which it is said that a broker is away.
const SILENCE: Duration = Duration::from_secs(5);
/// Silence behind which the end of a topic is given up: longer than a leader's move takes.
const GIVE_UP: Duration = Duration::from_secs(30);
/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(100);

/// See the module.
pub(super) struct Follower<'a> {
    reader: TopicReader,
    topic: &'a str,
    stop: &'a CancellationToken,
    stderr: Stderr,
    /// When something came last.
    heard: Instant,
    is_said: bool,
    looked: Instant,
}

impl<'a> Follower<'a> {
    /// Begins to read.
    pub(super) fn open(
        settings: &Settings,
        topic: &'a str,
        from: ReadFrom,
        stop: &'a CancellationToken,
        stderr: Stderr,
    ) -> Result<Self, ReadError> {
        let reader = TopicReader::open(settings, topic, from)?;
        let now = Instant::now();
        Ok(Self { reader, topic, stop, stderr, heard: now, is_said: false, looked: now })
    }

    /// How many partitions there are.
    pub(super) fn partitions(&self) -> usize {
        self.reader.partitions()
    }

    /// Says on a terminal what is waited for: else it would look as if nothing happened.
    pub(super) fn announce(&self, from: FromFlag) {
        if io::stderr().is_terminal() && from == FromFlag::End {
            let partitions = self.partitions();
            self.stderr.say(&format_args!(
                "waiting for what comes to {}, {partitions} partitions (--from beginning shows what is there); Ctrl-C ends it",
                self.topic
            ));
        }
    }

    /// Shows what comes, until it is enough or nobody wants more.
    pub(super) fn follow(&mut self, printer: &mut Printer<'_>) -> Result<(), TailError> {
        while printer.is_open() && !printer.is_enough() && !self.stop.is_cancelled() {
            let wait = if printer.is_flushed() { WAIT } else { Duration::ZERO };
            match self.reader.read(wait, |record| printer.take(record))? {
                Read::Record => self.hear(),
                Read::Nothing => {
                    printer.flush();
                    self.say_if_away();
                }
            }
        }
        printer.flush();
        printer.failure().map_or(Ok(()), |error| Err(TailError::Output(error)))
    }

    /// Shows the ledger's other side all that is there. What comes from partitions that are read does
    /// not make it wait longer for the others.
    pub(super) fn read_to_end(&mut self, comparison: &mut Comparison) -> Result<(), TailError> {
        self.reader.leave_what_is_read()?;
        while self.reader.unread() > 0 {
            if self.stop.is_cancelled() {
                return Err(TailError::Unfinished);
            }
            let (unread, mut from) = (self.reader.unread(), None);
            self.reader.read(WAIT, |record| {
                from = Some(record.partition);
                comparison.see(record);
            })?;
            let is_less = self.reader.unread() < unread;
            if is_less {
                self.reader.leave_what_is_read()?;
            }
            if is_less || from.is_some_and(|partition| self.reader.is_unread(partition)) {
                self.hear();
            } else {
                self.say_if_away();
            }
            if self.heard.elapsed() >= GIVE_UP {
                let why = self.reader.last_words();
                return Err(TailError::Stalled {
                    unread: self.reader.unread(),
                    partitions: self.partitions(),
                    waited: GIVE_UP,
                    why: why.map(|why| format!(" ({why})")).unwrap_or_default(),
                });
            }
            self.show(comparison);
        }
        Ok(())
    }

    /// Takes the bar away, before what was found is shown.
    pub(super) fn clear(&self) {
        self.stderr.show(BarState::Over);
        self.stderr.end();
    }

    fn hear(&mut self) {
        self.heard = Instant::now();
        if self.is_said {
            self.is_said = false;
            self.reader.forget_words();
        }
    }

    fn say_if_away(&mut self) {
        if self.is_said || self.heard.elapsed() < SILENCE {
            return;
        }
        if let Some(why) = self.reader.last_words() {
            self.is_said = true;
            self.stderr.say(&format_args!("nothing comes, and a broker is not reached: {why}"));
        }
    }

    fn show(&mut self, comparison: &Comparison) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let (all, unread) = (self.partitions(), self.reader.unread());
        self.stderr.show(BarState::At {
            look: BarLook::Words,
            done: (all - unread) as u64,
            len: all as u64,
            message: format!(
                "{} records read for {} posts, {unread} of {all} partitions to go",
                HumanCount(comparison.records()),
                HumanCount(comparison.posts())
            ),
        });
    }
}
