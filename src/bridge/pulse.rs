//! Whether an event loop turns: asked from outside it, answered on it.
//!
//! Promise: the answer comes from the task that accepts connections and reads Kafka's reports. A loop
//! that hangs, or a task that never gives way, leaves it out.

use std::convert::Infallible;
use std::future::pending;
use tokio::sync::{mpsc, oneshot};

/// Questions that may wait: the next one comes when the last is answered or given up.
const QUESTIONS: usize = 1;

type Answer = oneshot::Sender<()>;

/// Where to ask a loop.
pub(super) struct Pulse(mpsc::Sender<Answer>);

/// Where the loop hears it.
pub(super) struct Heart(mpsc::Receiver<Answer>);

impl Pulse {
    /// Of a loop that gets the other end.
    pub(super) fn new() -> (Self, Heart) {
        let (pulse, heart) = mpsc::channel(QUESTIONS);
        (Self(pulse), Heart(heart))
    }

    /// Waits until the loop has turned; for ever, where it does not, or has ended.
    pub(super) async fn beat(&self) {
        let (answer, answered) = oneshot::channel();
        if self.0.send(answer).await.is_err() || answered.await.is_err() {
            pending::<()>().await;
        }
    }
}

impl Heart {
    /// Answers for as long as it is awaited.
    pub(super) async fn run(mut self) -> Infallible {
        while let Some(answer) = self.0.recv().await {
            // Whoever asked may have given up.
            let _ = answer.send(());
        }
        pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn only_a_heart_that_is_awaited_beats() {
        let (pulse, heart) = Pulse::new();
        for _ in 0..3 {
            assert!(timeout(LONG, pulse.beat()).await.is_err());
        }
        let beating = tokio::spawn(heart.run());
        for _ in 0..3 {
            assert!(timeout(LONG, pulse.beat()).await.is_ok());
        }
        beating.abort();
        drop(beating.await);
        assert!(timeout(LONG, pulse.beat()).await.is_err());
    }
}
