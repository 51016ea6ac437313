//! The end of a client, which nobody waits for longer than it should take.
//!
//! Promise: whoever drops one goes on after [`PATIENCE`] at most. librdkafka joins its threads, and
//! one of them may hang in the system's resolver for ten seconds a name. It is waited for at all
//! because a process that ends while they speak TLS would pull OpenSSL from under them.

use std::ops::Deref;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The end of a producer takes up to 0.2 s, and 0.5 s more where records are still under way.
const PATIENCE: Duration = Duration::from_millis(800);

/// A client that ends so.
pub(super) struct Ending<C: Send + 'static>(Option<C>);

impl<C: Send + 'static> Ending<C> {
    /// From now on, its drop is this one.
    pub(super) fn of(client: C) -> Self {
        Self(Some(client))
    }

    /// Takes the client back: its end blocks for as long as it takes.
    pub(super) fn into_inner(mut self) -> C {
        self.0.take().expect("only its end takes it")
    }
}

impl<C: Send + 'static> Deref for Ending<C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.0.as_ref().expect("only its end takes it")
    }
}

impl<C: Send + 'static> Drop for Ending<C> {
    fn drop(&mut self) {
        let Some(client) = self.0.take() else { return };
        let (done, ended) = mpsc::channel();
        let end = move || {
            drop(client);
            // Whoever waited may be gone.
            let _ = done.send(());
        };
        // Without a thread it ends here, whatever that takes.
        if thread::Builder::new().name("kafka-end".to_owned()).spawn(end).is_ok()
            && ended.recv_timeout(PATIENCE).is_err()
        {
            tracing::debug!("a Kafka client does not end, its threads are left behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    struct Slow(Duration);

    impl Drop for Slow {
        fn drop(&mut self) {
            thread::sleep(self.0);
        }
    }

    #[test]
    fn an_end_that_hangs_is_left_behind_and_one_that_does_not_is_waited_for() {
        let began = Instant::now();
        drop(Ending::of(Slow(PATIENCE / 4)));
        assert!(began.elapsed() >= PATIENCE / 4);
        let began = Instant::now();
        drop(Ending::of(Slow(PATIENCE * 4)));
        assert!(began.elapsed() < PATIENCE * 2);
    }
}
