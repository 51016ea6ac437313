//! The gate and the spool behind it, shared by the event loops, the drain and the admin port.
//!
//! Promise: the gate hears of everything in the order in which it happens, and whoever keeps
//! parked posts or drains is woken when that changes what it may do. The lock is held for a few
//! instructions and never across I/O.

use crate::delivery::gate::admission::{Admission, Way};
use crate::delivery::gate::{Gate, GateState};
use crate::delivery::record::Record;
use crate::delivery::spool::Spool;
use crate::delivery::spool::error::AppendError;
use crate::lock::Lock;
use crate::post::Location;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;
use tokio::sync::{Notify, watch};

/// The gate behind its lock, and the spool behind the gate.
pub struct SharedGate {
    gate: Mutex<Gate>,
    spool: Spool,
    /// [`Gate::catch_ups_ended`], for those who keep parked posts.
    catch_ups: watch::Sender<u64>,
    /// Rings when there may be rows to drain.
    rows: Notify,
    /// What holds up the oldest rows.
    hindrance: Lock<Option<Hindrance>>,
}

/// What holds up the oldest rows, where that is not Kafka as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// The brokers do not show the topic that they are for.
    Topic(Arc<str>),
    /// The disk does not give them, or does not let go of them: what it was asked, and its answer.
    Disk(String),
}

/// What an operator sees of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateStatus {
    /// Where posts go.
    pub state: GateState,
    /// What must reach Kafka before they go there directly again.
    pub backlog: u64,
}

impl GateStatus {
    /// How many records are to be acked before posts go to Kafka directly.
    pub fn owed(self) -> u64 {
        match self.state {
            GateState::Direct => 0,
            GateState::Spooling | GateState::CatchingUp { .. } => self.backlog,
        }
    }
}

impl SharedGate {
    /// The gate in front of an open spool.
    pub fn new(spool: Spool) -> Self {
        let gate = Mutex::new(Gate::new(spool.status().rows));
        Self {
            gate,
            spool,
            catch_ups: watch::Sender::new(0),
            rows: Notify::new(),
            hindrance: Lock::default(),
        }
    }

    /// The spool.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// A post has come.
    pub fn post(&self) -> Admission {
        self.update(Gate::post)
    }

    /// A parked post goes on.
    pub fn unpark(&self) -> Way {
        self.update(|gate, _| gate.unpark())
    }

    /// A record that went directly was not acked; the caller appends it.
    pub fn unacked(&self) {
        self.update(Gate::unacked);
    }

    /// Where a record goes that is not parked; the caller appends it where that is the spool.
    pub fn way(&self) -> Way {
        self.update(|gate, _| gate.way())
    }

    /// Kafka is known to be away.
    pub fn known_away(&self) {
        self.update(Gate::known_away);
    }

    /// Kafka is there again.
    pub fn known_back(&self) {
        self.update(Gate::known_back);
    }

    /// The drain's records were acked.
    pub fn drain_acked(&self) {
        self.update(Gate::drain_acked);
    }

    /// The drain starts over.
    pub fn drain_fault(&self) {
        self.update(Gate::drain_fault);
    }

    /// Rows have left the queue: the spool has just ended them.
    pub fn released(&self, rows: u64) {
        // Before the gate, as in `recount`: rows that came back must not be taken for those ended.
        let all = self.spool.status().rows + rows;
        self.update(|gate, now| {
            // While an append is pending the backlog cannot become zero.
            if gate.pending() == 0 && all > gate.backlog() {
                gate.found(all - gate.backlog(), now);
            }
            gate.released(rows.min(gate.backlog() - gate.pending()), now);
        });
    }

    /// Rows that were counted are not there any more: damaged, and quarantined by the spool.
    pub fn let_go(&self, rows: u64) {
        self.update(|gate, now| {
            gate.released(rows.min(gate.backlog() - gate.pending()), now);
        });
    }

    /// Counts rows that have come back from a damaged file. Not while a release is under way.
    pub fn recount(&self) {
        // In this order: an append that ends in between is counted and not yet seen here.
        let rows = self.spool.status().rows;
        if let Some(counted) = self.counted()
            && rows > counted
        {
            self.update(|gate, now| gate.found(rows - counted, now));
            self.rows.notify_one();
        }
    }

    /// The rows that are counted, if no append is under way.
    pub fn counted(&self) -> Option<u64> {
        let gate = self.lock();
        (gate.pending() == 0).then(|| gate.backlog())
    }

    /// Ends a catching up whose time is over; gives when to come again.
    pub fn tick(&self) -> Option<Instant> {
        self.update(|gate, now| {
            gate.tick(now);
            gate.next_deadline()
        })
    }

    /// The bridge is ending.
    pub fn stop(&self) {
        self.update(|gate, _| gate.stop());
    }

    /// Appends a record that the gate has counted. `done` is called on the spool's thread with
    /// the record's location, or with none where it was not stored. On an error here it is not called.
    pub fn append(
        self: &Arc<Self>,
        record: Record,
        done: impl FnOnce(Option<Location>) + Send + 'static,
    ) -> Result<(), AppendError> {
        let shared = self.clone();
        let queued = self.spool.append(record, move |stored| match stored {
            Ok(row) => {
                shared.update(|gate, _| gate.committed(1));
                shared.rows.notify_one();
                done(Some(Location::Spool { row: row.get() }));
            }
            Err(error) => {
                shared.not_stored(&error);
                done(None);
            }
        });
        queued.inspect_err(|error| self.not_stored(error))
    }

    fn not_stored(&self, error: &AppendError) {
        tracing::debug!(%error, "a record could not be spooled");
        self.not_appended();
    }

    /// A record that the gate has counted is not appended after all.
    pub fn not_appended(&self) {
        self.update(|gate, now| gate.append_failed(1, now));
    }

    /// For readiness and metrics.
    pub fn status(&self) -> GateStatus {
        let gate = self.lock();
        GateStatus { state: gate.state(), backlog: gate.backlog() }
    }

    /// What holds up the oldest rows, as the drain sees it.
    pub fn hindered_by(&self, hindrance: Option<Hindrance>) {
        *self.hindrance.lock() = hindrance;
    }

    /// The same for readiness.
    pub fn hindrance(&self) -> Option<Hindrance> {
        self.hindrance.lock().clone()
    }

    /// Changes when parked posts may go on.
    pub fn catch_ups(&self) -> watch::Receiver<u64> {
        self.catch_ups.subscribe()
    }

    /// Waits until there may be rows to drain. Cancel-safe.
    pub async fn rows_came(&self) {
        self.rows.notified().await;
    }

    fn update<R>(&self, update: impl FnOnce(&mut Gate, Instant) -> R) -> R {
        let mut gate = self.lock();
        let seen = gate.catch_ups_ended();
        let answer = update(&mut gate, Instant::now());
        let ended = gate.catch_ups_ended();
        drop(gate);
        if ended != seen {
            // Two threads may come here in either order: it never goes back.
            self.catch_ups.send_if_modified(|known| {
                let news = *known < ended;
                *known = (*known).max(ended);
                news
            });
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Gate> {
        // A panic under the lock means wrong counts: the next process counts the rows anew.
        self.gate.lock().expect("the gate's counts are right")
    }
}
