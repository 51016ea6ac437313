//! What came of all posts, counted.
//!
//! Promise: its size is bounded, however many posts there are and whatever is answered.

use crate::cli::ledger::ACCEPTED;
use crate::cli::send::post_result::PostResult;
use hdrhistogram::Histogram;
use http::StatusCode;
use std::collections::BTreeMap;
use std::time::Duration;

/// Different answers that are told apart: a bridge has twenty.
const MOST_ANSWERS: usize = 50;
/// In the place of the code of all others.
const OTHERS: &str = "others";
/// Of a percentile: a thousandth of it.
const DIGITS: u8 = 3;

/// See the module.
pub(super) struct Tally {
    /// All but the accepted ones.
    others: BTreeMap<(Option<u16>, String), AnswerCount>,
    /// In microseconds, of the posts that were answered.
    latencies: Histogram<u64>,
    longest: Duration,
    posts: u64,
    accepted: u64,
}

/// Posts with the same answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AnswerCount {
    pub(super) posts: u64,
    /// What the first of them was told.
    pub(super) detail: Option<String>,
}

/// How long answers took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Latencies {
    /// Half of them took no longer.
    pub(super) p50: Duration,
    /// Nine of ten.
    pub(super) p90: Duration,
    /// 99 of a hundred.
    pub(super) p99: Duration,
    /// All.
    pub(super) max: Duration,
}

impl Tally {
    /// Of nothing yet.
    pub(super) fn new() -> Self {
        Self {
            others: BTreeMap::new(),
            latencies: Histogram::new(DIGITS).expect("three digits are few enough"),
            longest: Duration::ZERO,
            posts: 0,
            accepted: 0,
        }
    }

    /// Takes in what came of a post, so long after it was due.
    pub(super) fn note(&mut self, result: &PostResult, latency: Duration) {
        self.posts += 1;
        let status = result.status.map(|status| status.as_u16());
        if result.is_accepted() {
            self.accepted += 1;
        } else {
            self.note_other(status, result);
        }
        if status.is_some() {
            let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            // It grows with what comes, up to some hundred KiB.
            self.latencies.record(micros).expect("it resizes itself");
            self.longest = self.longest.max(latency);
        }
    }

    fn note_other(&mut self, status: Option<u16>, result: &PostResult) {
        let mut key = (status, result.code.clone().into_owned());
        if self.others.len() >= MOST_ANSWERS && !self.others.contains_key(&key) {
            key = (None, OTHERS.to_owned());
        }
        let count = self.others.entry(key).or_default();
        count.posts += 1;
        if count.detail.is_none() {
            count.detail.clone_from(&result.detail);
        }
    }

    /// Posts that were sent, or could not be.
    pub(super) fn posts(&self) -> u64 {
        self.posts
    }

    /// Those that the bridge has.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// By status and code: the accepted ones, then the others.
    pub(super) fn answers(&self) -> Vec<(Option<u16>, String, AnswerCount)> {
        let accepted = AnswerCount { posts: self.accepted, detail: None };
        let accepted = (Some(StatusCode::OK.as_u16()), ACCEPTED.to_owned(), accepted);
        let others = self.others.iter();
        let others = others.map(|((status, code), count)| (*status, code.clone(), count.clone()));
        let all = [accepted].into_iter().chain(others);
        all.filter(|(_, _, count)| count.posts > 0).collect()
    }

    /// None if nothing was answered.
    pub(super) fn latencies(&self) -> Option<Latencies> {
        let at = |share| Duration::from_micros(self.latencies.value_at_quantile(share));
        (!self.latencies.is_empty()).then(|| Latencies {
            p50: at(0.5).min(self.longest),
            p90: at(0.9).min(self.longest),
            p99: at(0.99).min(self.longest),
            max: self.longest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(status: Option<u16>, code: &str) -> PostResult {
        let code = code.to_owned();
        let status = status.map(|status| StatusCode::from_u16(status).unwrap());
        let detail = Some(format!("detail of {code}"));
        PostResult { status, code: code.into(), detail, id: None }
    }

    #[test]
    fn percentiles_are_of_what_was_answered() {
        let mut tally = Tally::new();
        assert_eq!(tally.latencies(), None);
        for millis in 1..=100 {
            tally.note(&result(Some(200), ACCEPTED), Duration::from_millis(millis));
        }
        tally.note(&result(None, "broken"), Duration::from_secs(1000));
        let Latencies { p50, p90, p99, max } = tally.latencies().unwrap();
        for (found, millis) in [(p50, 50), (p90, 90), (p99, 99), (max, 100)] {
            let off = found.abs_diff(Duration::from_millis(millis));
            assert!(off <= Duration::from_micros(100), "{found:?} for {millis} ms");
        }
        assert_eq!((tally.posts(), tally.accepted()), (101, 100));
    }

    #[test]
    fn answers_are_bounded_whatever_the_other_side_says() {
        let mut tally = Tally::new();
        for number in 0..10_000 {
            tally.note(&result(Some(503), &number.to_string()), Duration::MAX);
        }
        assert_eq!(tally.answers().len(), MOST_ANSWERS + 1);
        assert_eq!(tally.answers().iter().map(|(_, _, count)| count.posts).sum::<u64>(), 10_000);
    }
}
