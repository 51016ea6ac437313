//! Which refusals and dead letters the log names, and how loudly.
//!
//! Promise: a few lines a minute for each outcome, however many posts are refused, and none is left
//! out uncounted: what has no line is summed up, once its minute is over or when the bridge stops.
//! Posts that name no user of the credentials file, which anybody can send, do not use up the lines of
//! those that do. A refusal that is left out costs a lock and an addition, and no memory. It knows no
//! clock: it gets the time.

use crate::lock::Lock;
use crate::metrics::Outcome;
use std::mem;
use std::time::{Duration, Instant};

/// Enough to see what a sender does wrong, and for all outcomes and both origins together 160 lines a
/// minute.
const LINES: u32 = 5;
/// What they are lines in.
const WINDOW: Duration = Duration::from_secs(60);

/// The quota of each outcome and origin.
#[derive(Default)]
pub struct Refusals(Lock<Quotas>);

type Quotas = [[Quota; NamedUser::ALL.len()]; Outcome::ALL.len()];

/// Of one outcome and origin.
#[derive(Debug, Default, Clone, Copy)]
struct Quota {
    /// When its window began: with its first refusal.
    begun: Option<Instant>,
    logged: u32,
    left_out: u64,
}

/// Whether a refused post has named a user of the credentials file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedUser {
    /// One that the line names too.
    User,
    /// None, or one that is not in the file; or the user was not looked at.
    Nobody,
}

impl NamedUser {
    const ALL: [Self; 2] = [Self::User, Self::Nobody];

    fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Nobody => "nobody",
        }
    }
}

/// Whose fault a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtFault {
    /// Logged at `info`.
    Sender,
    /// Ours, or Kafka's; logged at `warn`.
    Bridge,
    /// The sender's or the contract's, and the post is kept; logged at `info`.
    Invalid,
}

impl Refusals {
    /// Whether this refusal has a line; with it, how many were left out before it.
    pub(super) fn admit(&self, outcome: Outcome, named: NamedUser, now: Instant) -> Option<u64> {
        self.0.lock()[outcome as usize][named as usize].admit(now)
    }

    /// Sums up what was left out in windows that are over.
    pub fn sum_up(&self, now: Instant) {
        self.sum_up_where(|quota| !quota.is_open(now));
    }

    /// Sums up all that was left out.
    pub fn sum_up_all(&self) {
        self.sum_up_where(|_| true);
    }

    fn sum_up_where(&self, due: impl Fn(&Quota) -> bool) {
        let outcomes = Outcome::ALL.iter().copied();
        let all = outcomes.flat_map(|outcome| NamedUser::ALL.map(|named| (outcome, named)));
        for (outcome, named) in all {
            let mut quotas = self.0.lock();
            let quota = &mut quotas[outcome as usize][named as usize];
            let left_out = if due(quota) { mem::take(&mut quota.left_out) } else { 0 };
            drop(quotas);
            if left_out > 0 {
                sum_up(outcome, named, left_out);
            }
        }
    }
}

impl Quota {
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if !self.is_open(now) {
            (self.begun, self.logged) = (Some(now), 0);
        }
        if self.logged == LINES {
            self.left_out += 1;
            return None;
        }
        self.logged += 1;
        Some(mem::take(&mut self.left_out))
    }

    fn is_open(&self, now: Instant) -> bool {
        self.begun.is_some_and(|begun| now.saturating_duration_since(begun) < WINDOW)
    }
}

fn sum_up(outcome: Outcome, named: NamedUser, left_out: u64) {
    macro_rules! line {
        ($level:ident, $words:literal) => {
            tracing::$level!(outcome = outcome.as_str(), named = named.as_str(), left_out, $words)
        };
    }
    match at_fault(outcome) {
        None => {}
        Some(AtFault::Sender) => line!(info, "more posts were refused"),
        Some(AtFault::Bridge) => line!(warn, "more posts were refused"),
        Some(AtFault::Invalid) => line!(info, "more posts were kept as dead letters"),
    }
}

/// Whose fault an outcome is; `None` where it is none.
pub(super) fn at_fault(outcome: Outcome) -> Option<AtFault> {
    match outcome {
        Outcome::Published | Outcome::Spooled => None,
        Outcome::DeadLettered => Some(AtFault::Invalid),
        Outcome::Overloaded | Outcome::Unavailable | Outcome::RecordRefused => {
            Some(AtFault::Bridge)
        }
        Outcome::NotFound
        | Outcome::MethodNotAllowed
        | Outcome::Unauthorized
        | Outcome::UnsupportedEncoding
        | Outcome::TooLarge
        | Outcome::TooSlow
        | Outcome::IncompleteBody
        | Outcome::InvalidHead
        | Outcome::MalformedJson
        | Outcome::NotAnObject
        | Outcome::RepeatedField
        | Outcome::UnknownEvent
        | Outcome::InvalidNotification
        | Outcome::ForbiddenApp => Some(AtFault::Sender),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_of_a_flood_are_logged_and_the_rest_counted_later() {
        let (refusals, begun) = (Refusals::default(), Instant::now());
        let admit = |now| refusals.admit(Outcome::Unauthorized, NamedUser::Nobody, now);
        let first: Vec<_> = (0..1000).map(|n| admit(begun + WINDOW / 2000 * n)).collect();
        assert!(first[..5].iter().all(|left_out| *left_out == Some(0)));
        assert!(first[5..].iter().all(Option::is_none));
        assert_eq!(admit(begun + WINDOW), Some(995));
        assert_eq!(admit(begun + WINDOW), Some(0));
    }

    #[test]
    fn the_quota_of_an_outcome_and_of_an_origin_is_its_own() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        for _ in 0..2 * LINES {
            refusals.admit(Outcome::Unauthorized, NamedUser::Nobody, now);
        }
        assert_eq!(refusals.admit(Outcome::NotFound, NamedUser::Nobody, now), Some(0));
        assert_eq!(refusals.admit(Outcome::Unauthorized, NamedUser::User, now), Some(0));
        assert_eq!(refusals.admit(Outcome::Unauthorized, NamedUser::Nobody, now), None);
    }

    #[test]
    fn what_was_summed_up_is_not_counted_again() {
        let (refusals, begun) = (Refusals::default(), Instant::now());
        let refuse = |times: u32, now| {
            let admit = || refusals.admit(Outcome::TooSlow, NamedUser::User, now);
            let logged = (0..times).filter(|_| admit().is_some());
            assert_eq!(logged.count(), LINES as usize);
        };
        let left_out =
            || refusals.0.lock()[Outcome::TooSlow as usize][NamedUser::User as usize].left_out;
        refuse(LINES + 2, begun);
        refusals.sum_up(begun);
        assert_eq!(left_out(), 2);
        refusals.sum_up(begun + WINDOW);
        assert_eq!(left_out(), 0);
        refuse(LINES + 3, begun + WINDOW);
        refusals.sum_up_all();
        assert_eq!(left_out(), 0);
    }
}
