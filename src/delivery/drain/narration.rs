//! What the operator is told of an outage: where posts go, how far the drain is, what troubles it.
//!
//! Promise: one line for each change that lasts, progress every few seconds, and trouble at most
//! every [`PAUSE`] while no row is released. It decides nothing.

use crate::chain::chain;
use crate::delivery::availability::report::Report;
use crate::delivery::crossing::Standing;
use crate::delivery::drain::progress::Progress;
use crate::delivery::drain::set_aside::{Reason, SetAside};
use crate::delivery::drain::setback::Setback;
use crate::delivery::gate::State;
use crate::delivery::spool::error::AccessError;
use crate::delivery::spool::row::RowId;
use std::time::{Duration, Instant};

/// Between two lines of trouble.
const PAUSE: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub(super) struct Narration {
    progress: Progress,
    posts: Posts,
    /// When trouble was told that is not over.
    told: Option<Instant>,
    /// Since when rows have been under way without any being released.
    stuck_since: Option<Instant>,
    set_aside: SetAside,
}

/// Where posts go, as it was told.
#[derive(Debug, PartialEq, Eq)]
enum Posts {
    ToKafka,
    ToDisk,
}

impl Posts {
    fn at(state: State) -> Self {
        match state {
            State::Direct => Self::ToKafka,
            State::Spooling | State::Closing { .. } => Self::ToDisk,
        }
    }
}

impl Narration {
    /// From here on; whoever starts the drain tells what waits already.
    pub(super) fn new(state: State) -> Self {
        Self {
            progress: Progress::default(),
            posts: Posts::at(state),
            told: None,
            stuck_since: None,
            set_aside: SetAside::default(),
        }
    }

    /// This is how it stands, and which topic the first row under way is for. That Kafka is away is told
    /// elsewhere, and what it means at the start.
    pub(super) fn tell(
        &mut self,
        standing: Standing,
        topic: Option<&str>,
        kafka: &Report,
        now: Instant,
    ) {
        let Standing { state, backlog } = standing;
        self.set_aside.tell(now);
        let posts = Posts::at(state);
        if posts != self.posts {
            match posts {
                Posts::ToKafka => tracing::info!("the spool is empty, posts go to kafka again"),
                Posts::ToDisk => match kafka {
                    Report::Away { .. } => {}
                    Report::Up
                    | Report::Untried
                    | Report::Doubted { .. }
                    | Report::Unproven { .. } => tracing::warn!(
                        waiting = backlog,
                        "posts are kept on disk until kafka has them all"
                    ),
                },
            }
            self.posts = posts;
        }
        if let Some(line) = self.progress.line(backlog, now) {
            tracing::info!(
                topic,
                left = backlog,
                per_second = line.rate.round(),
                seconds_left = line.seconds_left.round(),
                "draining the spool"
            );
        }
    }

    /// Rows were released.
    pub(super) fn released(&mut self, rows: u64, now: Instant) {
        self.progress.note(rows, now);
        (self.told, self.stuck_since) = (None, None);
    }

    /// Rows are under way, the first of them to this topic; nothing is known to be wrong with Kafka.
    pub(super) fn under_way(&mut self, topic: Option<&str>, waiting: u64, now: Instant) {
        let since = *self.stuck_since.get_or_insert(now);
        if since + PAUSE <= now && self.is_due() {
            tracing::warn!(topic, waiting, "kafka is there and takes no record from the spool");
        }
    }

    /// None is under way, or Kafka is away.
    pub(super) fn not_stuck(&mut self) {
        self.stuck_since = None;
    }

    /// The drain starts over, or has done with a row that was refused. `topic` is the one of the
    /// first row that was under way.
    pub(super) fn setback(&mut self, setback: Setback, topic: Option<&str>) {
        match setback {
            Setback::Dead => self.start_over("fatal error of the producer", topic),
            Setback::Unacked(fault) => self.start_over(&fault.to_string(), topic),
            Setback::Suspects(fault, last) => {
                tracing::warn!(error = %fault, %last, topic, "a batch was refused, its records are sent one by one");
            }
            Setback::Refused(fault, row) => {
                self.set_aside(topic.unwrap_or_default(), row, &Reason::Refused(fault));
            }
        }
    }

    /// A row is set aside.
    pub(super) fn set_aside(&mut self, topic: &str, row: RowId, reason: &Reason) {
        self.set_aside.add(topic, row, reason, Instant::now());
    }

    /// The drain ends.
    pub(super) fn end(&mut self) {
        self.set_aside.end();
    }

    fn start_over(&mut self, error: &str, topic: Option<&str>) {
        if self.is_due() {
            tracing::warn!(error, topic, "the drain starts over with a new producer");
        }
    }

    /// The disk failed in the attempt to do this.
    pub(super) fn disk_failed(&mut self, error: &AccessError, attempt: &'static str) {
        if self.is_due() {
            tracing::warn!(error = %chain(error), attempt, "the disk of the spool fails the drain");
        }
    }

    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = self.told.is_none_or(|told| told + PAUSE <= now);
        if due {
            self.told = Some(now);
        }
        due
    }
}
