//! A timer that is exact to some ten microseconds, where tokio's are to a millisecond: what a post waits
//! for the timer would else be told as what it waits for the bridge.
//!
//! Promise: one wait at a time; its thread ends with it.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;
use tokio::sync::Notify;

/// See the module.
pub(super) struct PreciseTimer {
    times: SyncSender<Instant>,
    rung: Arc<Notify>,
}

impl PreciseTimer {
    /// Starts its thread.
    pub(super) fn start() -> io::Result<Self> {
        let (times, asked) = sync_channel(1);
        let rung = Arc::new(Notify::new());
        let bell = rung.clone();
        thread::Builder::new().name("timer".to_owned()).spawn(move || ring(&asked, &bell))?;
        Ok(Self { times, rung })
    }

    /// Waits until then.
    pub(super) async fn wait_until(&mut self, time: Instant) {
        self.times.send(time).expect("the thread is there for as long as this is");
        self.rung.notified().await;
    }
}

/// Until nobody can ask any more.
fn ring(asked: &Receiver<Instant>, bell: &Notify) {
    let mut time = asked.recv().ok();
    while let Some(at) = time {
        time = match asked.recv_timeout(at.saturating_duration_since(Instant::now())) {
            Err(RecvTimeoutError::Timeout) => {
                bell.notify_one();
                asked.recv().ok()
            }
            // The wait was given up for another.
            Ok(other) => Some(other),
            Err(RecvTimeoutError::Disconnected) => None,
        };
    }
}
