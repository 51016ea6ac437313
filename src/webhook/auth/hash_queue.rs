//! Slow hashes: off the event loop, few at a time, fairly, within bounds.
//!
//! Pairs wait in flows (stochastic fair queueing), chosen by a keyed digest of the user, and a flow
//! computes one hash at a time. So a sender with an outdated password, or a user whose password is
//! being guessed, fills its own flow, and the first post of another passes beside it. Flows are the
//! same for users that exist and users that do not: how full one is says nothing of who exists.
//!
//! Promise: at most [`HASHES_AT_A_TIME`] threads hash, also when the senders hang up; at most
//! [`PAIRS_IN_A_FLOW`](fair_queue::PAIRS_IN_A_FLOW) pairs wait in a flow, and a request waits for
//! at most [`QUEUE_TIMEOUT`]. Equal pairs share one hash, however many: a sender with one
//! credential may fill every connection when the bridge starts, and all go in by the hash of the
//! first. A refusal is shared by those alone who waited for it: who comes later is hashed anew, and
//! nothing that guessing could fill is kept.
//!
//! It does not know how to hash. Under a flood of ever new pairs a pair that is good, but not known
//! yet, competes for its hash on equal terms with the flood.

mod fair_queue;

use crate::lock::Lock;
use crate::webhook::auth::credentials::User;
use crate::webhook::auth::hash_queue::fair_queue::{FairQueue, Job};
use crate::webhook::auth::verified_pairs::Digest;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, thread};
use tokio::time::timeout;

/// One flow can hold only one of them, so that the pairs of one user, however many, leave the
/// other to everybody else; more would take cores from the event loops.
const HASHES_AT_A_TIME: usize = 2;

/// How long a request is held, wait and hash together: senders give up after five seconds, and
/// later nobody would be there to read the answer.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

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

/// The flow is full or the hash did not end in time; nothing was found out.
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
        flow: u8,
        pair: Digest,
        known: impl FnOnce() -> Option<Arc<User>>,
        hash: impl FnOnce() -> Option<Arc<User>> + Send + 'static,
    ) -> Result<Option<Arc<User>>, Overloaded> {
        let mut awaited = {
            let mut state = self.hashers.0.lock();
            if let Some(awaited) = state.queue.share(flow, &pair) {
                // One password is enough to hash, and there may be thousands.
                drop(hash);
                awaited
            } else if let Some(user) = known() {
                // Asked when no hash of this pair is under way, so that none can end in between.
                return Ok(Some(user));
            } else {
                let entered = state.queue.enter(flow, pair, Box::new(hash)).ok_or(Overloaded)?;
                self.hashers.start_thread(&mut state);
                entered
            }
        };
        let answer = async { awaited.wait_for(Option::is_some).await.ok()?.clone() };
        timeout(QUEUE_TIMEOUT, answer).await.ok().flatten().ok_or(Overloaded)
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
        let (flow, _) = job;
        let hashers = Arc::clone(self);
        let run = move || hashers.hash_while_any_waits(job);
        match thread::Builder::new().name("hash".to_owned()).spawn(run) {
            Ok(_) => state.threads += 1,
            // Nothing can be found out: those who wait get that as their answer.
            Err(_) => drop(state.queue.end(flow)),
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
            let waiters = state.queue.end(flow);
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
