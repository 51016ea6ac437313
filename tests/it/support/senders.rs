//! Senders that post all the time: each its own project, one post after the answer to the last.
//!
//! They expect an answer to every post, on a connection that is kept; which one is for the test to
//! judge, by [`Posted`].

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::support::consumer::Seen;
use crate::support::http::{Connection, request};
use crate::support::notification::{APP_ID, numbered};
use crate::support::rig::PATH;

/// Between an answer and the next post. Slow senders are the ones whose order is in danger: fast
/// ones fill every queue at once and fail together.
const PACE: Duration = Duration::from_millis(30);

/// Senders at work.
pub(crate) struct Senders {
    /// Dropped to stop them.
    stops: Vec<Sender<()>>,
    threads: Vec<JoinHandle<io::Result<Vec<Answered>>>>,
}

/// A post and the status of its answer.
struct Answered {
    body: String,
    status: u16,
}

/// What became of all posts: of each project in their order.
pub(crate) struct Posted(Vec<Vec<Answered>>);

impl Senders {
    pub(crate) fn start(addr: SocketAddr, count: usize) -> Self {
        let start = |sender| {
            let (stop, stopped) = mpsc::channel();
            (stop, thread::spawn(move || post_until(&stopped, addr, &format!("project-{sender}"))))
        };
        let (stops, threads) = (0..count).map(start).unzip();
        Self { stops, threads }
    }

    /// Waits for the last answers.
    #[track_caller]
    pub(crate) fn stop(self) -> Posted {
        drop(self.stops);
        let ends = self.threads.into_iter().map(|thread| thread.join().unwrap());
        Posted(ends.collect::<Result<_, _>>().expect("every post is answered"))
    }
}

impl Posted {
    /// How many posts were answered with this status.
    pub(crate) fn count(&self, status: u16) -> usize {
        self.0.iter().flatten().filter(|answered| answered.status == status).count()
    }

    /// Checks that no answer was other than these.
    #[track_caller]
    pub(crate) fn assert_statuses(&self, statuses: &[u16]) {
        let other = self.0.iter().flatten().find(|answered| !statuses.contains(&answered.status));
        assert!(other.is_none(), "an answer was {}", other.map_or(0, |answered| answered.status));
    }

    /// Checks the promise to those who got a 200: their posts are on the topic, and where they
    /// first stand there they are in order.
    #[track_caller]
    pub(crate) fn assert_on_topic(&self, topic: &[Seen]) {
        let mut first = HashMap::<&[u8], (i32, i64)>::new();
        for seen in topic {
            let place = (seen.partition, seen.offset);
            let found = first.entry(&seen.value).or_insert(place);
            *found = place.min(*found);
        }
        for project in &self.0 {
            let accepted = project.iter().filter(|answered| answered.status == 200);
            let places: Vec<_> = accepted
                .map(|Answered { body, .. }| {
                    *first.get(body.as_bytes()).unwrap_or_else(|| panic!("lost: {body}"))
                })
                .collect();
            assert!(
                places.is_sorted_by(|before, after| before < after),
                "out of order: {places:?}"
            );
        }
    }
}

fn post_until(
    stopped: &Receiver<()>,
    addr: SocketAddr,
    project: &str,
) -> io::Result<Vec<Answered>> {
    let mut connection = Connection::open(addr);
    let mut answers = Vec::new();
    while stopped.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
        let body = numbered(answers.len()).replace(APP_ID, project);
        connection.try_send(request("POST", PATH, &[], &body))?;
        answers.push(Answered { body, status: connection.try_read()?.status });
    }
    Ok(answers)
}
