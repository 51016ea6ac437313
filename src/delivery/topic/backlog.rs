//! How old the oldest record on disk was when a drain took it up.
//!
//! Promise: it is kept for a while, since a drain is faster than the looks at the topic's settings: what
//! they mean for records of that age is said although these are on the topic already.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// As old as the topic's settings may be when they are held against it.
const KEPT: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug, Default)]
pub struct Backlog(Mutex<Option<Oldest>>);

#[derive(Debug, Clone, Copy)]
struct Oldest {
    received: SystemTime,
    taken_up: Instant,
}

impl Backlog {
    /// A drain takes up records, the oldest of which was received then; says whether that is news.
    pub fn taken_up(&self, received: SystemTime, now: Instant) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = kept.is_none_or(|oldest| !oldest.is_kept(now) || received < oldest.received);
        if is_news {
            *kept = Some(Oldest { received, taken_up: now });
        }
        is_news
    }

    /// When the oldest record was received that a drain took up lately.
    pub fn oldest(&self, now: Instant) -> Option<SystemTime> {
        let kept = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.filter(|oldest| oldest.is_kept(now)).map(|oldest| oldest.received)
    }
}

impl Oldest {
    fn is_kept(&self, now: Instant) -> bool {
        now < self.taken_up + KEPT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_kept_for_a_while_and_an_older_one_is_news() {
        let (backlog, start) = (Backlog::default(), Instant::now());
        let (old, new) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + KEPT);
        assert_eq!(backlog.oldest(start), None);
        assert!(backlog.taken_up(new, start));
        assert!(!backlog.taken_up(new, start));
        assert!(backlog.taken_up(old, start));
        assert!(!backlog.taken_up(new, start));
        assert_eq!(backlog.oldest(start), Some(old));
        assert_eq!(backlog.oldest(start + KEPT), None);
        assert!(backlog.taken_up(new, start + KEPT));
    }
}
