//! When trouble that lasts, or comes and goes, is logged again.
//!
//! Promise: a line when it begins and one when it is over; meanwhile one a minute, and within each minute
//! one more at most, for a reason that is new and lasts. What is back within a minute of its
//! end is the same episode: logged once as such, then once a minute, until it has been over for a minute.
//! A plain value that gets the time.

use std::time::{Duration, Instant};

/// Between two lines of one episode.
pub(super) const EVERY: Duration = Duration::from_secs(60);
/// How long a reason has to last until it is news: some follow each other within one look.
const STANDS: Duration = Duration::from_secs(10);
/// Reasons that are remembered: more than one episode has.
const REASONS: usize = 16;

/// What is to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// It begins.
    First,
    /// It is there for so long.
    Still { lasted: Duration },
    /// It comes and goes.
    Again,
    /// It came and went so often in so long.
    StillAgain { lasted: Duration, times: u32 },
    /// It is over after so long.
    Over { lasted: Duration },
    /// What came and went so often is over.
    OverForGood { times: u32 },
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct FlapFilter(Option<Episode>);

#[derive(Debug)]
struct Episode {
    since: Instant,
    times: u32,
    now: Now,
    /// When the last line of a minute was due.
    told: Instant,
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
    pub(super) fn troubled(&mut self, why: &str, since: Instant, now: Instant) -> Option<Notice> {
        let Some(episode) = &mut self.0 else {
            self.0 = Some(Episode::new(why, since, now));
            return Some(Notice::First);
        };
        if let Now::OverSince(_) = episode.now {
            episode.now = Now::ThereSince(since);
            episode.times += 1;
            if episode.times == 2 {
                episode.told(why, now);
                return Some(Notice::Again);
            }
        }
        episode.is_due(why, now).then(|| episode.still(now))
    }

    /// Whether it is there, as far as was logged.
    pub(super) fn is_there(&self) -> bool {
        self.0.as_ref().is_some_and(|episode| matches!(episode.now, Now::ThereSince(_)))
    }

    /// It is not there.
    pub(super) fn well(&mut self, now: Instant) -> Option<Notice> {
        let episode = self.0.as_mut()?;
        match episode.now {
            Now::ThereSince(since) => {
                episode.now = Now::OverSince(now);
                let lasted = now.saturating_duration_since(since);
                (episode.times == 1).then_some(Notice::Over { lasted })
            }
            Now::OverSince(at) if now < at + EVERY => None,
            Now::OverSince(_) => {
                let times = episode.times;
                self.0 = None;
                (times > 1).then_some(Notice::OverForGood { times })
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
            told: now,
            news: false,
            reasons: vec![gist(why)],
            fresh: None,
        }
    }

    fn told(&mut self, why: &str, now: Instant) {
        (self.told, self.news) = (now, false);
        self.note(gist(why));
    }

    fn note(&mut self, gist: String) {
        self.fresh = None;
        if !self.reasons.contains(&gist) && self.reasons.len() < REASONS {
            self.reasons.push(gist);
        }
    }

    fn is_due(&mut self, why: &str, now: Instant) -> bool {
        if self.told + EVERY <= now {
            self.told(why, now);
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
                let stands = *since + STANDS <= now;
                if stands {
                    self.news = true;
                    self.note(gist);
                }
                stands
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
    fn reasons_that_alternate_are_told_once_each_and_then_once_a_minute() {
        let (mut rhythm, start) = (FlapFilter::default(), Instant::now());
        assert_eq!(rhythm.troubled("1 of 6", start, start), Some(Notice::First));
        let mut told = Vec::new();
        for second in 1..=180 {
            let why = ["2 of 6", "refused", "timed out"][second as usize / 15 % 3];
            if rhythm.troubled(why, start, start + second * SECOND).is_some() {
                told.push(second);
            }
        }
        assert_eq!(told, [25, 60, 75 + 10, 120, 180]);
    }

    #[test]
    fn a_reason_that_does_not_stand_is_no_news() {
        let (mut rhythm, start) = (FlapFilter::default(), Instant::now());
        rhythm.troubled("refused", start, start);
        for second in 1..60 {
            let why = ["refused", "timed out"][second as usize % 2];
            assert_eq!(rhythm.troubled(why, start, start + second * SECOND), None);
        }
    }

    #[test]
    fn what_comes_and_goes_is_told_as_that_and_not_as_pairs() {
        let (mut rhythm, start) = (FlapFilter::default(), Instant::now());
        let mut told = Vec::new();
        for second in 0..=90 {
            let now = start + second * SECOND;
            let beat = if second / 2 % 2 == 0 {
                rhythm.troubled("no ack", now, now)
            } else {
                rhythm.well(now)
            };
            told.extend(beat.map(|beat| (second, beat)));
        }
        let again = Notice::StillAgain { lasted: 64 * SECOND, times: 17 };
        let over = Notice::Over { lasted: 2 * SECOND };
        assert_eq!(told, [(0, Notice::First), (2, over), (4, Notice::Again), (64, again)]);
        let end = start + 91 * SECOND;
        assert_eq!(rhythm.well(end), None);
        assert_eq!(rhythm.well(end + EVERY), Some(Notice::OverForGood { times: 23 }));
        assert_eq!(rhythm.troubled("no ack", end, end + EVERY), Some(Notice::First));
    }
}
