//! Claims that wait, share, time out and go, with hashes that end when the test says so.

use super::flow::PAIRS_IN_A_FLOW;
use super::*;
use crate::webhook::auth::credentials::Credentials;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::Poll;
use std::time::Duration;
use tokio::task::{JoinSet, yield_now};

const PAIR: Digest = [1; 32];
const OTHER: Digest = [2; 32];

/// How long a request waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// As many connections as a bridge has by default.
const CLAIMS: usize = 4096;

type HashAnswer = Result<Option<Arc<User>>, Overloaded>;

/// A request that has its place in a flow.
type Waiting<'a> = Pin<Box<dyn Future<Output = HashAnswer> + 'a>>;

/// A hash that ends when the test sends its answer, and panics when it sends none.
struct Held {
    begun: Receiver<()>,
    end: Sender<Option<Arc<User>>>,
}

impl Held {
    fn new() -> (Self, impl FnOnce() -> Option<Arc<User>> + Send + 'static) {
        let (runs, begun) = mpsc::channel();
        let (end, answer) = mpsc::channel();
        let hash = move || {
            runs.send(()).unwrap();
            answer.recv().expect("the test gives an answer")
        };
        (Self { begun, end }, hash)
    }

    fn end(self, answer: Option<Arc<User>>) {
        self.begun.recv().unwrap();
        self.end.send(answer).unwrap();
    }
}

/// A request of a user of the file.
fn asker(user: u8, pair: Digest) -> Asker {
    let peer = IpAddr::from([127, 0, 0, 1]);
    let deadline = Instant::now() + PATIENCE;
    Asker { user: Some(user.to_string().into()), peer, pair, deadline }
}

fn nobody() -> Option<Arc<User>> {
    None
}

fn user() -> Arc<User> {
    let line = Credentials::parse("somebody:plain:secret").unwrap().into_lines().pop();
    line.unwrap().user
}

fn no_hash() -> Option<Arc<User>> {
    panic!("there was an answer without it")
}

/// A request with a pair, in flow 0, and comes as far as waiting.
async fn request(
    queue: &HashQueue,
    pair: Digest,
    hash: impl FnOnce() -> Option<Arc<User>> + Send + 'static,
) -> Waiting<'_> {
    let mut request: Waiting<'_> = Box::pin(queue.hash_in_turn(asker(0, pair), nobody, hash));
    let waits = poll_fn(|cx| Poll::Ready(request.as_mut().poll(cx).is_pending())).await;
    assert!(waits, "the flow is not full");
    request
}

fn is_somebody(answer: &HashAnswer) -> bool {
    matches!(answer, Ok(Some(_)))
}

fn is_nobody(answer: &HashAnswer) -> bool {
    matches!(answer, Ok(None))
}

fn is_overloaded(answer: &HashAnswer) -> bool {
    matches!(answer, Err(Overloaded))
}

#[tokio::test]
async fn thousands_of_equal_requests_go_in_by_one_hash() {
    let queue = HashQueue::new();
    let (held, hash) = Held::new();
    let mut requests = vec![request(&queue, PAIR, hash).await];
    for _ in 1..CLAIMS {
        requests.push(request(&queue, PAIR, no_hash).await);
    }
    held.end(Some(user()));
    for request in requests {
        assert!(is_somebody(&request.await));
    }
}

#[tokio::test]
async fn equal_requests_share_a_refusal_and_later_ones_hash_anew() {
    let queue = HashQueue::new();
    let (held, hash) = Held::new();
    let mut requests = vec![request(&queue, PAIR, hash).await];
    for _ in 1..CLAIMS {
        requests.push(request(&queue, PAIR, no_hash).await);
    }
    held.end(None);
    for request in requests {
        assert!(is_nobody(&request.await));
    }
    assert!(is_somebody(&queue.hash_in_turn(asker(0, PAIR), nobody, || Some(user())).await));
}

#[tokio::test]
async fn equal_requests_go_in_when_the_first_of_them_hangs_up() {
    let queue = HashQueue::new();
    let [(before, blocks), (held, hash)] = [(); 2].map(|()| Held::new());
    let first = request(&queue, OTHER, blocks).await;
    let waiting = request(&queue, PAIR, hash).await;
    let mut shares = vec![request(&queue, PAIR, no_hash).await];
    // Before the hash was begun, and while it runs.
    drop(waiting);
    before.end(None);
    assert!(is_nobody(&first.await));
    held.begun.recv().unwrap();
    shares.push(request(&queue, PAIR, no_hash).await);
    drop(shares.remove(0));
    held.end.send(Some(user())).unwrap();
    assert!(is_somebody(&shares.remove(0).await));
}

#[tokio::test]
async fn in_a_full_flow_the_oldest_is_overloaded_and_the_others_are_not() {
    let queue = HashQueue::new();
    let (held, hash) = Held::new();
    let first = request(&queue, PAIR, hash).await;
    held.begun.recv().unwrap();
    let oldest = request(&queue, OTHER, no_hash).await;
    let mut others = Vec::new();
    for number in 0..PAIRS_IN_A_FLOW {
        let mut pair = [3; 32];
        pair[..8].copy_from_slice(&number.to_be_bytes());
        others.push(request(&queue, pair, || Some(user())).await);
    }
    assert!(is_overloaded(&oldest.await));
    assert!(is_somebody(&queue.hash_in_turn(asker(1, OTHER), nobody, || Some(user())).await));
    held.end.send(Some(user())).unwrap();
    assert!(is_somebody(&first.await));
    for other in others {
        assert!(is_somebody(&other.await));
    }
}

#[tokio::test]
async fn a_pair_that_has_become_known_is_not_hashed() {
    let queue = HashQueue::new();
    assert!(is_somebody(&queue.hash_in_turn(asker(0, PAIR), || Some(user()), no_hash).await));
}

#[tokio::test(start_paused = true)]
async fn the_timeout_ends_for_a_waiting_pair_and_for_a_hashed_one() {
    let queue = HashQueue::new();
    let (held, hash) = Held::new();
    let start = Instant::now();
    let hashed = request(&queue, PAIR, hash).await;
    assert!(is_overloaded(&queue.hash_in_turn(asker(0, OTHER), nobody, no_hash).await));
    assert!(is_overloaded(&hashed.await));
    assert_eq!(start.elapsed(), PATIENCE);
    held.end(None);
}

#[tokio::test]
async fn a_hash_whose_caller_has_gone_keeps_its_turn_until_it_ends() {
    let queue = HashQueue::new();
    let (held, hash) = Held::new();
    drop(request(&queue, PAIR, hash).await);
    held.begun.recv().unwrap();
    let (next, hash) = Held::new();
    let waits = request(&queue, OTHER, hash).await;
    let shares = request(&queue, PAIR, no_hash).await;
    assert_eq!(queue.hashers.0.lock().threads, 1);
    held.end.send(Some(user())).unwrap();
    assert!(is_somebody(&shares.await));
    next.end(None);
    assert!(is_nobody(&waits.await));
}

#[tokio::test]
async fn a_hash_that_panics_gives_its_turn_back_and_leaves_no_thread() {
    let queue = HashQueue::new();
    let (held, hash) = Held::new();
    let requests = [request(&queue, PAIR, hash).await, request(&queue, PAIR, no_hash).await];
    drop(held.end);
    for request in requests {
        assert!(is_overloaded(&request.await));
    }
    assert!(is_somebody(&queue.hash_in_turn(asker(0, PAIR), nobody, || Some(user())).await));
    while queue.hashers.0.lock().threads > 0 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_hash_runs_at_a_lower_priority_and_the_event_loop_does_not() {
    let niceness = || rustix::process::nice(0).unwrap();
    let before = niceness();
    let (sender, heard) = mpsc::channel();
    let hash = move || {
        sender.send(niceness()).unwrap();
        None
    };
    assert!(is_nobody(&HashQueue::new().hash_in_turn(asker(0, PAIR), nobody, hash).await));
    assert_eq!(heard.recv().unwrap(), (before + NICENESS).min(19));
    assert_eq!(niceness(), before);
}

#[tokio::test]
async fn few_hashes_run_at_a_time() {
    let queue = Arc::new(HashQueue::new());
    let [running, most] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let request = |request: u8| {
        let (queue, running, most) = (Arc::clone(&queue), Arc::clone(&running), Arc::clone(&most));
        let hash = move || {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
            None
        };
        async move { queue.hash_in_turn(asker(request, [request; 32]), nobody, hash).await }
    };
    let requests: JoinSet<HashAnswer> = (0..200).map(request).collect();
    assert!(requests.join_all().await.iter().all(is_nobody));
    assert!(most.load(Ordering::SeqCst) <= HASHES_AT_A_TIME);
}
