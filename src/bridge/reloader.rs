//! Reads files again that have changed, or when it is asked to.
//!
//! Promise: a change is read once it has been there for [`SETTLED`], so that a file that is being
//! written is not; what cannot be taken is logged and counted once, and what was in force before
//! stays. A file system that hangs holds up nothing but the reload of its own files.

use crate::config::Config;
use crate::config::reload::{Reloadable, Stamp};
use crate::error_chain::error_chain;
use crate::metrics::reloads::ReloadSeries;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};

/// How long a change must have been there before it is read.
const SETTLED: Duration = Duration::from_secs(1);
/// How long a file may take to be read before that is logged.
const SLOW: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct Reloader {
    files: Vec<FileReloader>,
    asked: watch::Receiver<()>,
}

/// Files that are read together.
struct FileReloader {
    files: Arc<Reloadable>,
    /// As they were when they were read last.
    seen: Stamp,
    /// Between looks for a change; none looks only when it is asked to.
    every: Option<Duration>,
    /// Has a value when all is to be read at once.
    asked: watch::Receiver<()>,
    series: ReloadSeries,
}

/// Why files are looked at.
#[derive(Clone, Copy)]
enum Why {
    Asked,
    Due,
}

impl Reloader {
    /// Of the files that `config` was made of.
    pub(super) fn new(config: &Config, asked: watch::Receiver<()>, series: &ReloadSeries) -> Self {
        let of = |files: &Arc<Reloadable>| FileReloader {
            files: files.clone(),
            seen: files.first.clone(),
            every: config.reload,
            asked: asked.clone(),
            series: series.clone(),
        };
        Self { files: config.reloadables.iter().map(of).collect(), asked }
    }

    /// Runs for as long as it is awaited.
    pub(super) async fn run(mut self) {
        if self.files.is_empty() {
            loop {
                is_asked(&mut self.asked).await;
                tracing::info!("there is no file to be read again");
            }
        }
        let mut reloading: JoinSet<_> = self.files.into_iter().map(FileReloader::run).collect();
        // None of them ends, unless it panics.
        reloading.join_next().await;
    }
}

impl FileReloader {
    async fn run(mut self) {
        let what = self.files.what.as_str();
        loop {
            let why = tokio::select! {
                () = is_asked(&mut self.asked) => Why::Asked,
                () = due(self.every) => Why::Due,
            };
            match why {
                Why::Due if !self.has_settled().await => continue,
                Why::Due | Why::Asked => {}
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
        tracing::error!(what, "the file system has not answered for {SLOW:?}");
        working.await
    };
    done.expect("reading a file does not panic")
}
