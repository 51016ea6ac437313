//! The posts as they are answered: a layer of the log takes the line that each has, and hands it on.
//!
//! Promise: nobody who answers a post waits for whoever shows it. At most [`MOST`] posts wait to be
//! shown; those that find no room are left out and counted.

use crate::cli::dev::post_line::PostLine;
use crate::post::LOG_TARGET;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::Registry;

/// More than anybody reads, and less than a megabyte.
const MOST: usize = 1024;

/// The posts that wait to be shown.
pub(super) struct PostLines {
    lines: mpsc::Receiver<PostLine>,
    left_out: Arc<AtomicU64>,
}

/// The one end of it, in the log.
struct PostLayer {
    lines: mpsc::Sender<PostLine>,
    left_out: Arc<AtomicU64>,
}

/// What goes into the log, and what comes out of it.
pub(super) fn post_lines() -> (impl Layer<Registry> + Send + Sync, PostLines) {
    let ((sender, lines), left_out) = (mpsc::channel(MOST), Arc::<AtomicU64>::default());
    let layer = PostLayer { lines: sender, left_out: left_out.clone() };
    let posts = Targets::new().with_target(LOG_TARGET, LevelFilter::DEBUG);
    (layer.with_filter(posts), PostLines { lines, left_out })
}

impl PostLines {
    /// Waits for the next post. Cancel-safe.
    pub(super) async fn next(&mut self) -> PostLine {
        match self.lines.recv().await {
            Some(line) => line,
            // Without a log there are none.
            None => pending().await,
        }
    }

    /// How many were left out since this was asked last.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.swap(0, Ordering::Relaxed)
    }
}

impl<S: Subscriber> Layer<S> for PostLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut line = PostLine::default();
        event.record(&mut line);
        if self.lines.try_send(line).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}
