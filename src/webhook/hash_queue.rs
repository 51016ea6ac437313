//! The turns of slow hashes: off the event loop, few at a time, fairly, within bounds.
//!
//! Claims wait in lanes, chosen by a keyed digest of the user, and a lane computes one hash at a
//! time. So a sender with an outdated password, or a user whose password is being guessed, fills
//! its own lane, and the first post of another passes beside it. Lanes are the same for users that
//! exist and users that do not: how full one is tells nothing.
//!
//! Promises: at most [`HASHES_AT_A_TIME`] threads hash, also when the senders hang up; at most
//! [`PLACES_IN_A_LANE`] claims wait in a lane, each for at most [`PATIENCE`]. Of equal claims that
//! wait at the same time one is hashed and the rest share its answer, good or not, so that a good
//! pair is not kept waiting by many connections that repeat one wrong pair.
//!
//! Does not know how to hash. Under a flood of ever new pairs a pair that is good, but not known
//! yet, competes for its turn on equal terms with the flood.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io, thread};

use tokio::sync::{Mutex, Semaphore, oneshot};
use tokio::time::{Instant, timeout};

use crate::webhook::credentials::User;
use crate::webhook::known_pairs::Digest;

/// One lane can hold only one of them, so that the claims for one user, however many, leave the
/// other to everybody else; more would take cores from the event loops.
const HASHES_AT_A_TIME: usize = 2;

/// Enough that two users seldom share one; few enough that the claim at the head of its lane waits
/// for a handful of hashes at worst.
const LANES: usize = 16;

/// A sender may open hundreds of connections when the process starts, which all wait for the hash
/// of the first. A claim that waits takes a few hundred bytes.
const PLACES_IN_A_LANE: usize = 512;

/// How long a request is held, wait and hash together: senders give up after five seconds, and
/// later nobody would be there to read the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far hashing steps back for the event loops: to about a tenth of their weight. Measured with a
/// flood over 64 connections on two busy cores, p99 of an event loop's answers: 3 ms without it,
/// 0.06 ms with it, no better at 19, where a first post would starve on a machine that is busy.
const NICENESS: i32 = 10;

/// The queue of one authenticator.
pub(crate) struct HashQueue {
    lanes: [Lane; LANES],
    hashing: Arc<Semaphore>,
}

struct Lane {
    places: Semaphore,
    /// Held while a hash is computed; in between it keeps the last refusal.
    turn: Arc<Mutex<Option<Refusal>>>,
}

/// A wrong pair, of use to those alone who waited for it: who comes later is hashed anew, and
/// nothing that guessing could fill is kept.
struct Refusal {
    pair: Digest,
    at: Instant,
}

/// The lane is full or the turn did not come in time; nothing was found out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overloaded;

impl HashQueue {
    /// A queue in which nobody waits.
    pub(crate) fn new() -> Self {
        let lane = |_| Lane { places: Semaphore::new(PLACES_IN_A_LANE), turn: Arc::default() };
        Self {
            lanes: std::array::from_fn(lane),
            hashing: Arc::new(Semaphore::new(HASHES_AT_A_TIME)),
        }
    }

    /// Waits for a turn in a lane and finds out by `hash` whose pair this is, unless it is `known`
    /// by then or was refused while it waited: other connections may have claimed the same.
    ///
    /// A hash that was begun runs to its end, also when the caller drops the future or its patience
    /// is over, and keeps its turn so long: a sender that hangs up gains no second one.
    pub(crate) async fn take_turn(
        &self,
        lane: u8,
        pair: Digest,
        known: impl FnOnce() -> Option<Arc<User>>,
        hash: impl FnOnce() -> Option<Arc<User>> + Send + 'static,
    ) -> Result<Option<Arc<User>>, Overloaded> {
        let came = Instant::now();
        let lane = &self.lanes[usize::from(lane) % LANES];
        let _place = lane.places.try_acquire().map_err(|_| Overloaded)?;
        let in_turn = async {
            let mut turn = Arc::clone(&lane.turn).lock_owned().await;
            if let Some(user) = known() {
                return Ok(Some(user));
            }
            if turn.as_ref().is_some_and(|last| last.pair == pair && came < last.at) {
                return Ok(None);
            }
            let permit = Arc::clone(&self.hashing).acquire_owned().await;
            let permit = permit.expect("nothing closes this semaphore");
            let answer = on_a_thread(move || {
                let _permit = permit;
                let user = hash();
                *turn = user.is_none().then(|| Refusal { pair, at: Instant::now() });
                user
            });
            // Without a thread, or when it panicked, nothing was found out either.
            answer.map_err(|_| Overloaded)?.await.map_err(|_| Overloaded)
        };
        timeout(PATIENCE, in_turn).await.unwrap_or(Err(Overloaded))
    }
}

impl fmt::Debug for HashQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashQueue").finish_non_exhaustive()
    }
}

/// Starts a thread of its own for one hash: the priority that it gives up would stick to a thread
/// of a pool, and only root can take it back.
fn on_a_thread<T: Send + 'static>(
    hash: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (answer, receiver) = oneshot::channel();
    let run = move || {
        // Linux has a priority for each thread (nice(2), C library differences). Where it cannot
        // be lowered, a hash competes as an equal.
        let _ = rustix::process::nice(NICENESS);
        // The caller may have gone; what was found out is remembered by the hash itself.
        drop(answer.send(hash()));
    };
    thread::Builder::new().name("hash".to_owned()).spawn(run)?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::task::Poll;

    use tokio::task::{JoinSet, yield_now};

    use super::*;
    use crate::webhook::credentials::Credentials;

    const PAIR: Digest = [0; 32];

    type Answer = Result<Option<Arc<User>>, Overloaded>;

    fn nobody() -> Option<Arc<User>> {
        None
    }

    fn user() -> Arc<User> {
        let line = Credentials::parse("somebody:plain:secret").unwrap().into_lines().pop();
        line.unwrap().user
    }

    async fn wait_for(lane: &Lane, claims: usize) {
        while PLACES_IN_A_LANE - lane.places.available_permits() < claims {
            yield_now().await;
        }
    }

    fn is_somebody(answer: &Answer) -> bool {
        matches!(answer, Ok(Some(_)))
    }

    fn is_overloaded(answer: &Answer) -> bool {
        matches!(answer, Err(Overloaded))
    }

    #[tokio::test]
    async fn a_full_lane_is_overloaded_and_the_others_are_not() {
        let queue = Arc::new(HashQueue::new());
        let turn = queue.lanes[3].turn.lock().await;
        let mut waiting = JoinSet::new();
        for _ in 0..PLACES_IN_A_LANE {
            let queue = Arc::clone(&queue);
            waiting.spawn(async move { queue.take_turn(3, PAIR, || Some(user()), nobody).await });
        }
        wait_for(&queue.lanes[3], PLACES_IN_A_LANE).await;
        assert!(is_overloaded(&queue.take_turn(3, PAIR, nobody, || Some(user())).await));
        assert!(is_somebody(&queue.take_turn(4, PAIR, nobody, || Some(user())).await));
        drop(turn);
        assert!(waiting.join_all().await.iter().all(is_somebody));
        assert!(is_somebody(&queue.take_turn(3, PAIR, nobody, || Some(user())).await));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_and_leaves_the_place_to_another() {
        let queue = HashQueue::new();
        let turn = queue.lanes[0].turn.lock().await;
        let start = Instant::now();
        assert!(is_overloaded(&queue.take_turn(0, PAIR, nobody, || Some(user())).await));
        assert_eq!(start.elapsed(), PATIENCE);
        drop(turn);
        assert_eq!(queue.lanes[0].places.available_permits(), PLACES_IN_A_LANE);
        assert!(is_somebody(&queue.take_turn(0, PAIR, || Some(user()), nobody).await));
    }

    #[tokio::test]
    async fn a_refusal_is_shared_by_those_who_waited_for_it_and_by_nobody_else() {
        let queue = Arc::new(HashQueue::new());
        let hashes = Arc::new(AtomicUsize::new(0));
        let claim = |pair| {
            let (queue, hashes) = (Arc::clone(&queue), Arc::clone(&hashes));
            let hash = move || {
                hashes.fetch_add(1, Ordering::SeqCst);
                None
            };
            async move { queue.take_turn(0, pair, nobody, hash).await }
        };
        let turn = queue.lanes[0].turn.lock().await;
        let waiting: JoinSet<Answer> = (0..64).map(|_| claim(PAIR)).collect();
        wait_for(&queue.lanes[0], 64).await;
        drop(turn);
        assert!(waiting.join_all().await.iter().all(|answer| matches!(answer, Ok(None))));
        assert_eq!(hashes.load(Ordering::SeqCst), 1);
        assert!(matches!(claim(PAIR).await, Ok(None)));
        assert_eq!(hashes.load(Ordering::SeqCst), 2);
        let others: JoinSet<Answer> = (1..=3).map(|pair| claim([pair; 32])).collect();
        assert!(others.join_all().await.iter().all(|answer| matches!(answer, Ok(None))));
        assert_eq!(hashes.load(Ordering::SeqCst), 5);
    }

    #[tokio::test]
    async fn a_hash_whose_caller_has_gone_keeps_its_turn_until_it_ends() {
        let queue = HashQueue::new();
        let (release, released) = mpsc::channel();
        let (begin, running) = oneshot::channel();
        let hash = move || {
            let _ = begin.send(());
            let _ = released.recv();
            None
        };
        tokio::select! {
            _ = queue.take_turn(0, PAIR, nobody, hash) => panic!("it has to be released first"),
            ran = running => ran.unwrap(),
        }
        assert_eq!(queue.hashing.available_permits(), HASHES_AT_A_TIME - 1);
        let mut next = pin!(queue.take_turn(0, PAIR, || Some(user()), nobody));
        let waits = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx).is_pending())).await;
        assert!(waits, "the lane has one turn");
        release.send(()).unwrap();
        assert!(is_somebody(&next.await));
    }

    #[tokio::test]
    async fn a_hash_that_panics_gives_its_turn_back() {
        let queue = HashQueue::new();
        let answer = queue.take_turn(0, PAIR, nobody, || panic!("as a test")).await;
        assert!(is_overloaded(&answer));
        assert!(is_somebody(&queue.take_turn(0, PAIR, nobody, || Some(user())).await));
    }

    #[tokio::test]
    async fn a_hash_runs_at_a_lower_priority_and_the_event_loop_does_not() {
        let niceness = || rustix::process::nice(0).unwrap();
        let before = niceness();
        let hashing = on_a_thread(niceness).unwrap().await.unwrap();
        assert_eq!(hashing, (before + NICENESS).min(19));
        assert_eq!(niceness(), before);
    }

    #[tokio::test]
    async fn few_hashes_run_at_a_time() {
        let queue = Arc::new(HashQueue::new());
        let [running, most] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let claim = |claim: u8| {
            let (queue, running, most) =
                (Arc::clone(&queue), Arc::clone(&running), Arc::clone(&most));
            let hash = move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                None
            };
            async move { queue.take_turn(claim, [claim; 32], nobody, hash).await }
        };
        let claims: JoinSet<Answer> = (0..200).map(claim).collect();
        assert!(claims.join_all().await.iter().all(|answer| matches!(answer, Ok(None))));
        assert!(most.load(Ordering::SeqCst) <= HASHES_AT_A_TIME);
    }
}
