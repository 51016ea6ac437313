//! Slow hashes: off the event loop, few at a time, fairly, within bounds.
//!
//! Each user of the credentials file has a flow of its own, and all other names have one together.
//! Flows take turns, and each computes one hash at a time: so whatever else is in the queue, users
//! that are new at the same time wait for each other alone. Within a flow, [`flow`] says which pair
//! is next; a pair that is good and not known yet gets in beside a flood of wrong ones for the same
//! user.
//!
//! Promise: at most [`HASHES_AT_A_TIME`] threads hash, also when the senders hang up; at most
//! [`PAIRS_IN_A_FLOW`](flow::PAIRS_IN_A_FLOW) pairs wait in a flow, and a request waits until its
//! deadline at most. Equal pairs share one hash, however many: a sender with one credential may
//! fill every connection when the bridge starts, and all go in by the hash of the first. A refusal
//! is shared by those alone who waited for it: who comes later is hashed anew, and nothing that
//! guessing could fill is kept.
//!
//! What was decided against:
//! - A record of good pairs that outlives the process. It would be one more secret on disk, to be
//!   guarded, rotated and dated against the credentials file, to save a restart one hash for each
//!   sender.
//! - One flow for each name, known or not. A flood of ever new names would take every turn. So who
//!   floods the queue with names can find out whether one of them is waited for in a flow of its
//!   own: `SECURITY.md` says so. Without a flood each name costs the same.
//!
//! It does not know how to hash, and makes no guess easier: what a flood finds out, it pays a hash for.

mod fair_queue;
mod flow;

use crate::lock::Lock;
use crate::webhook::auth::credentials::User;
use crate::webhook::auth::hash_queue::fair_queue::{FairQueue, FlowName, Job};
use crate::webhook::auth::hash_queue::flow::Network;
use crate::webhook::auth::verified_pairs::Digest;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::{fmt, thread};
use tokio::time::{Instant, timeout_at};

/// One flow can hold only one of them, so that the pairs of one user, however many, leave the
/// other to everybody else; more would take cores from the event loops.
const HASHES_AT_A_TIME: usize = 2;

/// How far hashing steps back for the event loops: to about a tenth of their weight
/// (`docs/performance.md#what-each-default-was-chosen-by`).
const NICENESS: i32 = 10;

/// The queue of one authenticator.
pub(crate) struct HashQueue {
    hashers: Arc<Hashers>,
}

#[derive(Default)]
struct Hashers(Lock<HashQueueState>);

/// While fewer threads hash than may, no flow has a hash that could begin.
#[derive(Default)]
struct HashQueueState {
    queue: FairQueue,
    threads: usize,
}

/// A request that waits for a hash.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// The user that it names, where the file has it.
    pub(crate) user: Option<Arc<str>>,
    /// Where it comes from.
    pub(crate) peer: IpAddr,
    /// What is to be hashed.
    pub(crate) pair: Digest,
    /// When it gives up.
    pub(crate) deadline: Instant,
}

/// The flow was full, or the hash did not end in time; nothing was found out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overloaded;

impl HashQueue {
    /// A queue in which nobody waits.
    pub(crate) fn new() -> Self {
        Self { hashers: Arc::default() }
    }

    /// Waits for a hash in a flow and finds out by `hash` whose pair this is, unless it is `known`
    /// by now or an equal pair waits already: then its answer is awaited.
    ///
    /// A hash that was begun runs to its end, also when the caller drops the future or its time
    /// is over, and keeps its flow busy until then: a sender that hangs up gains no second one.
    pub(crate) async fn hash_in_turn(
        &self,
        asker: Asker,
        known: impl FnOnce() -> Option<Arc<User>>,
        hash: impl FnOnce() -> Option<Arc<User>> + Send + 'static,
    ) -> Result<Option<Arc<User>>, Overloaded> {
        let Asker { user, peer, pair, deadline } = asker;
        let flow = user.map_or(FlowName::Other, FlowName::User);
        let mut awaited = {
            let mut state = self.hashers.0.lock();
            if let Some(awaited) = state.queue.share(&flow, &pair) {
                // One password is enough to hash, and there may be thousands.
                drop(hash);
                awaited
            } else if let Some(user) = known() {
                // Asked when no hash of this pair is under way, so that none can end in between.
                return Ok(Some(user));
            } else {
                let entered = state.queue.enter(&flow, pair, Network::from(peer), Box::new(hash));
                self.hashers.start_thread(&mut state);
                entered
            }
        };
        let answer = async { awaited.wait_for(Option::is_some).await.ok()?.clone() };
        timeout_at(deadline, answer).await.ok().flatten().ok_or(Overloaded)
    }
}

impl fmt::Debug for HashQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashQueue").finish_non_exhaustive()
    }
}

impl Hashers {
    /// Starts a thread for the hash that can begin, unless enough are at work. A thread of its own:
    /// the priority that it gives up would stick to one of a pool, and only root can take it back.
    fn start_thread(self: &Arc<Self>, state: &mut HashQueueState) {
        if state.threads == HASHES_AT_A_TIME {
            return;
        }
        let Some(job) = state.queue.begin() else { return };
        let flow = job.0.clone();
        let hashers = Arc::clone(self);
        let run = move || hashers.hash_while_any_waits(job);
        match thread::Builder::new().name("hash".to_owned()).spawn(run) {
            Ok(_) => state.threads += 1,
            // Nothing can be found out: those who wait get that as their answer.
            Err(_) => drop(state.queue.end(&flow)),
        }
    }

    fn hash_while_any_waits(&self, first: Job) {
        // Linux has a priority for each thread (nice(2), C library differences). Where it cannot
        // be lowered, a hash competes as an equal.
        let _ = rustix::process::nice(NICENESS);
        let mut next = Some(first);
        while let Some((flow, hash)) = next {
            // Where it panicked nothing was found out. Else it has itself remembered what is good.
            let answer = catch_unwind(AssertUnwindSafe(hash)).ok();
            let mut state = self.0.lock();
            let waiters = state.queue.end(&flow);
            next = state.queue.begin();
            if next.is_none() {
                state.threads -= 1;
            }
            drop(state);
            waiters.send_replace(answer);
        }
    }
}

#[cfg(test)]
mod tests;
