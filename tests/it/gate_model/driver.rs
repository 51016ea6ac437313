//! The gate as its callers drive it: rightly, or with the mistake of a design.

use crate::gate_model::design::Design;
use hookbridge::delivery::gate::admission::{Admission, Way};
use hookbridge::delivery::gate::{Gate, GateState};
use std::time::Instant;

#[derive(Debug)]
pub(super) struct Driver {
    gate: Gate,
    design: Design,
    /// Rows that the gate does not count; they are the oldest.
    forgotten: u64,
    /// Failures that the gate is still to hear of.
    overdue: u64,
    /// Ends of appends and releases that it has not heard of yet.
    ends: u64,
    releases: u64,
    /// The highest row that was counted as released when it was sent.
    last_sent: u64,
}

impl Driver {
    /// The gate of a process that starts with this many rows.
    pub(super) fn start(design: Design, rows: u64) -> Self {
        let forgotten = if design == Design::RowsForgotten { rows } else { 0 };
        let mut gate = Gate::new(rows - forgotten);
        if design == Design::NeverCatchesUp {
            gate.stop();
        }
        let (overdue, ends, releases, last_sent) = (0, 0, 0, 0);
        Self { gate, design, forgotten, overdue, ends, releases, last_sent }
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) fn post(&mut self, now: Instant) -> Admission {
        let admission = self.gate.post(now);
        if admission == Admission::Go(Way::Spool) {
            self.append_begun(now);
        }
        admission
    }

    pub(super) fn unpark(&mut self, now: Instant) -> Way {
        let way = self.gate.unpark();
        if way == Way::Spool {
            self.append_begun(now);
        }
        way
    }

    pub(super) fn unacked(&mut self, now: Instant) {
        if self.design == Design::FailureToldLate {
            self.overdue += 1;
        } else {
            self.gate.unacked(now);
            self.append_begun(now);
        }
    }

    /// The caller that was late with a failure gets round to it.
    pub(super) fn catch_up(&mut self, now: Instant) {
        for _ in 0..std::mem::take(&mut self.overdue) {
            self.gate.unacked(now);
        }
        self.settle_accounts(now);
    }

    pub(super) fn committed(&mut self, appends: u64, now: Instant) {
        if self.design == Design::PendingIgnored {
            if self.gate.state() == GateState::Direct {
                self.forgotten += appends;
                return;
            }
            for _ in 0..appends {
                self.gate.unacked(now);
            }
        }
        self.ends += appends;
        self.settle_accounts(now);
    }

    pub(super) fn append_failed(&mut self, appends: u64, now: Instant) {
        if self.design != Design::PendingIgnored {
            self.catch_up(now);
            self.gate.append_failed(appends, now);
        }
    }

    /// The row is on its way.
    pub(super) fn sent(&mut self, row: u64, now: Instant) {
        if self.design == Design::ReleasedWhenSent && row > self.last_sent {
            self.last_sent = row;
            self.releases += 1;
            self.settle_accounts(now);
        }
    }

    pub(super) fn released(&mut self, rows: u64, now: Instant) {
        let forgotten = rows.min(self.forgotten);
        self.forgotten -= forgotten;
        if self.design != Design::ReleasedWhenSent {
            self.releases += rows - forgotten;
            self.settle_accounts(now);
        }
    }

    pub(super) fn drain_acked(&mut self, now: Instant) {
        self.gate.drain_acked(now);
    }

    pub(super) fn drain_fault(&mut self, now: Instant) {
        self.gate.drain_fault(now);
    }

    pub(super) fn known_away(&mut self, now: Instant) {
        self.gate.known_away(now);
    }

    pub(super) fn known_back(&mut self, now: Instant) {
        if self.design != Design::ReturnUntold {
            self.gate.known_back(now);
        }
    }

    pub(super) fn tick(&mut self, now: Instant) {
        if self.design != Design::NeverTicks {
            self.gate.tick(now);
        }
    }

    pub(super) fn stop(&mut self) {
        self.gate.stop();
    }

    fn append_begun(&mut self, now: Instant) {
        if self.design == Design::PendingIgnored {
            self.gate.append_failed(1, now);
        }
    }

    /// Reports to the gate ends and releases. Where a mistake lets them come before their beginning,
    /// only what the gate can take by now: the mistake is to show in the world, not in the gate's
    /// own checks.
    fn settle_accounts(&mut self, now: Instant) {
        let (mut ends, mut releases) = (self.ends, self.releases);
        if self.design.tells_too_early() {
            ends = ends.min(self.gate.pending());
            releases = releases.min(self.gate.backlog() - (self.gate.pending() - ends));
        }
        self.ends -= ends;
        self.releases -= releases;
        if ends > 0 {
            self.gate.committed(ends);
        }
        if releases > 0 {
            self.gate.released(releases, now);
        }
    }
}
