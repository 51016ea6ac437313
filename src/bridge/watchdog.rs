//! The watchdog of the service manager, which ends a bridge that hangs and starts another.
//!
//! Promise: it is fed only while the main loop and every event loop turn, each asked on the task that
//! takes its posts. What hangs outside, as Kafka or the disk, is no reason: another bridge would hang,
//! too.

use crate::bridge::pulse::Pulse;
use crate::bridge::supervision::Supervision;
use std::convert::Infallible;
use std::future::pending;
use tokio::time::{Instant, sleep_until, timeout};

/// As `sd_watchdog_enabled(3)` has it: it is fed twice in the time that it allows.
const FEEDINGS: u32 = 2;

/// See the module.
pub(super) struct Watchdog<'a> {
    pub(super) supervision: &'a Supervision,
    /// Where each event loop is asked.
    pub(super) loops: &'a [Pulse],
}

impl Watchdog<'_> {
    /// Runs for as long as it is awaited.
    pub(super) async fn feed(&self) -> Infallible {
        let Some(within) = self.supervision.watchdog() else { return pending().await };
        let every = within / FEEDINGS;
        loop {
            let next = Instant::now() + every;
            let turning = async {
                for event_loop in self.loops {
                    event_loop.beat().await;
                }
            };
            if timeout(every, turning).await.is_ok() {
                self.supervision.feed_watchdog();
            } else {
                tracing::error!("an event loop does not turn, and the watchdog is not fed");
            }
            sleep_until(next).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;
    use tokio::time::sleep;

    const WITHIN: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_hangs_starves_the_watchdog() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let heard = || std::iter::from_fn(|| socket.recv(&mut [0; 100]).ok()).count();
        let supervision = Supervision::new(|name| match name {
            "NOTIFY_SOCKET" => Some(path.clone().into_os_string()),
            "WATCHDOG_USEC" => Some(OsString::from(WITHIN.as_micros().to_string())),
            _ => None,
        });
        let (first, turning) = Pulse::new();
        let (second, hanging) = Pulse::new();
        let loops = [first, second];
        let watchdog = Watchdog { supervision: &supervision, loops: &loops };
        let check = async {
            sleep(10 * WITHIN).await;
            assert_eq!(heard(), 0);
            let beating = tokio::spawn(hanging.run());
            // A socket that is not read keeps ten messages.
            sleep(3 * WITHIN).await;
            assert!((5..=7).contains(&heard()));
            beating.abort();
            sleep(WITHIN).await;
            heard();
            sleep(10 * WITHIN).await;
            assert_eq!(heard(), 0);
        };
        tokio::select! {
            () = check => {}
            never = turning.run() => match never {},
            never = watchdog.feed() => match never {},
        }
    }
}
