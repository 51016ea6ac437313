//! Reads files again that have changed, or when it is asked to.
//!
//! Promise: a change is read once it has been there for [`SETTLED`], so that a file that is being
//! written is not; what cannot be taken is logged and counted once, and what was in force before
//! stays. A file system that hangs holds up nothing but the reload of its own files. The service
//! manager is told when a reload that was asked for begins, and when it is over.

use crate::bridge::shared::Shared;
use crate::bridge::supervision::Supervision;
use crate::config::reload::{Reloadable, Stamp};
use crate::error_chain::error_chain;
use crate::metrics::reloads::ReloadSeries;
use std::convert::Infallible;
use std::future::pending;
use std::mem;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};

/// How long a change must have been there before it is read.
const SETTLED: Duration = Duration::from_secs(1);
/// How long a file may take to be read before that is logged.
const SLOW: Duration = Duration::from_secs(10);
/// Reloads that may wait for one that is under way: it may have read the files before they changed.
const QUESTIONS: usize = 1;

/// See the module.
pub(super) struct Reloader {
    files: Vec<FileReloader>,
    /// To each of them.
    ask: Vec<mpsc::Sender<Done>>,
    asked: watch::Receiver<()>,
    supervision: Arc<Supervision>,
}

/// Dropped when files that were to be read have been.
type Done = oneshot::Sender<()>;

/// Files that are read together.
struct FileReloader {
    files: Arc<Reloadable>,
    /// As they were when they were read last.
    seen: Stamp,
    /// Between looks for a change; none looks only when it is asked to.
    every: Option<Duration>,
    /// To be read at once.
    asked: mpsc::Receiver<Done>,
    series: ReloadSeries,
}

impl Reloader {
    /// Of the files that the configuration was made of.
    pub(super) fn new(
        Shared { config, metrics, .. }: &Shared,
        asked: watch::Receiver<()>,
        supervision: Arc<Supervision>,
    ) -> Self {
        let of = |files: &Arc<Reloadable>| {
            let (ask, asked) = mpsc::channel(QUESTIONS);
            let (files, seen) = (files.clone(), files.first.clone());
            let series = metrics.reloads.clone();
            (FileReloader { files, seen, every: config.reload, asked, series }, ask)
        };
        let (files, ask) = config.reloadables.iter().map(of).unzip();
        Self { files, ask, asked, supervision }
    }

    /// Runs for as long as it is awaited.
    pub(super) async fn run(mut self) {
        let files = mem::take(&mut self.files);
        let mut reloading: JoinSet<_> = files.into_iter().map(FileReloader::run).collect();
        tokio::select! {
            // None of them ends, unless it panics.
            Some(_) = reloading.join_next() => {}
            never = self.answer() => match never {},
        }
    }

    /// Has all files read whenever somebody asks.
    async fn answer(&mut self) -> Infallible {
        loop {
            is_asked(&mut self.asked).await;
            self.supervision.reloading();
            if self.ask.is_empty() {
                tracing::info!("there is no file to be read again");
            }
            let begin = |ask: &mpsc::Sender<Done>| {
                let (done, is_done) = oneshot::channel();
                // One that has a question waiting reads its files behind this anyway.
                drop(ask.try_send(done));
                is_done
            };
            let reading: Vec<_> = self.ask.iter().map(begin).collect();
            let all = async {
                for is_done in reading {
                    drop(is_done.await);
                }
            };
            // What takes longer is said by whoever waits for its file system.
            drop(timeout(SLOW, all).await);
            self.supervision.ready();
        }
    }
}

impl FileReloader {
    async fn run(mut self) {
        let what = self.files.what.as_str();
        loop {
            let asked = tokio::select! {
                Some(done) = self.asked.recv() => Some(done),
                () = due(self.every) => None,
            };
            if asked.is_none() && !self.has_settled().await {
                continue;
            }
            let files = Arc::clone(&self.files);
            let (stamp, read) = blocking(what, move || files.reload()).await;
            self.seen = stamp;
            match &read {
                Ok(()) => tracing::info!(what, "read again, and in force"),
                Err(error) => tracing::error!(
                    what,
                    error = %error_chain(error),
                    "cannot be taken, what was in force before stays"
                ),
            }
            self.series.count(self.files.what, &read);
            drop(asked);
        }
    }

    /// Whether the files have changed since they were read, and change no more.
    async fn has_settled(&self) -> bool {
        let look = || {
            let files = Arc::clone(&self.files);
            blocking(self.files.what.as_str(), move || files.stamp())
        };
        let changed = look().await;
        if changed == self.seen {
            return false;
        }
        sleep(SETTLED).await;
        look().await == changed
    }
}

/// Never, once nobody can ask any more.
async fn is_asked(asked: &mut watch::Receiver<()>) {
    if asked.changed().await.is_err() {
        pending::<()>().await;
    }
}

async fn due(every: Option<Duration>) {
    match every {
        Some(every) => sleep(every).await,
        None => pending().await,
    }
}

/// What `work` on a file system gives, on another thread. There is nothing to do but to wait for it.
async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let mut working = spawn_blocking(work);
    let done = if let Ok(done) = timeout(SLOW, &mut working).await {
        done
    } else {
        let for_seconds = SLOW.as_secs();
        tracing::error!(what, for_seconds, "the file system does not answer");
        working.await
    };
    done.expect("reading a file does not panic")
}
