//! The turns of slow hashes: off the event loop, few at a time, fairly, within bounds.
//!
//! Claims wait in lanes, chosen by a keyed digest of the user, and a lane computes one hash at a
//! time. So a sender with an outdated password, or a user whose password is being guessed, fills
//! its own lane, and the first post of another passes beside it. Lanes are the same for users that
//! exist and users that do not: how full one is tells nothing.
//!
//! Promises: at most [`HASHES_AT_A_TIME`] threads hash, also when the senders hang up; at most
//! [`PLACES_IN_A_LANE`] claims wait in a lane, each for at most [`PATIENCE`]; equal claims are
//! never hashed at the same time.
//!
//! Does not know what is hashed. Under a flood of random users all lanes fill, and a new pair
//! competes for its turn on equal terms with the flood.

use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use tokio::sync::{Mutex, Semaphore, oneshot};
use tokio::time::timeout;

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
    turn: Arc<Mutex<()>>,
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

    /// Waits for a turn in the lane of a user and computes a hash, unless `settled` has the answer
    /// by then: the same claim may have been hashed for another connection meanwhile.
    ///
    /// A hash that was begun runs to its end, also when the caller drops the future or its patience
    /// is over, and keeps its turn so long: a sender that hangs up gains no second one.
    pub(crate) async fn take_turn<T: Send + 'static>(
        &self,
        lane: u8,
        settled: impl FnOnce() -> Option<T>,
        hash: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Overloaded> {
        let lane = &self.lanes[usize::from(lane) % LANES];
        let _place = lane.places.try_acquire().map_err(|_| Overloaded)?;
        let in_turn = async {
            let turn = Arc::clone(&lane.turn).lock_owned().await;
            if let Some(answer) = settled() {
                return Ok(answer);
            }
            let permit = Arc::clone(&self.hashing).acquire_owned().await;
            let permit = permit.expect("nothing closes this semaphore");
            let hash = move || {
                let _held = (turn, permit);
                hash()
            };
            // Without a thread, or when it panicked, nothing was found out either.
            let answer = on_a_thread(hash).map_err(|_| Overloaded)?;
            answer.await.map_err(|_| Overloaded)
        };
        timeout(PATIENCE, in_turn).await.unwrap_or(Err(Overloaded))
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
    use tokio::time::Instant;

    use super::*;

    fn unsettled() -> Option<()> {
        None
    }

    #[tokio::test]
    async fn a_full_lane_is_overloaded_and_the_others_are_not() {
        let queue = Arc::new(HashQueue::new());
        let turn = queue.lanes[3].turn.lock().await;
        let mut waiting = JoinSet::new();
        for _ in 0..PLACES_IN_A_LANE {
            let queue = Arc::clone(&queue);
            waiting.spawn(async move { queue.take_turn(3, || Some(()), || ()).await });
        }
        while queue.lanes[3].places.available_permits() > 0 {
            yield_now().await;
        }
        assert_eq!(queue.take_turn(3, unsettled, || ()).await, Err(Overloaded));
        assert_eq!(queue.take_turn(4, unsettled, || ()).await, Ok(()));
        drop(turn);
        assert!(waiting.join_all().await.into_iter().all(|answer| answer == Ok(())));
        assert_eq!(queue.take_turn(3, unsettled, || ()).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_and_leaves_the_place_to_another() {
        let queue = HashQueue::new();
        let turn = queue.lanes[0].turn.lock().await;
        let start = Instant::now();
        assert_eq!(queue.take_turn(0, unsettled, || ()).await, Err(Overloaded));
        assert_eq!(start.elapsed(), PATIENCE);
        drop(turn);
        assert_eq!(queue.lanes[0].places.available_permits(), PLACES_IN_A_LANE);
        assert_eq!(queue.take_turn(0, || Some(()), || ()).await, Ok(()));
    }

    #[tokio::test]
    async fn a_hash_whose_caller_has_gone_keeps_its_turn_until_it_ends() {
        let queue = HashQueue::new();
        let (release, released) = mpsc::channel();
        let (begin, running) = oneshot::channel();
        let hash = move || {
            let _ = begin.send(());
            let _ = released.recv();
        };
        let gone = queue.take_turn(0, unsettled, hash);
        tokio::select! {
            _ = gone => panic!("the hash cannot end before it is released"),
            ran = running => ran.unwrap(),
        }
        assert_eq!(queue.hashing.available_permits(), HASHES_AT_A_TIME - 1);
        let mut next = pin!(queue.take_turn(0, unsettled, || ()));
        let waits = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx).is_pending())).await;
        assert!(waits, "the lane has one turn");
        release.send(()).unwrap();
        assert_eq!(next.await, Ok(()));
    }

    #[tokio::test]
    async fn a_hash_that_panics_gives_its_turn_back() {
        let queue = HashQueue::new();
        let answer = queue.take_turn(0, unsettled, || panic!("as a test")).await;
        assert_eq!(answer, Err(Overloaded));
        assert_eq!(queue.take_turn(0, unsettled, || ()).await, Ok(()));
    }

    #[tokio::test]
    async fn a_hash_runs_at_a_lower_priority_and_the_event_loop_does_not() {
        let before = rustix::process::nice(0).unwrap();
        let hashing = HashQueue::new().take_turn(0, || None, || rustix::process::nice(0)).await;
        assert_eq!(hashing.unwrap().unwrap(), (before + NICENESS).min(19));
        assert_eq!(rustix::process::nice(0).unwrap(), before);
    }

    #[tokio::test]
    async fn few_hashes_run_at_a_time_and_a_lane_runs_one() {
        let queue = Arc::new(HashQueue::new());
        let running: Arc<[AtomicUsize; 2]> = Arc::default();
        let mut claims = JoinSet::new();
        for claim in 0..200_u8 {
            let (queue, running) = (Arc::clone(&queue), Arc::clone(&running));
            let in_lane_0 = usize::from(claim % 2 == 0);
            claims.spawn(async move {
                let hash = move || {
                    let in_lane = running[0].fetch_add(in_lane_0, Ordering::SeqCst);
                    let in_all = running[1].fetch_add(1, Ordering::SeqCst);
                    thread::yield_now();
                    running[0].fetch_sub(in_lane_0, Ordering::SeqCst);
                    running[1].fetch_sub(1, Ordering::SeqCst);
                    (in_lane * in_lane_0, in_all)
                };
                let lane = if claim % 2 == 0 { 0 } else { claim };
                queue.take_turn(lane, || None, hash).await.unwrap()
            });
        }
        for (in_lane, in_all) in claims.join_all().await {
            assert!(in_lane == 0 && in_all < HASHES_AT_A_TIME, "{in_lane} {in_all}");
        }
    }
}
