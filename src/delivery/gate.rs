//! The gate between Kafka and the spool: where a post goes, so that none overtakes an older one.
//!
//! Promises, as long as it hears the truth:
//! - In [`GateState::Direct`] the spool is empty and nothing is on its way there, so that no record
//!   sent to Kafka overtakes one that was answered before it was posted.
//! - Once Kafka acks, the gate comes back to `Direct`, also while posts keep coming, as long as the
//!   drain is faster than they are and a commit takes less than a quarter of [`CATCH_UP_LIMIT`].
//! - A parked post may go on after [`CATCH_UP_LIMIT`] at the latest.
//!
//! A plain value that gets the time; a call costs the same whatever waits. It does no I/O, holds
//! no records, and wakes nobody: its caller compares [`Gate::catch_ups_ended`].
//!
//! ```text
//!           unacked, away                  the drain acks, the rest is in sight
//!   Direct ---------------> Spooling ---------------------------------------> CatchingUp
//!     ^ ^                     |  ^                                             |  |
//!     | +---- backlog = 0 ----+  +-- time over, parking full, fault, stopped --+  |
//!     +------------------------------ backlog = 0 --------------------------------+
//! ```
//!
//! Why `CatchingUp`: under steady posts some append is always under way, and the backlog is never
//! zero unless the posts stop for a moment. They are parked, not refused.
//!
//! Why the order holds: a record that failed directly counts as backlog from before its answer on.
//! So every later post goes behind it. What is parked, under way or not yet committed is not
//! answered, and unanswered posts have no order among each other. `tests/it/gate_model.rs` shows it.

pub mod admission;
mod drain_rate;
#[cfg(test)]
mod tests;

use crate::delivery::gate::admission::{Admission, Way};
use crate::delivery::gate::drain_rate::DrainRate;
use std::time::{Duration, Instant};

/// How long posts are parked at most (`docs/performance.md#what-each-default-was-chosen-by`).
pub const CATCH_UP_LIMIT: Duration = Duration::from_millis(200);
/// After catching up has failed: on a cold broker several would fail in a row.
const REST: Duration = Duration::from_secs(1);
/// How old the drain's last ack may be for Kafka to count as there: many round trips.
const ACK_FRESH: Duration = Duration::from_millis(300);
/// A backlog that is always in sight: one window of the drain.
const IN_SIGHT: u64 = 256;
/// Posts that may be parked: as many as the default `--max-connections`. Busy senders would fill
/// less the moment that a commit answers them, every time.
const PARKED_MOST: usize = 4096;

/// Where posts go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GateState {
    /// To Kafka.
    #[default]
    Direct,
    /// To the spool, which the drain empties.
    Spooling,
    /// Nowhere until the spool is empty, which is expected in a moment.
    CatchingUp {
        /// When it is given up.
        until: Instant,
    },
}

/// The one gate of the bridge, shared by its event loops and the drain.
#[derive(Debug, Default)]
pub struct Gate {
    state: GateState,
    /// Rows of the spool, and appends decided and not yet ended: what is to reach Kafka before a
    /// new post may go there.
    backlog: u64,
    /// Appends decided whose end is not known yet.
    pending: u64,
    /// Posts that are parked, or may go on and have not yet asked.
    parked: usize,
    /// Kafka is known to be away; only while `Spooling`.
    away: bool,
    stopping: bool,
    last_ack: Option<Instant>,
    rest_until: Option<Instant>,
    rate: DrainRate,
    catch_ups_ended: u64,
}

impl Gate {
    /// The gate in front of a spool that holds `rows` rows.
    pub fn new(rows: u64) -> Self {
        let state = if rows == 0 { GateState::Direct } else { GateState::Spooling };
        Self { state, backlog: rows, ..Self::default() }
    }

    /// A post has come.
    pub fn post(&mut self, now: Instant) -> Admission {
        self.tick(now);
        match self.state {
            GateState::CatchingUp { .. } if self.parked < PARKED_MOST => {
                self.parked += 1;
                return Admission::Park;
            }
            GateState::CatchingUp { .. } => self.give_up(now),
            GateState::Direct | GateState::Spooling => {}
        }
        Admission::Go(self.way())
    }

    /// A parked post goes on. It is not parked again, even if the gate is catching up once more.
    pub fn unpark(&mut self) -> Way {
        let parked = self.parked.checked_sub(1);
        self.parked = parked.expect("only a post that was parked leaves");
        self.way()
    }

    /// A record that went directly was not acked: reported as failed, refused by a dead producer,
    /// or late by the bridge's own timer. The caller appends it, as for [`Way::Spool`].
    pub fn unacked(&mut self, now: Instant) {
        self.turn_to_spool(now);
        self.begin_append();
    }

    /// Kafka is known to be away: posts go to the spool without trying it first. To be called with
    /// every probe that fails; it holds until [`Gate::known_back`] or an ack of the drain.
    pub fn known_away(&mut self, now: Instant) {
        self.turn_to_spool(now);
        self.away = true;
    }

    /// Kafka is there again, by a probe or an ack of the direct producer. To be called with each of
    /// them while the gate is not `Direct`: where nothing was spooled no ack of the drain will
    /// come.
    pub fn known_back(&mut self, now: Instant) {
        self.away = false;
        self.settle(now);
    }

    /// Appends are durable. The drain may have seen and even released their rows before.
    pub fn committed(&mut self, appends: u64) {
        self.end_appends(appends);
    }

    /// Appends left nothing in the spool.
    pub fn append_failed(&mut self, appends: u64, now: Instant) {
        self.end_appends(appends);
        self.shrink(appends);
        self.settle(now);
    }

    /// The drain's records were acked: the best proof that Kafka is there.
    pub fn drain_acked(&mut self, now: Instant) {
        self.last_ack = Some(now);
        self.away = false;
        self.settle(now);
    }

    /// The drain starts over: a fatal error, or a report of failure.
    pub fn drain_fault(&mut self, now: Instant) {
        self.last_ack = None;
        match self.state {
            GateState::CatchingUp { .. } => self.give_up(now),
            GateState::Direct | GateState::Spooling => {}
        }
    }

    /// Rows that were not counted are in the spool: taken over from a damaged file.
    pub fn found(&mut self, rows: u64, now: Instant) {
        self.backlog += rows;
        self.turn_to_spool(now);
    }

    /// Rows are no longer in the spool's queue: deleted after their acks, or quarantined.
    pub fn released(&mut self, rows: u64, now: Instant) {
        self.shrink(rows);
        self.rate.note(rows, now);
        self.settle(now);
    }

    /// Ends catching up whose time is over; to be called at [`Gate::next_deadline`], by anyone.
    pub fn tick(&mut self, now: Instant) {
        match self.state {
            GateState::CatchingUp { until } if until <= now => self.give_up(now),
            GateState::CatchingUp { .. } | GateState::Direct | GateState::Spooling => {}
        }
    }

    /// When [`Gate::tick`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            GateState::CatchingUp { until } => Some(until),
            GateState::Direct | GateState::Spooling => None,
        }
    }

    /// The bridge is ending: nothing is parked any more.
    pub fn stop(&mut self) {
        self.stopping = true;
        match self.state {
            GateState::CatchingUp { .. } => self.enter(GateState::Spooling),
            GateState::Direct | GateState::Spooling => {}
        }
    }

    /// Where posts go now.
    pub fn state(&self) -> GateState {
        self.state
    }

    /// Rows, and appends under way.
    pub fn backlog(&self) -> u64 {
        self.backlog
    }

    /// Appends under way.
    pub fn pending(&self) -> u64 {
        self.pending
    }

    /// Posts that are parked, or may go on and have not yet asked.
    pub fn parked(&self) -> usize {
        self.parked
    }

    /// How many catch-ups have ended, either way. Whoever keeps parked posts lets them all go when
    /// it is no longer what it was when the first of them was parked.
    pub fn catch_ups_ended(&self) -> u64 {
        self.catch_ups_ended
    }

    /// Where a record goes that is not parked; the spool's is counted.
    pub fn way(&mut self) -> Way {
        match self.state {
            GateState::Direct => Way::Direct,
            GateState::Spooling | GateState::CatchingUp { .. } => {
                self.begin_append();
                Way::Spool
            }
        }
    }

    fn begin_append(&mut self) {
        self.pending += 1;
        self.backlog += 1;
    }

    /// A count below zero means that a caller is wrong and would break the order in silence:
    /// the process must end, and the next one counts the rows anew.
    fn end_appends(&mut self, appends: u64) {
        let pending = self.pending.checked_sub(appends);
        self.pending = pending.expect("only an append that was begun ends");
    }

    fn shrink(&mut self, rows: u64) {
        let backlog = self.backlog.checked_sub(rows);
        self.backlog = backlog.expect("only what was counted leaves the backlog");
    }

    /// The transitions that nobody asks for by name.
    fn settle(&mut self, now: Instant) {
        match self.state {
            GateState::Spooling if self.backlog == 0 && !self.away => self.enter(GateState::Direct),
            GateState::Spooling if self.may_catch_up(now) => {
                self.enter(GateState::CatchingUp { until: now + CATCH_UP_LIMIT });
            }
            GateState::CatchingUp { .. } if self.backlog == 0 => self.enter(GateState::Direct),
            GateState::Direct | GateState::Spooling | GateState::CatchingUp { .. } => {}
        }
    }

    /// Whether the drain will be done within [`CATCH_UP_LIMIT`], as far as is known.
    fn may_catch_up(&self, now: Instant) -> bool {
        let acks = self.last_ack.is_some_and(|at| now < at + ACK_FRESH);
        let rested = self.rest_until.is_none_or(|until| until <= now);
        let in_sight = self.backlog <= self.rate.rows(now).max(IN_SIGHT);
        acks && rested && in_sight && !self.away && !self.stopping
    }

    /// From now on every later post goes behind what is counted.
    fn turn_to_spool(&mut self, now: Instant) {
        match self.state {
            GateState::Direct => self.enter(GateState::Spooling),
            GateState::CatchingUp { .. } => self.give_up(now),
            GateState::Spooling => {}
        }
    }

    /// Catching up has failed.
    fn give_up(&mut self, now: Instant) {
        self.rest_until = Some(now + REST);
        self.enter(GateState::Spooling);
    }

    fn enter(&mut self, state: GateState) {
        if let GateState::CatchingUp { .. } = self.state {
            self.catch_ups_ended += 1;
        }
        self.state = state;
        debug_assert!(self.state != GateState::Direct || self.backlog == 0, "{self:?}");
        debug_assert!(self.state == GateState::Spooling || !self.away, "{self:?}");
    }
}
