//! The ends of clients, which nobody waits for longer than they should take.
//!
//! Promise: whoever drops a client goes on after [`TIMEOUT`] at most, and at once where
//! [`ClientEndings::gather`] was called; then [`ClientEndings::wait`] waits for all of them
//! together. `rd_kafka_destroy` waits for the client's threads, and one of them may wait in
//! `getaddrinfo(3)`, which has no time-out (`tests/it/life/resolver.rs`). They are waited for at
//! all because OpenSSL frees what it uses when the process exits (`OPENSSL_init_crypto(3)`), also
//! under a thread that speaks TLS.

use crate::lock::Lock;
use std::ops::Deref;
use std::sync::{Arc, Condvar, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// Longer than a healthy end takes (`docs/performance.md#what-each-default-was-chosen-by`).
pub const TIMEOUT: Duration = Duration::from_millis(800);

/// The clients of one bridge that are ending.
#[derive(Debug, Default)]
pub struct ClientEndings {
    ends: Lock<EndCounts>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct EndCounts {
    under_way: usize,
    waited_for_by: Waiter,
}

/// Who waits for the end of a client.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Waiter {
    /// Whoever drops it.
    #[default]
    Dropper,
    /// Whoever calls [`ClientEndings::wait`].
    Gatherer,
}

impl ClientEndings {
    /// From now on no drop waits: whoever calls this calls [`ClientEndings::wait`] before the process
    /// ends.
    pub fn gather(&self) {
        self.ends.lock().waited_for_by = Waiter::Gatherer;
    }

    /// Waits until all clients that were dropped have ended. Blocks, for `timeout` at most.
    pub fn wait(&self, timeout: Duration) {
        let ended =
            self.ended.wait_timeout_while(self.ends.lock(), timeout, |ends| ends.under_way > 0);
        let clients = ended.unwrap_or_else(PoisonError::into_inner).0.under_way;
        if clients > 0 {
            tracing::debug!(clients, "Kafka clients do not end, their threads are left behind");
        }
    }
}

/// One that ends.
struct UnderWay(Arc<ClientEndings>);

impl UnderWay {
    fn begun(endings: &Arc<ClientEndings>) -> Self {
        endings.ends.lock().under_way += 1;
        Self(endings.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.ends.lock().under_way -= 1;
        self.0.ended.notify_all();
    }
}

/// A client that ends so.
pub(super) struct ClientEnding<C: Send + 'static> {
    /// Taken by its end.
    client: Option<C>,
    endings: Arc<ClientEndings>,
}

impl<C: Send + 'static> ClientEnding<C> {
    /// From now on, its drop is this one.
    pub(super) fn of(client: C, endings: &Arc<ClientEndings>) -> Self {
        Self { client: Some(client), endings: endings.clone() }
    }

    /// Ends it here: blocks for as long as that takes.
    pub(super) fn end(mut self) {
        let under_way = UnderWay::begun(&self.endings);
        drop(self.client.take());
        drop(under_way);
    }
}

impl<C: Send + 'static> Deref for ClientEnding<C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.client.as_ref().expect("only its end takes it")
    }
}

impl<C: Send + 'static> Drop for ClientEnding<C> {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let waiter = self.endings.ends.lock().waited_for_by;
        let under_way = UnderWay::begun(&self.endings);
        let (done, ended) = mpsc::channel();
        let end = move || {
            drop(client);
            drop(under_way);
            // Whoever waited may be gone.
            let _ = done.send(());
        };
        // Without a thread it ends here, whatever that takes.
        if thread::Builder::new().name("kafka-end".to_owned()).spawn(end).is_ok()
            && waiter == Waiter::Dropper
            && ended.recv_timeout(TIMEOUT).is_err()
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

    fn took(what: impl FnOnce()) -> Duration {
        let began = Instant::now();
        what();
        began.elapsed()
    }

    #[test]
    fn an_end_that_hangs_is_left_behind_and_a_quick_one_waited_for() {
        let endings = Arc::default();
        let end = |time| took(|| drop(ClientEnding::of(Slow(time), &endings)));
        assert!(end(TIMEOUT / 4) >= TIMEOUT / 4);
        assert!(end(TIMEOUT * 4) < TIMEOUT * 2);
    }

    #[test]
    fn ends_that_are_gathered_are_waited_for_together() {
        let endings = Arc::<ClientEndings>::default();
        endings.gather();
        let end = |time| drop(ClientEnding::of(Slow(time), &endings));
        assert!(took(|| (0..8).for_each(|_| end(TIMEOUT / 4))) < TIMEOUT / 4);
        let waited = took(|| endings.wait(TIMEOUT * 4));
        assert!(waited < TIMEOUT, "{waited:?}");
        assert_eq!(endings.ends.lock().under_way, 0);
        end(TIMEOUT * 4);
        assert!(took(|| endings.wait(TIMEOUT / 4)) < TIMEOUT);
    }
}
