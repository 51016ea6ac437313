//! Waits for what another bridge still has.
//!
//! Promise: tries again until a time is over, and says once that it does. With no time it tries once.

use crate::bridge::bridge_error::BridgeError;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two tries: short beside the time that the end of a bridge takes.
const PAUSE: Duration = Duration::from_millis(50);

/// How long to wait for what is in use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WaitUntilFree(pub(super) Duration);

impl WaitUntilFree {
    /// Tries until it is not in use any more; `what` is for the log.
    pub(super) async fn until_free<T>(
        self,
        what: &'static str,
        mut attempt: impl AsyncFnMut() -> Result<T, BridgeError>,
    ) -> Result<T, BridgeError> {
        let end = Instant::now() + self.0;
        let mut is_logged = false;
        loop {
            match attempt().await {
                Err(error) if error.is_in_use() && Instant::now() < end => {
                    if !is_logged {
                        tracing::info!(what, "waits for what another bridge still has");
                        is_logged = true;
                    }
                    sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }
}
