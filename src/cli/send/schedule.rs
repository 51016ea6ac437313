//! When posts are due: a plain value, which is told what time it is.
//!
//! Promise: without a rate a post is due when somebody is free for it; with one, each is due at its
//! time, whatever became of those before. What was due in time and found nobody free is still sent
//! for [`OVERTIME`], and then given up and counted.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

/// A run at the edge of what a bridge can take falls behind by less; one beyond it would never end.
const OVERTIME: Duration = Duration::from_secs(2);
/// A pause of the machine that is not held against a rate.
const PAUSE: Duration = Duration::from_millis(100);

/// What was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plan {
    /// Posts; no limit but the time where there is none.
    pub(super) count: Option<NonZeroU64>,
    pub(super) duration: Option<Duration>,
    /// Posts a second.
    pub(super) rate: Option<f64>,
}

/// A post that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DuePost {
    /// From 0 on.
    pub(super) number: u64,
    pub(super) due: Instant,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Schedule {
    plan: Plan,
    begin: Instant,
    taken: u64,
    /// When the last one was taken.
    last: Instant,
}

impl Schedule {
    /// Begins now.
    pub(super) fn new(plan: Plan, begin: Instant) -> Self {
        Self { plan, begin, taken: 0, last: begin }
    }

    /// The next post, which may be due later than `now`; none at the end.
    pub(super) fn next(&self, now: Instant) -> Option<DuePost> {
        if self.plan.count.is_some_and(|count| self.taken >= count.get()) {
            return None;
        }
        let due = match self.plan.rate {
            Some(rate) => self.begin + Duration::from_secs_f64(self.taken as f64 / rate),
            None => now,
        };
        if let Some(duration) = self.plan.duration {
            let end = self.begin + duration;
            if due >= end || now >= end + OVERTIME {
                return None;
            }
        }
        Some(DuePost { number: self.taken, due })
    }

    /// The next post is taken.
    pub(super) fn take(&mut self, now: Instant) {
        self.taken += 1;
        self.last = now;
    }

    /// What was asked for.
    pub(super) fn plan(&self) -> Plan {
        self.plan
    }

    /// Posts that were taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// All posts of the plan, where that is known.
    pub(super) fn all(&self) -> Option<u64> {
        let due = self.plan.duration.zip(self.plan.rate).map(|(duration, rate)| {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a million a second for a day are 37 bits"
            )]
            let due = (duration.as_secs_f64() * rate).ceil() as u64;
            due
        });
        let count = self.plan.count.map(NonZeroU64::get);
        due.into_iter().chain(count).min()
    }

    /// Posts that were due within this time, where each has its time; those of the last moment may be
    /// on their way to a connection.
    pub(super) fn due_within(&self, time: Duration) -> Option<u64> {
        let time = time.saturating_sub(PAUSE).as_secs_f64();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a million a second for a day are 37 bits"
        )]
        let due = (time * self.plan.rate?) as u64 + 1;
        Some(self.all().map_or(due, |all| all.min(due)))
    }

    /// How far it is, from 0 to 1.
    pub(super) fn share(&self, now: Instant) -> f64 {
        let posts = self.all().map_or(0.0, |all| self.taken as f64 / all as f64);
        let time = self.plan.duration.filter(|_| self.plan.rate.is_none()).map_or(0.0, |all| {
            now.saturating_duration_since(self.begin).as_secs_f64() / all.as_secs_f64()
        });
        posts.max(time).min(1.0)
    }

    /// Whether posts were sent at the rate that was asked for.
    pub(super) fn kept_up(&self) -> bool {
        let Some(rate) = self.plan.rate else { return true };
        let last_due = Duration::from_secs_f64(self.taken.saturating_sub(1) as f64 / rate);
        // A fiftieth: what is less is noise to a run of seconds.
        self.last.saturating_duration_since(self.begin) <= last_due + last_due / 50 + PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn taken(schedule: &mut Schedule, now: Instant) -> u64 {
        let mut count = 0;
        while schedule.next(now).is_some_and(|post| post.due <= now) {
            schedule.take(now);
            count += 1;
        }
        count
    }

    #[test]
    fn posts_are_due_at_their_times_whatever_became_of_those_before() {
        let plan = Plan { rate: Some(10.0), duration: Some(SECOND), ..Plan::default() };
        let begin = Instant::now();
        let mut schedule = Schedule::new(plan, begin);
        assert_eq!(taken(&mut schedule, begin), 1);
        assert_eq!(taken(&mut schedule, begin + SECOND / 2), 5);
        // An end at this moment owes nothing.
        assert_eq!((schedule.taken(), schedule.due_within(SECOND / 2)), (6, Some(5)));
        assert!(schedule.kept_up());
        // What was due in time is still sent, and nothing else.
        assert_eq!(taken(&mut schedule, begin + SECOND + OVERTIME / 2), 4);
        assert_eq!((schedule.all(), schedule.taken()), (Some(10), 10));
        assert!(!schedule.kept_up());
    }

    #[test]
    fn what_is_late_for_too_long_is_given_up() {
        let plan = Plan { rate: Some(10.0), duration: Some(SECOND), ..Plan::default() };
        let begin = Instant::now();
        let mut schedule = Schedule::new(plan, begin);
        assert_eq!(taken(&mut schedule, begin), 1);
        assert_eq!(schedule.next(begin + SECOND + OVERTIME), None);
    }

    #[test]
    fn without_a_rate_the_count_or_the_time_ends_it() {
        let begin = Instant::now();
        let plan = Plan { count: NonZeroU64::new(3), duration: Some(SECOND), rate: None };
        let mut schedule = Schedule::new(plan, begin);
        assert_eq!(schedule.next(begin + SECOND), None);
        assert_eq!(taken(&mut schedule, begin), 3);
        assert_eq!(schedule.next(begin), None);
        assert!((schedule.share(begin) - 1.0).abs() < f64::EPSILON);
    }
}
