//! How the time that a stop may take is shared out.
//!
//! Promise: a post that begins to wait for its ack as the stop comes is answered within the share
//! of posts, from the disk where there is a spool. It ends nothing: each part of the bridge keeps
//! to its share.

use crate::config::ConfigError;
use std::time::Duration;

/// How long the last lines of the log may take: long for a reader that reads, short for who waits
/// for the end.
pub const LAST_LINES: Duration = Duration::from_millis(300);
/// How long clients of Kafka may take to end behind all else: as long as healthy ones do. They end
/// from when they are needed no more, so that most have the time that others leave.
const CLIENTS: Duration = Duration::from_millis(200);
/// The share of both of a short grace period.
const LAST_SHARE: u32 = 10;
/// What posts leave to the end of the spool: a commit and a round trip, many times over.
const SPOOL: Duration = Duration::from_secs(2);
/// Its share of a short grace period.
const SPOOL_SHARE: u32 = 4;
/// From the end of a post's wait for its ack to its answer: a commit to a disk that is busy.
const ANSWER: Duration = Duration::from_millis(200);

/// The grace period. What the parts have of it begins with the stop.
#[derive(Debug, Clone, Copy)]
pub struct Grace {
    /// All of it, as `--grace` has it.
    pub whole: Duration,
    /// Until all posts are answered.
    pub posts: Duration,
    /// Until the bridge has ended, with its spool.
    pub bridge: Duration,
    /// Until the clients of Kafka have ended, or are left behind.
    pub clients: Duration,
    /// What is left behind that for the last lines of the log.
    pub last_lines: Duration,
}

/// What has to end beside posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    Nothing,
    Spool,
}

impl Grace {
    pub(super) fn new(whole: Duration, beside: Beside) -> Self {
        let last = (CLIENTS + LAST_LINES).min(whole / LAST_SHARE);
        let last_lines = last.mul_f64(LAST_LINES.div_duration_f64(CLIENTS + LAST_LINES));
        let (bridge, clients) = (whole.saturating_sub(last), whole.saturating_sub(last_lines));
        let posts = match beside {
            Beside::Nothing => bridge,
            Beside::Spool => bridge.saturating_sub(SPOOL.min(bridge / SPOOL_SHARE)),
        };
        Self { whole, posts, bridge, clients, last_lines }
    }

    /// Whether a stop would wait for the last acks, and for the disk where they do not come.
    pub(super) fn check(&self, ack_timeout: Duration) -> Result<(), ConfigError> {
        let longest = self.posts.saturating_sub(ANSWER);
        if ack_timeout <= longest {
            return Ok(());
        }
        let (longest, whole) = (longest.as_millis(), humantime::format_duration(self.whole));
        let reason = format_args!(
            "is over {longest}ms, which is what --grace {whole} leaves for it: a stop would not wait \
             for the last acks"
        );
        Err(ConfigError::new("--ack-timeout", reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_one_after_the_other_and_make_up_the_whole() {
        for (whole, beside, posts, bridge) in [
            (20_000, Beside::Nothing, 19_500, 19_500),
            (20_000, Beside::Spool, 17_500, 19_500),
            (4000, Beside::Spool, 2700, 3600),
            (300, Beside::Nothing, 270, 270),
            (0, Beside::Spool, 0, 0),
        ] {
            let grace = Grace::new(Duration::from_millis(whole), beside);
            let shares = (grace.posts.as_millis(), grace.bridge.as_millis());
            assert_eq!(shares, (posts, bridge), "{whole} {beside:?}");
            assert!(grace.bridge <= grace.clients, "{whole}");
            assert_eq!(grace.clients + grace.last_lines, grace.whole);
        }
    }
}
