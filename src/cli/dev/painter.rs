//! Shows the page, by a thread of its own: nobody waits for whoever reads it.
//!
//! Promise: a text that finds no room is left out, and a line says so once there is room again.
//! What waits takes up at most [`MOST_BYTES`]. The end waits for a reader that reads, and not for
//! one that does not.

use crate::cli::screen::Screen;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// All texts that wait, together: a few records of the largest that are taken.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// For the last texts: a terminal needs milliseconds.
const LAST_TEXTS: Duration = Duration::from_millis(500);

/// The way to the screen.
pub(super) struct Painter {
    texts: mpsc::Sender<String>,
    /// Bytes of the texts that wait.
    waiting: Arc<AtomicUsize>,
    /// Texts left out since one was taken.
    missing: usize,
    /// The screen shows no more.
    closed: CancellationToken,
    /// How that ended.
    ended: mpsc::Receiver<io::Result<()>>,
}

impl Painter {
    /// Starts the thread. It ends with the process, since it may be waiting for a reader.
    pub(super) fn start() -> io::Result<Self> {
        let ((texts, to_show), (end, ended)) = (mpsc::channel(), mpsc::channel());
        let (waiting, closed) = (Arc::<AtomicUsize>::default(), CancellationToken::new());
        let (shown, is_closed) = (waiting.clone(), closed.clone());
        thread::Builder::new().name("screen".to_owned()).spawn(move || {
            let showing = show(&to_show, &shown);
            // Whoever waited may be gone.
            drop(end.send(showing));
            is_closed.cancel();
        })?;
        Ok(Self { texts, waiting, missing: 0, closed, ended })
    }

    /// Shows `text`, whole lines, each with its end, if there is room.
    pub(super) fn print(&mut self, text: &str) {
        let text = match self.missing {
            0 => text.to_owned(),
            missing => format!("\n({missing} texts are missing: nobody read them in time)\n{text}"),
        };
        let bytes = text.len();
        if self.waiting.load(Ordering::Relaxed) + bytes > MOST_BYTES {
            self.missing += 1;
            return;
        }
        self.missing = 0;
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
        // The receiver is gone where the reader is.
        drop(self.texts.send(text));
    }

    /// Waits until nobody can read any more.
    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Waits for the last texts, if somebody reads them; says why not all were written, unless that
    /// was the reader's wish.
    pub(super) fn end(self) -> io::Result<()> {
        drop(self.texts);
        self.ended.recv_timeout(LAST_TEXTS).unwrap_or(Ok(()))
    }
}

/// Until there is nothing more to show, or no way to.
fn show(texts: &mpsc::Receiver<String>, waiting: &AtomicUsize) -> io::Result<()> {
    let mut screen = Screen::new();
    for text in texts {
        screen.print(&text);
        waiting.fetch_sub(text.len(), Ordering::Relaxed);
        if !screen.is_open() {
            break;
        }
    }
    screen.end()
}
