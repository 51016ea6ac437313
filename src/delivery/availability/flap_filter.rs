//! When what is wrong is logged again, while it lasts, or comes and goes.
//!
//! Promise: a line when it begins and one when it is over; meanwhile one a minute, and within each
//! minute one more at most, for a reason that is new and lasts. What is back within a minute of its
//! end is the same episode: logged once as such, then once a minute, until it has been over for a
//! minute. A plain value that gets the time.

use std::time::{Duration, Instant};

/// Between two lines of one episode.
pub(super) const EVERY: Duration = Duration::from_secs(60);
/// How long a reason has to last until it is news: some follow each other within one look.
const LASTS: Duration = Duration::from_secs(10);
/// Reasons that are remembered: more than one episode has.
const REASONS: usize = 16;

/// What is to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// It begins, after it was not there for this time, where that is known.
    First { after: Option<Duration> },
    /// It has been there for this long.
    Still { lasted: Duration },
    /// It comes and goes.
    Again,
    /// It came and went this often, in this time.
    StillAgain { lasted: Duration, times: u32 },
    /// It is over, after this time.
    Over { lasted: Duration },
    /// What came and went this often, in this time, is over.
    OverForGood { lasted: Duration, times: u32 },
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct FlapFilter {
    episode: Option<Episode>,
    /// Since when it is not there.
    gone: Option<Instant>,
}

#[derive(Debug)]
struct Episode {
    since: Instant,
    times: u32,
    now: Now,
    /// When the last line of a minute was due.
    logged: Instant,
    /// Whether news were logged since then.
    news: bool,
    reasons: Vec<String>,
    /// A reason that was not logged, and since when it holds.
    fresh: Option<(String, Instant)>,
}

#[derive(Debug, Clone, Copy)]
enum Now {
    ThereSince(Instant),
    OverSince(Instant),
}

impl FlapFilter {
    /// It is there for this reason, since then if it was not before.
    pub(super) fn there(&mut self, why: &str, since: Instant, now: Instant) -> Option<Notice> {
        let gone = self.gone.take();
        let Some(episode) = &mut self.episode else {
            self.episode = Some(Episode::new(why, since, now));
            let after = gone.map(|gone| since.saturating_duration_since(gone));
            return Some(Notice::First { after });
        };
        if let Now::OverSince(_) = episode.now {
            episode.now = Now::ThereSince(since);
            episode.times += 1;
            if episode.times == 2 {
                episode.log(why, now);
                return Some(Notice::Again);
            }
        }
        episode.is_due(why, now).then(|| episode.still(now))
    }

    /// Whether it is there, as far as was logged.
    pub(super) fn is_there(&self) -> bool {
        self.episode.as_ref().is_some_and(|episode| matches!(episode.now, Now::ThereSince(_)))
    }

    /// It is not there.
    pub(super) fn gone(&mut self, now: Instant) -> Option<Notice> {
        self.gone.get_or_insert(now);
        let episode = self.episode.as_mut()?;
        match episode.now {
            Now::ThereSince(since) => {
                episode.now = Now::OverSince(now);
                let lasted = now.saturating_duration_since(since);
                (episode.times == 1).then_some(Notice::Over { lasted })
            }
            Now::OverSince(at) if now < at + EVERY => None,
            Now::OverSince(at) => {
                let (lasted, times) = (at.saturating_duration_since(episode.since), episode.times);
                self.episode = None;
                (times > 1).then_some(Notice::OverForGood { lasted, times })
            }
        }
    }
}

impl Episode {
    fn new(why: &str, since: Instant, now: Instant) -> Self {
        Self {
            since,
            times: 1,
            now: Now::ThereSince(since),
            logged: now,
            news: false,
            reasons: vec![gist(why)],
            fresh: None,
        }
    }

    fn log(&mut self, why: &str, now: Instant) {
        (self.logged, self.news) = (now, false);
        self.note(gist(why));
    }

    fn note(&mut self, gist: String) {
        self.fresh = None;
        if !self.reasons.contains(&gist) && self.reasons.len() < REASONS {
            self.reasons.push(gist);
        }
    }

    fn is_due(&mut self, why: &str, now: Instant) -> bool {
        if self.logged + EVERY <= now {
            self.log(why, now);
            return true;
        }
        if self.news || self.reasons.len() == REASONS {
            return false;
        }
        let gist = gist(why);
        if self.reasons.contains(&gist) {
            self.fresh = None;
            return false;
        }
        match &self.fresh {
            Some((fresh, since)) if *fresh == gist => {
                let lasts = *since + LASTS <= now;
                if lasts {
                    self.news = true;
                    self.note(gist);
                }
                lasts
            }
            Some(_) | None => {
                self.fresh = Some((gist, now));
                false
            }
        }
    }

    fn still(&self, now: Instant) -> Notice {
        let lasted = |since| now.saturating_duration_since(since);
        match self.now {
            Now::ThereSince(since) if self.times == 1 || lasted(since) >= EVERY => {
                Notice::Still { lasted: lasted(since) }
            }
            Now::ThereSince(_) | Now::OverSince(_) => {
                Notice::StillAgain { lasted: lasted(self.since), times: self.times }
            }
        }
    }
}

/// Reasons that differ by numbers alone are the same.
fn gist(why: &str) -> String {
    why.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn alternating_reasons_are_logged_once_each_then_once_a_minute() {
        let (mut filter, start) = (FlapFilter::default(), Instant::now());
        assert_eq!(filter.there("1 of 6", start, start), Some(Notice::First { after: None }));
        let mut logged = Vec::new();
        for second in 1..=180 {
            let why = ["2 of 6", "refused", "timed out"][second as usize / 15 % 3];
            if filter.there(why, start, start + second * SECOND).is_some() {
                logged.push(second);
            }
        }
        assert_eq!(logged, [25, 60, 75 + 10, 120, 180]);
    }

    #[test]
    fn a_reason_that_does_not_last_is_no_news() {
        let (mut filter, start) = (FlapFilter::default(), Instant::now());
        filter.there("refused", start, start);
        for second in 1..60 {
            let why = ["refused", "timed out"][second as usize % 2];
            assert_eq!(filter.there(why, start, start + second * SECOND), None);
        }
    }

    #[test]
    fn what_comes_and_goes_is_logged_as_that_and_not_as_pairs() {
        let (mut filter, start) = (FlapFilter::default(), Instant::now());
        let mut logged = Vec::new();
        for second in 0..=90 {
            let now = start + second * SECOND;
            let notice = if second / 2 % 2 == 0 {
                filter.there("no ack", now, now)
            } else {
                filter.gone(now)
            };
            logged.extend(notice.map(|notice| (second, notice)));
        }
        let again = Notice::StillAgain { lasted: 64 * SECOND, times: 17 };
        let over = Notice::Over { lasted: 2 * SECOND };
        let first = Notice::First { after: None };
        assert_eq!(logged, [(0, first), (2, over), (4, Notice::Again), (64, again)]);
        let end = start + 91 * SECOND;
        assert_eq!(filter.gone(end), None);
        // It was there last in the 90th second, as the second look at it saw.
        let for_good = Notice::OverForGood { lasted: 90 * SECOND, times: 23 };
        assert_eq!(filter.gone(end + EVERY), Some(for_good));
        let begins = end + EVERY + SECOND;
        let after = Some(EVERY + 2 * SECOND);
        assert_eq!(filter.there("no ack", begins, begins), Some(Notice::First { after }));
    }
}
