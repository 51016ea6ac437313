//! Tells the service manager how the bridge is, for as long as it runs.
//!
//! Promise: READY is said once posts are taken, whatever Kafka does: a start that waited for Kafka
//! would be ended by the manager, and the next one would find it no better. What it does is in the
//! status, which follows `/readyz`.

use crate::admin::Admin;
use crate::admin::status_line::StatusLine;
use crate::bridge::pulse::Pulse;
use crate::bridge::supervision::Supervision;
use crate::bridge::watchdog::Watchdog;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How late a status may be.
const TICK: Duration = Duration::from_secs(1);
/// Between two statuses that differ in ages and counts alone.
const REFRESH: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct Notifier {
    pub(super) supervision: Arc<Supervision>,
    pub(super) admin: Arc<Admin>,
    pub(super) loops: Vec<Pulse>,
    pub(super) stop: CancellationToken,
}

impl Notifier {
    /// Runs for as long as it is awaited.
    pub(super) async fn run(self) -> Infallible {
        if self.supervision.is_there() {
            self.supervision.ready();
            let watchdog = Watchdog { supervision: &self.supervision, loops: &self.loops };
            let telling = async { tokio::join!(self.follow_state(), watchdog.feed()) };
            self.stop.run_until_cancelled(telling).await;
            self.supervision.stopping();
        }
        pending().await
    }

    async fn follow_state(&self) -> Infallible {
        let (mut last, mut said) = (StatusLine::default(), Instant::now());
        loop {
            self.supervision.repeat();
            let line = self.admin.status_line();
            let is_due = last.text != line.text && said.elapsed() >= REFRESH;
            if last.shape != line.shape || is_due {
                self.supervision.status(&line.text);
                (last, said) = (line, Instant::now());
            }
            sleep(TICK).await;
        }
    }
}
