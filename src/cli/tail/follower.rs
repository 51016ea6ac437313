//! Follows a topic, on a thread that may block, and says on stderr what there is to say meanwhile.
//!
//! Promise: it looks several times a second whether it is to end. That a broker is away is said once,
//! and again only after something has come.

use crate::args::tail::FromFlag;
use crate::cli::bar::{BarLook, BarState};
use crate::cli::pace::Pace;
use crate::cli::stderr::Stderr;
use crate::cli::tail::TailError;
use crate::cli::tail::comparison::Comparison;
use crate::cli::tail::printer::Printer;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::kafka::topic_reader::read_error::ReadError;
use crate::delivery::kafka::topic_reader::{Read, ReadFrom, TopicReader, Wanted};
use crate::delivery::kafka::topic_record::TopicRecord;
use indicatif::HumanCount;
use std::fmt::Display;
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
    look: Pace,
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
        let look = Pace::new(LOOK);
        Ok(Self { reader, topic, stop, stderr, heard: Instant::now(), is_said: false, look })
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
                "waiting for what comes to {}, {partitions} partitions (--until-end shows what is there); Ctrl-C ends it",
                self.topic
            ));
        }
    }

    /// Shows what comes, until it is enough or nobody wants more.
    pub(super) fn follow(&mut self, printer: &mut Printer<'_>) -> Result<(), TailError> {
        while printer.wants_more() && !self.stop.is_cancelled() {
            let wait = if printer.is_flushed() { WAIT } else { Duration::ZERO };
            match self.reader.read(wait, Wanted::All, |record| printer.take(record))? {
                Read::Record => self.hear(),
                Read::Nothing => {
                    printer.flush();
                    self.say_if_away();
                }
            }
        }
        printer.end().map_err(TailError::Output)
    }

    /// The same of what is there, up to the end.
    pub(super) fn follow_to_end(&mut self, printer: &mut Printer<'_>) -> Result<(), TailError> {
        self.reader.leave_what_is_read()?;
        let mut ended = Ok(());
        while ended.is_ok() && printer.wants_more() && self.reader.unread() > 0 {
            let wait = if printer.is_flushed() { WAIT } else { Duration::ZERO };
            match self.read_towards_end(wait, |record| printer.take(record)) {
                Ok(Read::Record) => {}
                Ok(Read::Nothing) => printer.flush(),
                Err(error) => ended = Err(error),
            }
        }
        // What was read is shown, whatever ended it.
        printer.end().map_err(TailError::Output).and(ended)
    }

    /// Shows the ledger's other side all that is there.
    pub(super) fn read_to_end(&mut self, comparison: &mut Comparison) -> Result<(), TailError> {
        self.reader.leave_what_is_read()?;
        while self.reader.unread() > 0 {
            self.read_towards_end(WAIT, |record| comparison.see(record))?;
            self.show(comparison);
        }
        Ok(())
    }

    /// One step to where the topic ended at the start. What comes from partitions that are read does
    /// not make it wait longer for the others.
    fn read_towards_end(
        &mut self,
        wait: Duration,
        take: impl FnOnce(&TopicRecord<'_>),
    ) -> Result<Read, TailError> {
        if self.stop.is_cancelled() {
            return Err(TailError::Unfinished);
        }
        let unread = self.reader.unread();
        let read = self.reader.read(wait, Wanted::ThereAtStart, take)?;
        let is_less = self.reader.unread() < unread;
        if is_less {
            self.reader.leave_what_is_read()?;
        }
        if is_less || read == Read::Record {
            self.hear();
        } else {
            self.say_if_away();
        }
        if self.heard.elapsed() < GIVE_UP {
            return Ok(read);
        }
        let why = self.reader.last_words();
        Err(TailError::Stalled {
            unread: self.reader.unread(),
            partitions: self.partitions(),
            waited: GIVE_UP,
            why: why.map(|why| format!(" ({why})")).unwrap_or_default(),
        })
    }

    /// Takes the bar away, before what was found is shown.
    pub(super) fn clear(&self) {
        self.stderr.show(BarState::Over);
        self.stderr.end();
    }

    /// Says a line in plain words.
    pub(super) fn say(&self, text: &dyn Display) {
        self.stderr.say(text);
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
        if !self.look.is_due() {
            return;
        }
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
