//! Reads files again that have changed, or when it is asked to.
//!
//! Promise: a change is read once it has been there for [`SETTLED`], so that a file that is being written
//! is not; what cannot be taken is logged and counted once, and what was in force before stays. A file
//! system that hangs holds up nothing but this.

use crate::config::Config;
use crate::config::reload::{Reloadable, Stamp};
use crate::error_chain::error_chain;
use crate::metrics::reloads::ReloadSeries;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

/// How long a change must have been there before it is read.
const SETTLED: Duration = Duration::from_secs(1);
/// How long a file may take to be read before that is logged.
const SLOW: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct Reloader {
    /// What can be read again.
    files: Vec<Arc<Reloadable>>,
    /// Between looks for a change; none looks only when it is asked to.
    every: Option<Duration>,
    /// Rung when all is to be read at once.
    asked: Arc<Notify>,
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
    pub(super) fn new(config: &Config, asked: Arc<Notify>, series: ReloadSeries) -> Self {
        Self { files: config.reloadables.clone(), every: config.reload, asked, series }
    }

    /// Runs for as long as it is awaited.
    pub(super) async fn run(self) {
        // As they were when they were read last.
        let mut seen: Vec<_> = self.files.iter().map(|files| files.first.clone()).collect();
        loop {
            let why = tokio::select! {
                () = self.asked.notified() => Why::Asked,
                () = due(self.every) => Why::Due,
            };
            if let Why::Asked = why
                && self.files.is_empty()
            {
                tracing::info!("there is no file to be read again");
            }
            for (files, seen) in self.files.iter().zip(&mut seen) {
                match why {
                    Why::Asked => {}
                    Why::Due if has_settled(files, seen).await => {}
                    Why::Due => continue,
                }
                let what = files.what.as_str();
                let reloadable = Arc::clone(files);
                let (stamp, read) = blocking(what, move || reloadable.reload()).await;
                *seen = stamp;
                match &read {
                    Ok(()) => tracing::info!(what, "read again, and in force"),
                    Err(error) => tracing::error!(
                        what,
                        error = %error_chain(error),
                        "cannot be taken, what was in force before stays"
                    ),
                }
                self.series.count(files.what, &read);
            }
        }
    }
}

async fn due(every: Option<Duration>) {
    match every {
        Some(every) => sleep(every).await,
        None => std::future::pending().await,
    }
}

/// Whether files have changed since they were `seen`, and change no more.
async fn has_settled(files: &Arc<Reloadable>, seen: &Stamp) -> bool {
    let look = || {
        let reloadable = Arc::clone(files);
        blocking(files.what.as_str(), move || reloadable.stamp())
    };
    let changed = look().await;
    if changed == *seen {
        return false;
    }
    sleep(SETTLED).await;
    look().await == changed
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
