//! Turns of the TLS handshakes of an event loop, so that what they compute holds up nobody else.
//!
//! Promise: between two looks of the loop at all its connections, the answers to at most [`AT_A_TIME`]
//! greetings are computed; each waits for its turn in the order in which greetings came. It bounds no wait: that is as
//! long as what those before compute, and there are no more of them than there may be connections.

use tokio::sync::Semaphore;
use tokio::task::yield_now;

/// With a key on P-256 the answer to a greeting is 0.2 ms of a signature and an exchange of keys, so that
/// these are less than a millisecond. What turns gain and cost is in `docs/performance.md`.
const AT_A_TIME: usize = 4;

/// Of one event loop.
#[derive(Debug)]
pub(super) struct HandshakeTurns(Semaphore);

impl Default for HandshakeTurns {
    fn default() -> Self {
        Self(Semaphore::new(AT_A_TIME))
    }
}

impl HandshakeTurns {
    /// Computes in its turn.
    pub(super) async fn take<T>(&self, compute: impl FnOnce() -> T) -> T {
        let _turn = self.0.acquire().await.expect("the semaphore is never closed");
        // Tokio goes on with who yields only after it has asked the kernel what has come.
        yield_now().await;
        compute()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixStream;
    use tokio::task::LocalSet;

    #[tokio::test]
    async fn what_comes_meanwhile_waits_for_few_handshakes() {
        let (turns, computed) = (Rc::new(HandshakeTurns::default()), Rc::new(Cell::new(0)));
        let (mut sender, mut receiver) = UnixStream::pair().unwrap();
        let tasks = LocalSet::new();
        for _ in 0..10 * AT_A_TIME {
            let (turns, computed) = (turns.clone(), computed.clone());
            tasks.spawn_local(async move {
                turns.take(|| computed.set(computed.get() + 1)).await;
            });
        }
        tasks
            .run_until(async {
                sender.write_all(b"x").await.unwrap();
                receiver.read_exact(&mut [0]).await.unwrap();
                assert!(computed.get() <= 2 * AT_A_TIME, "{}", computed.get());
            })
            .await;
        tasks.await;
        assert_eq!(computed.get(), 10 * AT_A_TIME);
    }
}
