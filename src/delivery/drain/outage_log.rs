//! What the log says of an outage: where posts go, how far the drain is, what holds it up.
//!
//! Promise: one line for each change that lasts, and progress every few seconds. While no row is
//! released, a line says at most every [`PAUSE`] what holds the drain up. It decides nothing.

use crate::delivery::availability::health_report::HealthReport;
use crate::delivery::drain::progress::{Progress, ProgressLine};
use crate::delivery::drain::quarantine_log::{QuarantineLog, QuarantineReason};
use crate::delivery::drain::restart_reason::RestartReason;
use crate::delivery::gate::GateState;
use crate::delivery::shared_gate::GateStatus;
use crate::delivery::spool::error::AccessError;
use crate::delivery::spool::row::RowId;
use crate::error_chain::error_chain;
use std::time::{Duration, Instant};

/// Between two lines of what lasts for long.
const MINUTE: Duration = Duration::from_secs(60);
/// Between two lines on what holds it up, and how long rows are not taken before a line says so.
const PAUSE: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub(super) struct OutageLog {
    progress: Progress,
    posts: Posts,
    /// Since when they go there.
    turned: Instant,
    /// When it was logged that something holds it up, if that is not over.
    logged: Option<Instant>,
    /// When it was logged last that the drain starts over, and why.
    restarted: Option<(Instant, String)>,
    /// Since when rows have been under way without any being released.
    stuck_since: Option<Instant>,
    /// When that was logged last, if none was released since.
    stuck_logged: Option<Instant>,
    quarantined: QuarantineLog,
    /// When it was logged last that rows wait for a topic that is not shown.
    unshown: Option<Instant>,
}

/// Where posts go, as it was logged.
#[derive(Debug, PartialEq, Eq)]
enum Posts {
    ToKafka,
    ToDisk,
}

impl Posts {
    fn at(state: GateState) -> Self {
        match state {
            GateState::Direct => Self::ToKafka,
            GateState::Spooling | GateState::CatchingUp { .. } => Self::ToDisk,
        }
    }
}

impl OutageLog {
    /// From here on; whoever starts the drain logs what waits already.
    pub(super) fn new(state: GateState, now: Instant) -> Self {
        Self {
            progress: Progress::default(),
            posts: Posts::at(state),
            turned: now,
            logged: None,
            restarted: None,
            stuck_since: None,
            stuck_logged: None,
            quarantined: QuarantineLog::default(),
            unshown: None,
        }
    }

    /// The state of the gate, and the topic of the first row under way. That Kafka is away is
    /// logged elsewhere, and what it means at the start.
    pub(super) fn log(
        &mut self,
        status: GateStatus,
        topic: Option<&str>,
        kafka: &HealthReport,
        now: Instant,
    ) {
        let GateStatus { state, backlog } = status;
        self.quarantined.sum_up(now);
        let posts = Posts::at(state);
        if posts != self.posts {
            let after_seconds = now.saturating_duration_since(self.turned).as_secs();
            match posts {
                Posts::ToKafka => {
                    tracing::info!(after_seconds, "the spool is empty, posts go to kafka again");
                }
                Posts::ToDisk => match kafka {
                    HealthReport::Away { .. } => {}
                    HealthReport::Up
                    | HealthReport::Untried
                    | HealthReport::Doubted { .. }
                    | HealthReport::Unproven { .. } => tracing::warn!(
                        waiting = backlog,
                        after_seconds,
                        "posts are kept on disk until kafka has them all"
                    ),
                },
            }
            (self.posts, self.turned) = (posts, now);
        }
        match self.progress.line(backlog, now) {
            None => {}
            Some(ProgressLine::First) => {
                tracing::info!(topic, left = backlog, "draining the spool");
            }
            Some(ProgressLine::Further { rate, seconds_left }) => tracing::info!(
                topic,
                left = backlog,
                per_second = three_digits(rate),
                seconds_left = seconds_left.map(three_digits),
                "draining the spool"
            ),
        }
    }

    /// Rows were released.
    pub(super) fn released(&mut self, rows: u64, now: Instant) {
        self.progress.note(rows, now);
        (self.logged, self.stuck_since, self.stuck_logged) = (None, None, None);
    }

    /// Rows wait for a topic that the brokers do not show, and are quarantined in `left`.
    pub(super) fn unshown(
        &mut self,
        topic: &str,
        waiting: u64,
        left: Option<Duration>,
        now: Instant,
    ) {
        if self.unshown.is_none_or(|logged| logged + MINUTE <= now) {
            self.unshown = Some(now);
            let quarantined_in = left.map(|left| three_digits(left.as_secs_f64()));
            tracing::warn!(
                topic,
                waiting,
                quarantined_in,
                "records on disk wait for a topic that the brokers do not show"
            );
        }
    }

    /// They wait for no such topic.
    pub(super) fn all_shown(&mut self) {
        self.unshown = None;
    }

    /// Rows are under way, the first of them to this topic; nothing is known to be wrong with
    /// Kafka.
    pub(super) fn under_way(&mut self, topic: Option<&str>, waiting: u64, now: Instant) {
        let since = *self.stuck_since.get_or_insert(now);
        let due = self.stuck_logged.is_none_or(|logged| logged + MINUTE <= now);
        if since + PAUSE <= now && due {
            self.stuck_logged = Some(now);
            tracing::warn!(topic, waiting, "kafka is there and takes no record from the spool");
        }
    }

    /// None is under way, or Kafka is away.
    pub(super) fn not_stuck(&mut self) {
        self.stuck_since = None;
    }

    /// The drain starts over, or has done with a row that was refused. `topic` is the one of the
    /// first row that was under way.
    pub(super) fn reason(&mut self, reason: RestartReason, topic: Option<&str>) {
        match reason {
            RestartReason::Dead => self.start_over("fatal error of the producer", topic),
            // It is logged once a minute, and that rows are quarantined with each reason.
            RestartReason::Unacked(error) if error.is_about_topic() && self.unshown.is_some() => {}
            RestartReason::GivenUp | RestartReason::OldKeys => {}
            RestartReason::Unacked(error) => self.start_over(&error.to_string(), topic),
            RestartReason::Suspects(error, last) => {
                tracing::warn!(error = %error, %last, topic, "a batch was refused, its records are sent one by one");
            }
            RestartReason::Refused(error, row) => {
                self.quarantined(topic.unwrap_or_default(), row, &QuarantineReason::Refused(error));
            }
        }
    }

    /// A row is quarantined.
    pub(super) fn quarantined(&mut self, topic: &str, row: RowId, reason: &QuarantineReason) {
        self.quarantined.add(topic, row, reason, Instant::now());
    }

    /// The drain ends.
    pub(super) fn end(&mut self) {
        self.quarantined.end();
    }

    fn start_over(&mut self, error: &str, topic: Option<&str>) {
        let known = self
            .restarted
            .as_ref()
            .is_some_and(|(logged, why)| why == error && logged.elapsed() < MINUTE);
        if !known && self.is_due() {
            self.restarted = Some((Instant::now(), error.to_owned()));
            tracing::warn!(error, topic, "the drain starts over with a new producer");
        }
    }

    /// The disk failed in the attempt to do this.
    pub(super) fn disk_failed(&mut self, error: &AccessError, attempt: &'static str) {
        if self.is_due() {
            tracing::warn!(error = %error_chain(error), attempt, "the disk of the spool fails the drain");
        }
    }

    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = self.logged.is_none_or(|logged| logged + PAUSE <= now);
        if due {
            self.logged = Some(now);
        }
        due
    }
}

/// As all numbers of the log: with three digits behind the point.
fn three_digits(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
