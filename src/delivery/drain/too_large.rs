//! Rows that are larger than the topic takes, by their size. A plain value that gets the time.
//!
//! Promise: such a row is quarantined unsent, so that no batch is refused for it, but never on old
//! knowledge, since the limit may have been raised: the brokers are asked first. Where they do not
//! say it, the row is sent, and their refusal decides. It says nothing of rows of other topics.

use crate::delivery::topic::TopicLimit;
use std::time::{Duration, Instant};

/// How old a limit may be that a row is quarantined for.
const FRESH: Duration = Duration::from_secs(3);
/// How long rows wait for a fresh one: it is asked for at most every 3 s, and the answer may take 2 s.
const TIMEOUT: Duration = Duration::from_secs(6);
/// How long the first rows wait until anything is known: a broker that is there says it at once.
const FIRST_TIMEOUT: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct TooLarge {
    /// Since when a fresh limit is wanted.
    wanted: Option<Instant>,
}

/// What the size of a row says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// It may be sent.
    Fits,
    /// That is not known yet.
    Unsure,
    /// The topic takes this many bytes at most.
    Exceeds(u32),
}

impl TooLarge {
    /// A batch was refused for its size: what is known of the limit may be outdated.
    pub(super) fn refused(&mut self, limit: &TopicLimit, now: Instant) {
        self.want(limit, now);
    }

    /// What is to be done with a row that takes at least `bytes` bytes.
    pub(super) fn judge(&mut self, bytes: usize, limit: &TopicLimit, now: Instant) -> Size {
        let Some((most, asked)) = limit.asked() else {
            return match limit.bytes() {
                // The operator's, which the client heeds, or a guess.
                Some(_) => Size::Fits,
                None => self.wait(FIRST_TIMEOUT, limit, now),
            };
        };
        if self.wanted.is_some_and(|since| asked + FRESH >= since) {
            self.wanted = None;
        }
        let exceeds = u64::from(most) < bytes as u64;
        match self.wanted {
            None if !exceeds => Size::Fits,
            None if now < asked + FRESH => Size::Exceeds(most),
            None | Some(_) => self.wait(TIMEOUT, limit, now),
        }
    }

    fn wait(&mut self, timeout: Duration, limit: &TopicLimit, now: Instant) -> Size {
        let since = self.want(limit, now);
        if now < since + timeout { Size::Unsure } else { Size::Fits }
    }

    fn want(&mut self, limit: &TopicLimit, now: Instant) -> Instant {
        limit.doubt();
        *self.wanted.get_or_insert(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Duration = Duration::from_secs(60);

    #[test]
    fn a_row_is_quarantined_only_once_the_limit_was_asked_for_anew() {
        let (mut rows, start) = (TooLarge::default(), Instant::now());
        let limit = TopicLimit::new(None);
        limit.found(4_000, Some(start));
        assert_eq!(rows.judge(5_000, &limit, start), Size::Exceeds(4_000));
        let later = start + LATER;
        assert_eq!(rows.judge(4_000, &limit, later), Size::Fits);
        assert_eq!(rows.judge(5_000, &limit, later), Size::Unsure);
        limit.found(6_000, Some(later));
        assert_eq!(rows.judge(5_000, &limit, later), Size::Fits);
        limit.found(4_000, Some(later + LATER));
        assert_eq!(rows.judge(5_000, &limit, later + LATER), Size::Exceeds(4_000));
    }

    #[test]
    fn rows_wait_for_a_fresh_limit_behind_a_batch_over_the_limit() {
        let (mut rows, start) = (TooLarge::default(), Instant::now());
        let limit = TopicLimit::new(None);
        limit.found(10_000, Some(start));
        let later = start + LATER;
        rows.refused(&limit, later);
        assert_eq!(rows.judge(5_000, &limit, later), Size::Unsure);
        limit.found(4_000, Some(later));
        assert_eq!(rows.judge(5_000, &limit, later), Size::Exceeds(4_000));
    }

    #[test]
    fn where_nobody_knows_the_limit_kafka_decides() {
        let (mut rows, start) = (TooLarge::default(), Instant::now());
        let limit = TopicLimit::new(None);
        assert_eq!(rows.judge(5_000, &limit, start), Size::Unsure);
        assert_eq!(rows.judge(5_000, &limit, start + FIRST_TIMEOUT), Size::Fits);
        limit.found(4_000, None);
        assert_eq!(rows.judge(5_000, &limit, start), Size::Fits, "a guess");
        limit.found(4_000, Some(start));
        let later = start + LATER;
        assert_eq!(rows.judge(5_000, &limit, later), Size::Unsure);
        assert_eq!(rows.judge(5_000, &limit, later + TIMEOUT), Size::Fits);
    }
}
