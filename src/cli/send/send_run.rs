//! The run: connections that post in turn, each with one post at a time.
//!
//! Promise: a latency counts from when the post was due, also where no connection was free for it then
//! (no coordinated omission). A post is sent once: where its connection breaks, that is its result. Only
//! one that had not begun, because the server had closed the connection before, takes another. A stop
//! lets what is under way end. What is noted of a post is noted once, when it has ended.

use crate::cli::http_client::{Answer, HttpClient, HttpError};
use crate::cli::ledger::{LedgerClock, LedgerFile, LedgerLine};
use crate::cli::send::destination::Destination;
use crate::cli::send::post_result::PostResult;
use crate::cli::send::posts::{PostBody, Posts};
use crate::cli::send::precise_timer::PreciseTimer;
use crate::cli::send::schedule::{DuePost, Schedule};
use crate::cli::send::tally::Tally;
use std::cell::{Ref, RefCell};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Before a connection is tried again that nobody took: else a bridge that is down would use up the
/// count in a moment.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// Whether a connection carries more than one post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// As many as it can.
    Kept,
    /// One.
    New,
}

/// See the module.
pub(super) struct SendRun {
    destination: Destination,
    posts: Posts,
    reuse: Reuse,
    stop: CancellationToken,
    /// Whose turn it is, has it: the connection that has been free for longest.
    timer: Mutex<PreciseTimer>,
    schedule: RefCell<Schedule>,
    results: RefCell<Results>,
}

struct Results {
    tally: Tally,
    ledger: Option<LedgerFile>,
    clock: LedgerClock,
    failed: Option<io::Error>,
}

impl SendRun {
    /// Not begun yet.
    pub(super) fn new(
        destination: Destination,
        posts: Posts,
        reuse: Reuse,
        schedule: Schedule,
        ledger: Option<LedgerFile>,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let (tally, clock, failed) = (Tally::new(), LedgerClock::start(), None);
        Ok(Self {
            destination,
            posts,
            reuse,
            stop,
            timer: Mutex::new(PreciseTimer::start()?),
            schedule: RefCell::new(schedule),
            results: RefCell::new(Results { tally, ledger, clock, failed }),
        })
    }

    /// Posts over so many connections, of which the first is there, until all is answered.
    pub(super) async fn run(self: &Rc<Self>, connections: u16, first: HttpClient) {
        let (local, mut tasks) = (LocalSet::new(), JoinSet::new());
        let mut first = Some(first);
        for _ in 0..connections {
            tasks.spawn_local_on(self.clone().keep_posting(first.take()), &local);
        }
        local.run_until(async { while tasks.join_next().await.is_some() {} }).await;
        self.flush();
    }

    /// What came of it so far.
    pub(super) fn tally(&self) -> Ref<'_, Tally> {
        Ref::map(self.results.borrow(), |results| &results.tally)
    }

    /// How far it is.
    pub(super) fn schedule(&self) -> Ref<'_, Schedule> {
        self.schedule.borrow()
    }

    /// Why the ledger could not be written, if so.
    pub(super) fn ledger_error(&self) -> Option<io::Error> {
        self.results.borrow_mut().failed.take()
    }

    /// Gives the ledger's lines to the system.
    pub(super) fn flush(&self) {
        let mut results = self.results.borrow_mut();
        let flushed = results.ledger.as_mut().map_or(Ok(()), LedgerFile::flush);
        self.keep_error(&mut results, flushed);
    }

    async fn keep_posting(self: Rc<Self>, mut client: Option<HttpClient>) {
        while let Some(post) = self.next_turn().await {
            let body = self.posts.body(post.number);
            let posted = Instant::now();
            let answered = self.post(&mut client, &body).await;
            if answered.is_err() || self.reuse == Reuse::New {
                client = None;
            }
            self.note(post, &body, posted, &answered);
            if let Err(
                HttpError::Connect { .. } | HttpError::Tls { .. } | HttpError::Clear { .. },
            ) = answered
            {
                self.stop.run_until_cancelled(sleep(RECONNECT_PAUSE)).await;
            }
        }
    }

    /// Waits until a post is due; none at the end.
    async fn next_turn(&self) -> Option<DuePost> {
        let mut timer = self.timer.lock().await;
        if self.stop.is_cancelled() {
            return None;
        }
        let now = Instant::now();
        let post = self.schedule.borrow().next(now)?;
        if post.due > now {
            self.stop.run_until_cancelled(timer.wait_until(post.due)).await?;
        }
        self.schedule.borrow_mut().take(Instant::now());
        Some(post)
    }

    async fn post(
        &self,
        client: &mut Option<HttpClient>,
        body: &PostBody,
    ) -> Result<Answer, HttpError> {
        let request = || self.destination.post(body.bytes.clone());
        if let Some(kept) = client {
            match kept.exchange(request()).await {
                Err(HttpError::Unsent) => {}
                answered => return answered,
            }
        }
        client.insert(self.destination.connect().await?).exchange(request()).await
    }

    fn note(
        &self,
        post: DuePost,
        body: &PostBody,
        posted: Instant,
        answered: &Result<Answer, HttpError>,
    ) {
        let ended = Instant::now();
        let result = match answered {
            Ok(answer) => PostResult::of(answer),
            Err(error) => PostResult::of_error(error),
        };
        let mut results = self.results.borrow_mut();
        results.tally.note(&result, ended.saturating_duration_since(post.due));
        let clock = results.clock;
        let Some(ledger) = &mut results.ledger else { return };
        let noted = ledger.note(&LedgerLine {
            post: post.number + 1,
            id: result.id.or_else(|| body.id()),
            app_id: body.app_id.as_deref().map(str::to_owned),
            posted: clock.text(posted),
            answered: result.status.is_some().then(|| clock.text(ended)),
            status: result.status.map(|status| status.as_u16()),
            code: result.code.into_owned(),
        });
        self.keep_error(&mut results, noted);
    }

    /// Without its ledger the run is of no use.
    fn keep_error(&self, results: &mut Results, written: io::Result<()>) {
        if let Err(error) = written {
            results.failed.get_or_insert(error);
            results.ledger = None;
            self.stop.cancel();
        }
    }
}
