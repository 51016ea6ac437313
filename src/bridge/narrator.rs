//! Says what posts leave to be said, so that none is held up by it.

use crate::post::accounts::Accounts;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How late a thing may be said.
const TICK: Duration = Duration::from_secs(1);

/// Sums up the refusals that were left out of the log, for as long as it is awaited.
pub(super) async fn narrate(accounts: Arc<Accounts>) {
    loop {
        sleep(TICK).await;
        accounts.refusals.sum_up(Instant::now());
    }
}
